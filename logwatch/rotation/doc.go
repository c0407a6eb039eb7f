// Package rotation is the check that logs are rotated: what grows and is named by
// no configuration of logrotate or newsyslog, what a program goes on writing to
// although it was rotated away or deleted, and what others may read that they
// should not.
//
//	check := rotation.Rotation{Host: host.Local()}
//
// A finding brings the stanza that is missing. Each run of logrotate or newsyslog is
// an event, with its transaction (logrotate:@SECONDS, newsyslog:PID@DAY) as identity
// and, as evidence, its moment and the paths of the logs and copies that it touched:
// what explains a change of one of these files at that moment. The package rotates nothing, and
// does not run logrotate.
//
// # Design
//
// A log that has rotated copies is rotated by somebody, whoever that is: by a
// program of its own, as databases do. Only one without copies and without a
// stanza grows for ever.
//
// Who holds a file open for writing is asked of Linux's /proc, for the processes that
// see the folder of logs by the same mounts; elsewhere it stays unknown, and its scope
// is not covered. That a copy is still written to is known from its times: it changed
// later than the log in its place began. That logrotate names a log in its state says
// that it looked at it; that it rotated it, a copy that changed at that moment.
package rotation
