// Package logstream is the reading loop of logs, written once: it follows a log
// file through every kind of rotation, or the systemd journal, reads the header
// of each line, resolves repeat lines, leaves out what is older than was asked
// for, and accounts for every line and byte.
//
//	in, err := logstream.Log{Host: h, Path: "/var/log/mail.log", Location: zone}.Resume(ctx, kept)
//	defer in.Close()
//	for {
//		batch, err := in.Next(ctx)
//		if err == io.EOF {
//			break // read to the end as it is now
//		}
//		for i := range batch.Records { // count them
//		}
//		in.Commit()
//	}
//	// Store in.Position() together with what was counted.
//
// Reading has two phases. Next delivers records; Commit says that what they
// were made into is complete, and moves Position and Account behind them. A
// caller that ends between the two gets the same records again at its next
// Resume from the position that it stored. Each caller keeps a position of its
// own: several may read one log.
//
// The package does not wait for new lines, does not judge them, and stores
// nothing.
//
// # Design
//
// The position has the line before as well: a repeat line at the front of the
// next reading means it, and its time decides the year of the line behind it.
package logstream
