package netprobe

import (
	"strings"
)

// A Cause says why a transaction was not fine: a group, a dot, and a word.
type Cause string

// The causes of this side. They say nothing about the service, and they are
// possible while a name is resolved and while a connection is made: what comes
// later is of the other side.
const (
	LocalCancelled   Cause = "local.cancelled"   // the caller's context ended
	LocalConfig      Cause = "local.config"      // the prober's own fields are wrong
	LocalPolicy      Cause = "local.policy"      // the guard forbids this address
	LocalResources   Cause = "local.resources"   // no descriptor, port or memory here
	LocalRoute       Cause = "local.route"       // no route from here
	LocalResolver    Cause = "local.resolver"    // the resolver here gave no answer
	LocalRoots       Cause = "local.roots"       // no list of certificate authorities here
	LocalUnsupported Cause = "local.unsupported" // this host value cannot connect
	LocalDenied      Cause = "local.denied"      // the system here forbids it
	LocalError       Cause = "local.error"       // the prober itself failed
)

// The causes of the other side.
const (
	DNSNotFound Cause = "dns.nxdomain" // the name does not exist, or has no address
	DNSRefused  Cause = "dns.refused"
	DNSServfail Cause = "dns.servfail"
	DNSTimeout  Cause = "dns.timeout"
	DNSLame     Cause = "dns.lame"  // the server is not responsible for the zone
	DNSBogus    Cause = "dns.bogus" // DNSSEC says that the answer is forged

	NetRefused     Cause = "net.refused"
	NetTimeout     Cause = "net.timeout"
	NetUnreachable Cause = "net.unreachable" // a router, or nobody, says that the host is not there
	NetReset       Cause = "net.reset"
	NetEOF         Cause = "net.eof"    // closed before the reply was complete
	NetFailed      Cause = "net.failed" // the connection failed in another way

	TLSTimeout         Cause = "tls.timeout"
	TLSHandshake       Cause = "tls.handshake"        // the peers could not agree
	TLSAlert           Cause = "tls.alert"            // the server ended TLS with an alert after the handshake
	TLSBroken          Cause = "tls.broken"           // what came inside TLS was no TLS
	TLSVersion         Cause = "tls.version"          // only versions that nobody should use any more
	TLSHelloIntolerant Cause = "tls.hello_intolerant" // only a small ClientHello is answered
	TLSExpired         Cause = "tls.expired"
	TLSExpiring        Cause = "tls.expiring"
	TLSNotYet          Cause = "tls.not_yet"
	TLSHostname        Cause = "tls.hostname" // the certificate is for other names
	TLSChain           Cause = "tls.chain"    // no known authority stands behind it
	TLSWeak            Cause = "tls.weak"     // its key or a signature is too weak
	TLSRevoked         Cause = "tls.revoked"  // the stapled answer of its authority says so
	TLSStaple          Cause = "tls.staple"   // the stapled answer is missing or out of date

	StartTLSMissing Cause = "starttls.missing"

	ProtoReject     Cause = "proto.reject"     // a definite refusal, such as 554
	ProtoDefer      Cause = "proto.defer"      // not now, such as 421
	ProtoTimeout    Cause = "proto.timeout"    // connected, and no complete reply in time
	ProtoSlow       Cause = "proto.slow"       // the reply came too slowly
	ProtoOversize   Cause = "proto.oversize"   // more than any sane reply
	ProtoSyntax     Cause = "proto.syntax"     // not the protocol
	ProtoUnexpected Cause = "proto.unexpected" // the protocol, and not what was asked to be there
	ProtoInjection  Cause = "proto.injection"  // plain text behind the reply to STARTTLS
	ProtoBareLF     Cause = "proto.bare_lf"    // lines end without CR
	ProtoLate       Cause = "proto.late"       // the transaction took longer than its limit
	ProtoClock      Cause = "proto.clock"      // a time server whose time is not to be trusted
	ProtoHostKey    Cause = "proto.hostkey"    // an SSH server with another key
)

// Group returns what stands before the dot: local, dns, net, tls, starttls or
// proto.
func (c Cause) Group() string {
	group, _, _ := strings.Cut(string(c), ".")
	return group
}

// Local reports whether c is of this side: no vote on the service.
func (c Cause) Local() bool { return c.Group() == "local" }

// Transient reports whether another try soon may go better.
func (c Cause) Transient() bool {
	switch c {
	case LocalCancelled, LocalResources, LocalRoute, LocalResolver,
		DNSServfail, DNSTimeout, NetTimeout, NetUnreachable, NetReset, NetEOF, NetFailed,
		TLSTimeout, TLSBroken, ProtoDefer, ProtoTimeout, ProtoSlow, ProtoLate:
		return true
	}
	return false
}
