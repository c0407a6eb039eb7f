// Package rotation is the check that logs are rotated: what grows and is named by
// no configuration of logrotate or newsyslog, and what others may read that they
// should not.
//
//	check := rotation.Rotation{Host: host.Local()}
//
// A finding brings the stanza that is missing. The package rotates nothing, and
// does not run logrotate.
//
// # Design
//
// A log that has rotated copies is rotated by somebody, whoever that is: by a
// program of its own, as databases do. Only one without copies and without a
// stanza grows for ever.
package rotation
