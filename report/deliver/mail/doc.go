// Package mail sends a report as a mail: by an SMTP server, with TLS, or by the
// sendmail program of the machine.
//
//	body := func(w io.Writer, rep *report.Report) error { return text.Write(w, rep, text.Options{}) }
//	out := mail.SMTP{Host: "mail.example.net", User: "upkeep", Password: secret,
//		Message: mail.Message{From: "upkeep@example.net", To: []string{"ops@example.net"}, Text: body}}
//
// # Design
//
// A mail is a function of its report: the Message-ID comes from the report's ID,
// the date from its end, and the boundary from both. So an attempt that is repeated, since
// the answer of a server was lost, gives the same message, which mail servers and
// readers keep once. All mails of a customer's host refer to one root, and stand
// in one thread; each subject names the verdict, the day and the report's number, and
// is used once.
//
// Addresses are parsed, and header values are cleaned before they are encoded, so
// that no report adds a header, a part or a recipient. Without TLS nothing is
// sent but to this machine itself, and a password never.
package mail
