// Package agekey has the keys of a backup: age encrypts its packs for one or
// several recipients, and an Ed25519 key of OpenSSH signs its snapshots.
//
//	folder := agekey.Folder{Dir: "/var/lib/upkeep/backup-keys"}
//	created, err := folder.Init() // makes what is missing
//	repo := backup.Repo{Store: store, Keys: folder.Keys()}
//
// A folder holds
//
//	recipients.txt   public keys, one a line, for whom packs are encrypted
//	identity.txt     the secret key of one of them, as age -i takes it
//	signing-key      the secret key that signs, as ssh-keygen -Y takes it
//	signing-key.pub  public keys that are trusted as signers, one a line
//
// A writer needs the recipients and the signing key alone: without identity.txt
// nobody on that machine can read what was stored, root included. Two recipients,
// such as the customer and the service, let each of them restore alone. Take
// identity.txt to another place and keep it there, on paper too: what is stored
// is lost without it.
package agekey
