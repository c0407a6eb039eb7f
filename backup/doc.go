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
//
// # By hand
//
// A store can be read without this package, with tar(1) alone. The snapshot file
// names its root pack; the root names a segment for each directory; a segment
// has one line for each file, with the hash of its content. A line without
// "pack" means the pack that the line itself was read from.
//
//	cat snaps/0000000012                         # "root":{"id":"3f2a…
//	tar -xzOf packs/3f/3f2a… root | grep ssh     # {"dir":"/etc/ssh","segment":"91c0…","pack":"77ab…"}
//	tar -xzOf packs/77/77ab… o/91c0…             # {"path":"/etc/ssh/sshd_config",…,"sha256":"be04…","pack":"a1f6…"}
//	tar -xzOf packs/a1/a1f6… o/be04… > /root/sshd_config
package backup
