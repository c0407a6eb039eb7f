// Package s3store keeps a backup in a bucket of a service that speaks S3.
//
//	store := &s3store.Store{Endpoint: "https://s3.example", Bucket: "backups", Prefix: "web1", Keys: keys}
//	repo := backup.Repo{Store: store, Keys: sealing, State: "/var/lib/upkeep/backup-state"}
//
// It asks for three things alone: to put an object that is not there, to get one,
// and to list. It deletes nothing, and its key needs no right to. Files shows a
// bucket of any kind as files, for those who read what others put there.
//
// # Design
//
// A file is created by a conditional PUT (If-None-Match: *), whose condition and
// content are signed: of two writers the service lets one win. A service that
// does not know conditions is refused by its answer, or, where it leaves them
// unread, by Create itself, which tries it once. Answers that say "later" are
// tried again, which is safe: a file that got there is the same file.
//
// That a bucket is not there is not that a file is not there: the first says
// nothing about the backup.
package s3store
