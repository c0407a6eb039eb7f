// Package foreign watches backups that other programs make: are they made on
// time, are they as large as they use to be, is anything of them spoiled?
//
//	check := foreign.Backups{Host: host.Local(), Places: []foreign.Place{{Path: "/srv/backup/web1"}}}
//	result, err := suite.Collect(ctx, check)
//
// It knows the repositories of restic, borg, kopia, rsnapshot, rdiff-backup and
// duplicity, and folders of archives and dumps. It needs no key and no program, and
// changes nothing. A Place may lie in a bucket of S3, with s3store.Files.
//
// # Design
//
// How often a backup is made is learned from when it was made: what the place
// itself tells, and what earlier runs saw there. It is late after one and a half
// times the longest pause of the last week; so a job that rests at weekends is not
// late on Sundays.
//
// Whole is what its format proves: files that are named by their digest (restic,
// borg 2), checksums (borg 1, gzip, zip, bzip2, pg_dump's custom format), digests in
// clear lists (rdiff-backup, duplicity), last lines (pg_dump, mysqldump), lengths
// (tar, sqlite, xz, the packs of kopia). For files without a checksum the digest of a
// first look is remembered, of at most 2000 of a place: a content that is another
// under the same times is spoiled. Each run reads what is new and a
// part of the rest, so that all of it is read once in Days. The format of kopia was
// read in its documentation and source, not tried: no Debian has it.
package foreign
