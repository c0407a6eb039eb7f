// Package mta reads the lines that mail servers log: each is an Event, the same
// for all servers.
//
//	var e mta.Event
//	if mta.Parse(record, &e) && e.Kind == mta.Attempt && e.Outcome == mta.Bounced {
//		fmt.Printf("%s: %s\n", e.To, e.Detail)
//	}
//
// It knows Postfix, Exim, Sendmail, OpenSMTPD, qmail and Dovecot, a file each. A
// line is read by itself: which message an Event is about, and what it changes,
// is the question of package maillog.
//
// # Design
//
// Much of a line was chosen by others: a sender, a name, the reply of another
// server. So a line is read from the left by the grammar of the server that wrote
// it, a field ends where that server ends it, and free text is read no further.
package mta
