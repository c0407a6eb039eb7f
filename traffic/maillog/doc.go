// Package maillog makes the daily report of a mail server from its log: what
// was received, delivered, deferred, bounced and rejected, from and to whom,
// how much, how long it took, and why it failed.
//
//	stats := maillog.New(maillog.Options{})
//	reading, err := traffic.ReadFile(ctx, logstream.Log{Host: h, Path: "/var/log/mail.log"}, stats)
//	fmt.Println(stats.Totals().Delivered)
//
// It knows the servers that package mta reads the lines of: Postfix, Exim,
// Sendmail, OpenSMTPD, qmail and Dovecot. Stats makes messages and numbers of
// their events, and reads a file by several goroutines. Mail is the checker on top.
//
// It does not read message texts, and stores no address unless it is asked for
// tables. Package pflogsumm has the numbers of the program of that name.
//
// # Design
//
// A queue id is not the name of a message: servers use it again. So a message
// is an epoch of an id, which begins where the server says that it accepted a
// message, and ends where it says that the message is gone. Epochs outlive a
// run, so that the size of a message that was accepted yesterday is known for
// its delivery today.
//
// What needs no order is done in parts: an mta.Event becomes a step, with the hashes
// of the texts that are counted. Counting takes the steps in the order of the log,
// finds texts and epochs by their hash, and confirms them by their bytes.
//
// Where a message passes a content filter the server receives and delivers it
// twice. The delivery to the filter, which ends with "queued as" the second id,
// is counted as passed on, and what came back is not received again. Pflogsumm
// counts both; in that, in ids that were used again, and in names of further
// instances, the numbers differ.
package maillog
