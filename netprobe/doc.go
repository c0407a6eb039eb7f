// Package netprobe connects to network services as a client would and says
// whether they answer, how long each phase took, and if not, why not.
//
//	res := netprobe.TCP{Addr: "mx.example.org:25", Expect: []string{"220"}, Quit: "QUIT"}.Probe(ctx)
//	if res.State != netprobe.OK {
//		fmt.Println(res.State, res.Cause, res.Detail)
//	}
//
// Each protocol is a Prober: a struct that knows its target, does one bounded
// transaction and leaves politely. TCP serves what a few lines can ask; the
// protocols are in netprobe/protocol, and Script is for those of your own. A Parser
// makes probers of URLs such as "smtp://mx.example.org?starttls=required". Retry,
// Limit and Timed stand around a prober. The checker that probes what listens on
// a host is in netprobe/local.
//
// The package keeps no schedule, and sends no mail. It trusts nothing that a
// server says: every reply is read against a budget of bytes, lines and time. It
// trusts who writes the targets, unless a Parser is told that these are Strangers.
//
// # Design
//
// A Cause says whose fault it is, and where an error came up decides that. What
// happens on this side (no descriptors, no route, no answer of the own resolver,
// a cancelled context) is Local, from a closed list that holds while a name is
// resolved and while a connection is made; the state is then Unknown and never
// Critical, because a prober that cannot see has not seen a failure. Everything
// later is of the other side. "Unreachable" and "prohibited" are said both by
// this system and by routers far away: which of them it was shows whether this
// system has a route, which connecting a datagram socket tells without a packet.
// The end of the caller's context is a local cause; how long a service may take
// is the prober's Timeout.
//
// Every address of a name is tried by itself, at the same time. One that fails
// beside one that works is a Warning with its address.
//
// A certificate gets three verdicts: whether there is a chain to a known
// authority that is good now, whether the name is right, and how long that
// chain lasts. A chain that was good at another time names the certificate that
// is out of its time.
//
// Nothing that was observed is overwritten: a Result lists every Issue and every
// Attempt, and its State and Cause are those of the worst issue.
package netprobe
