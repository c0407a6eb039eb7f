// Package syslog reads the front of log lines: time, host, program, process id
// and what is left, the message.
//
//	p := syslog.Parser{Reference: file.ModTime(), Location: zone}
//	h := p.Parse([]byte("Nov  2 03:04:05 web sshd[42]: Accepted publickey for anna"))
//	// h.Time, h.Host "web", h.Tag "sshd", h.PID "42", h.Message "Accepted …"
//
// It knows RFC 3164 with and without a year, ISO and RFC 3339 times, RFC 5424,
// a priority before any of them, the [ID …] of Solaris, the marks and repeat
// lines of BSD, rsyslog's repeat lines and the kernel's uptime. It never fails:
// a line that it does not recognise is all message. The header is taken from
// column 0 only; nothing inside a message is read as a header again. It does not
// read files, and does not decide what a message means.
//
// # Design
//
// All results are slices of the line, so that reading allocates nothing. A time
// that stands in the same minute as the one before is the cheap case.
package syslog
