package netprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// A Cause says why a transaction was not fine: a group, a dot, and a word.
type Cause string

// The causes. Those of the group "local" say nothing about the service.
const (
	LocalCancelled   Cause = "local.cancelled"   // the caller's context ended
	LocalConfig      Cause = "local.config"      // the prober's own fields are wrong
	LocalResources   Cause = "local.resources"   // no descriptor, port or memory here
	LocalRoute       Cause = "local.route"       // no route from here
	LocalResolver    Cause = "local.resolver"    // the resolver here gave no answer
	LocalRoots       Cause = "local.roots"       // no list of certificate authorities here
	LocalUnsupported Cause = "local.unsupported" // this host value cannot connect
	LocalDenied      Cause = "local.denied"      // the system here forbids it
	LocalError       Cause = "local.error"       // anything else on this side

	DNSNotFound Cause = "dns.nxdomain" // the name does not exist

	NetRefused     Cause = "net.refused"
	NetTimeout     Cause = "net.timeout"
	NetUnreachable Cause = "net.unreachable" // a router, or nobody, says that the host is not there
	NetReset       Cause = "net.reset"
	NetEOF         Cause = "net.eof" // closed before the reply was complete

	TLSTimeout   Cause = "tls.timeout"
	TLSHandshake Cause = "tls.handshake" // the peers could not agree
	TLSExpired   Cause = "tls.expired"
	TLSExpiring  Cause = "tls.expiring"
	TLSNotYet    Cause = "tls.not_yet"
	TLSHostname  Cause = "tls.hostname" // the certificate is for other names
	TLSChain     Cause = "tls.chain"    // no known authority stands behind it

	StartTLSMissing Cause = "starttls.missing"

	ProtoReject    Cause = "proto.reject"    // a definite refusal, such as 554
	ProtoDefer     Cause = "proto.defer"     // not now, such as 421
	ProtoTimeout   Cause = "proto.timeout"   // connected, and no complete reply in time
	ProtoOversize  Cause = "proto.oversize"  // more than any sane reply
	ProtoSyntax    Cause = "proto.syntax"    // not the protocol
	ProtoInjection Cause = "proto.injection" // plain text behind the reply to STARTTLS
	ProtoBareLF    Cause = "proto.bare_lf"   // lines end without CR
)

// Group is what stands before the dot: local, dns, net, tls, starttls or proto.
func (c Cause) Group() string {
	group, _, _ := strings.Cut(string(c), ".")
	return group
}

// Local reports whether c is of this side: no vote on the service.
func (c Cause) Local() bool { return c.Group() == "local" }

// Transient reports whether the next attempt may well succeed.
func (c Cause) Transient() bool {
	switch c {
	case NetTimeout, NetUnreachable, NetReset, NetEOF, TLSTimeout, ProtoTimeout, ProtoDefer:
		return true
	}
	return false
}

// Definite reports whether the service itself has given its answer, so that
// waiting would not change it.
func (c Cause) Definite() bool { return c != "" && !c.Local() && !c.Transient() }

// wrongLanguage reports whether the service may be one of another protocol.
func (c Cause) wrongLanguage() bool {
	switch c {
	case ProtoSyntax, ProtoOversize, ProtoTimeout, TLSHandshake, TLSTimeout:
		return true
	}
	return false
}

// failure is an error whose cause is already known.
type failure struct {
	state    State
	cause    Cause
	code     int
	enhanced string
	detail   string
}

func (f *failure) Error() string { return f.detail }

func fail(cause Cause, format string, args ...any) *failure {
	return &failure{state: Critical, cause: cause, detail: fmt.Sprintf(format, args...)}
}

var (
	errExpired  = errors.New("no complete answer in time")
	errOversize = errors.New("the answer is longer than any sane one")
)

// timeouts gives the cause of errExpired in each phase.
func timeoutIn(phase Phase) Cause {
	switch phase {
	case PhaseConnect:
		return NetTimeout
	case PhaseTLS:
		return TLSTimeout
	}
	return ProtoTimeout
}

// failureOf classifies an error that ended a phase.
func failureOf(phase Phase, err error) *failure {
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	cause := causeOf(phase, err)
	f := fail(cause, "%s: %v", phase, err)
	if cause.Local() {
		f.state = Unknown
	}
	return f
}

// errnoCauses is searched in order with errors.Is.
var errnoCauses = []struct {
	err   error
	cause Cause
}{
	{errExpired, ""}, // by phase
	{errOversize, ProtoOversize},
	{context.Canceled, LocalCancelled},
	{errors.ErrUnsupported, LocalUnsupported},
	{syscall.ECONNREFUSED, NetRefused},
	{syscall.ECONNRESET, NetReset},
	{syscall.EPIPE, NetReset},
	{syscall.ECONNABORTED, NetReset},
	{syscall.EHOSTUNREACH, NetUnreachable},
	{syscall.EHOSTDOWN, NetUnreachable},
	{syscall.ENETUNREACH, LocalRoute},
	{syscall.EAFNOSUPPORT, LocalRoute},
	{syscall.EMFILE, LocalResources},
	{syscall.ENFILE, LocalResources},
	{syscall.EADDRNOTAVAIL, LocalResources},
	{syscall.ENOBUFS, LocalResources},
	{syscall.ENOMEM, LocalResources},
	{os.ErrPermission, LocalDenied},
	{io.EOF, NetEOF},
	{io.ErrUnexpectedEOF, NetEOF},
	{net.ErrClosed, NetEOF},
	{io.ErrClosedPipe, NetEOF},
}

func causeOf(phase Phase, err error) Cause {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		if dns.IsNotFound && !dns.IsTemporary {
			return DNSNotFound
		}
		return LocalResolver
	}
	for _, e := range errnoCauses {
		if errors.Is(err, e.err) {
			if e.cause == "" {
				return timeoutIn(phase)
			}
			return e.cause
		}
	}
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return timeoutIn(phase)
	case phase == PhaseTLS:
		return TLSHandshake
	}
	return LocalError
}
