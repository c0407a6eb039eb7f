// Package backup keeps every version of a system's configuration: it copies
// what changed into a store, and lists, compares, verifies and restores what is
// there.
//
//	repo := backup.Repo{Store: dirstore.Dir("/var/lib/upkeep/backup")}
//	snap, changes, err := repo.Commit(ctx, backup.Source{Host: host.Local(), Paths: []string{"/etc"}})
//
// Config is the checker that does so at every run. The package is for
// configuration, some thousand small files; it does not split large files, and
// what is larger than 32 MiB is reported as not stored. It deletes nothing, and
// it does not keep extended attributes, ACLs, file flags and hard links.
//
// # Design
//
// A store holds two kinds of files, each written once and never changed:
//
//	packs/<hh>/<sha256>   gzip(tar): members o/<sha256 of content>, and at most one root
//	snaps/<seq>           one line of JSON and its checksum: the commit
//
// A pack is named by the SHA-256 of its file, so anybody can see that it is
// whole, also when its content will be encrypted. What a directory holds is an
// object as well, one line of JSON for each entry; the member root lists these
// objects. So a change costs its file, the list of its directory, and the root.
// The snapshot file names the pack that holds its root, every pack that it
// needs, and the hash of the snapshot before.
//
// The commit is the creation of the snapshot file, which exists whole or not at
// all, after all its packs are durable. A writer that is killed at any moment
// leaves nothing that hinders the next one. Opening a snapshot needs only its
// own file and packs: damage stays with the snapshots that refer to it.
//
// What could not be read is in the manifest with the reason, together with the
// content that was last known; it is never taken for deleted.
package backup
