// Package backup is the history of a system's configuration in a store, encrypted
// and signed: it lists, compares and verifies what is there.
//
//	keys := agekey.Folder{Dir: "/var/lib/upkeep/backup-keys", Create: true}.Keys()
//	repo := backup.Repo{Store: dirstore.Dir("/backup/web1"), Keys: keys, State: "/var/lib/upkeep/backup-state"}
//	changes, err := repo.Diff(ctx, 11, 12)
//
// Package commit adds to it and package restore brings it back; the checker that
// does so at every run is capture.Configuration. Nothing here deletes.
//
// # Design
//
// A store holds two kinds of files, each written once and never changed:
//
//	packs/<hh>/<sha256>   age(gzip(tar)): members o/<sha256 of content>, and at most one root
//	snaps/<seq>           one line of JSON and its signature by ssh-keygen -Y: the commit
//
// A pack is named by the SHA-256 of its file, so anybody sees that it is whole.
// What a directory holds is an object as well, one line of JSON for each entry,
// with the object of each directory in it; the member root has the line of "/"
// and those of what is no file. So a change costs its file, the lists of the
// directories above it, and the root. A line names a pack by its label; which
// pack that is stands in the snapshot file, with the hash of the snapshot before.
// A content of more than a megabyte is divided into parts, which a list names.
//
// The snapshot file is in clear, and has numbers and hashes but no name: a server
// without keys sees by it that a backup is fresh, whole and without a gap.
//
// The commit is the creation of the snapshot file, which exists whole or not at
// all, after all its packs are durable and were read back. A writer that is
// killed at any moment leaves nothing that hinders the next one. Opening a
// snapshot needs only its own file and packs: damage stays with the snapshots
// that refer to it.
//
// # By hand
//
// A store can be read without this package, with age, tar and gzip, sha256sum and
// ssh-keygen. A snapshot file names its packs by labels, root the one with the
// manifest; each line of a listing has the hash of its object and the label of
// the pack that holds it.
//
//	sed '/BEGIN SSH/,$d' snaps/0000000012 > head; sed -n '/BEGIN SSH/,$p' snaps/0000000012 > head.sig
//	ssh-keygen -Y verify -f allowed -I backup -n upkeep-backup -s head.sig < head
//	sha256sum packs/3f/3f2a…                                  # is its name
//	age -d -i identity.txt packs/3f/3f2a… | tar -xzO root     # {"name":"/",…,"sha256":"91c0…","pack":"5e1d.m0"}
//	age -d -i identity.txt packs/77/77ab… | tar -xzO o/91c0…  # {"name":"etc",…
//
// The file allowed has the line: backup, a blank, and the public key of the signer.
package backup
