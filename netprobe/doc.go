// Package netprobe connects to network services as a client would and says
// whether they answer, how long each phase took, and if not, why not.
//
//	res := netprobe.SMTP{Addr: "mx.example.org:25"}.Probe(ctx)
//	if res.State != netprobe.OK {
//		fmt.Println(res.State, res.Cause, res.Detail)
//	}
//
// TCP, SMTP, HTTP and SSH are Probers: structs that know their target. Each
// does one bounded transaction and leaves politely. Services is the checker
// that probes what listens on the observed host.
//
// The package does not retry, keeps no schedule, logs in nowhere, and sends no
// mail. It trusts nothing that a server says: every reply is read against a
// budget of bytes, lines and time.
//
// # Design
//
// A Cause says whose fault it is. What happened on this side (no descriptors,
// no route, no resolver, a cancelled context) is Local: the state is then
// Unknown and never Critical, because a prober that cannot see has not seen a
// failure. The end of the caller's context is such a local cause; how long a
// service may take is the prober's Timeout.
//
// What listens on all addresses of IPv4, of IPv6 or of both is one service for a
// reader, and is reported as one, at localhost; each address is probed and
// measured by itself.
//
// Nothing that was observed is overwritten: a Result lists every Issue, and
// its State and Cause are those of the worst.
package netprobe
