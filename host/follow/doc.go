// Package follow reads a growing log file, or the systemd journal, so that each
// line is delivered exactly once, through every kind of rotation.
//
//	r, err := follow.File{Host: h, Path: "/var/log/syslog"}.Resume(ctx, checkpoint)
//	defer r.Close()
//	for {
//		batch, err := r.Next(ctx)
//		if err == io.EOF {
//			break // read to the end as it is now
//		}
//		// use batch.Lines and batch.Notes, then take batch.Checkpoint
//	}
//
// A batch comes with the checkpoint that follows it. The caller stores it
// together with what it made of the lines; nothing is written here. A caller
// that dies before that gets the same lines again.
//
// The package does not wait for new lines, does not parse them, and never
// follows a link. It does not read zstd or xz archives by itself: see File.Openers and package unpack.
//
// # Design
//
// A file is known by its content at both ends of what was read: a hash of its
// head and a hash of the bytes just before the offset. Device and inode only
// order the candidates, because inodes are reused and copies have others.
// Offsets and hashes count decompressed bytes, so that reading goes on inside
// x.log.2.gz at the byte where it ended in x.log. The checkpoint leaves a
// generation only once a newer one has bytes, so that a writer which is late to
// reopen its log loses nothing; and what is added later to the generation that
// was left last is read as well, while it keeps its inode.
//
// A hole of a mebibyte or more at the beginning of a line is not read where the
// host knows where its files have data: it is a run of NULs that costs nothing.
//
// In the journal, the entry at the stored cursor is asked for again (--cursor)
// and must come first. With --after-cursor, journalctl 252 drops the first entry
// that is left when the one at the cursor was vacuumed, and says nothing.
package follow
