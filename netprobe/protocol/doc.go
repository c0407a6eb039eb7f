// Package protocol speaks the protocols that netprobe probes: one prober a
// protocol, a short script each.
//
//	res := protocol.SMTP{Addr: "mx.example.org:25"}.Probe(ctx)
//
// Parse makes one of a URL such as "smtp://mx.example.org?starttls=required";
// Schemes lists what there is. A prober does one transaction and leaves politely.
// None of them sends mail, begins a session that a server would log as an error,
// or gives away a password outside of verified TLS.
package protocol
