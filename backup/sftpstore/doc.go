// Package sftpstore keeps a backup store on another machine, by SFTP.
//
//	store := &sftpstore.Store{Dir: "/backup/web1", Dial: dial}
//
// Dial connects to a server, such as by running ssh -s backup@server sftp. The
// server needs nothing of ours: OpenSSH's own sftp-server is enough. The package
// changes no file and deletes none but its own temporary ones.
//
// # Design
//
// A file is written under tmp/, synced, and linked to its own name: a link never
// replaces, so of two writers one wins. Then its directory is synced: OpenSSH
// opens a directory for reading, and fsync@openssh.com on it is fsync(2). A server
// without that extension makes a store whose Durability is not stated. A call
// whose connection broke is made once more on a new one, which changes nothing
// that is there.
//
// Who may write by plain SFTP may also remove: a client that was broken into can
// delete its own backups. Let the server move them away, or take its snapshots.
package sftpstore
