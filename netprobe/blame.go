package netprobe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/netprobe/internal/wire"
)

// A Failure is an error with its verdict, for the scripts of probers.
type Failure struct {
	State    State
	Cause    Cause
	Code     int    // reply code of the protocol; zero: none
	Enhanced string // enhanced status code, such as "5.7.1"
	Detail   string // one sentence
}

// Error returns Detail.
func (f *Failure) Error() string { return f.Detail }

// Failf returns a failure that is Critical, or Unknown where the cause is of this side.
func Failf(cause Cause, format string, args ...any) *Failure {
	state := Critical
	if cause.Local() {
		state = Unknown
	}
	return &Failure{State: state, Cause: cause, Detail: fmt.Sprintf(format, args...)}
}

// Warnf returns a failure after which the service still counts as up.
func Warnf(cause Cause, format string, args ...any) *Failure {
	f := Failf(cause, format, args...)
	f.State = Warning
	return f
}

// A blame says which cause stands behind an error.
type blame struct {
	err   error
	cause Cause
}

func find(table []blame, err error) Cause {
	for _, b := range table {
		if errors.Is(err, b.err) {
			return b.cause
		}
	}
	return ""
}

// ours is the closed list of what can go wrong on this side while connecting.
var ours = []blame{
	{context.Canceled, LocalCancelled},
	{errors.ErrUnsupported, LocalUnsupported},
	{syscall.EMFILE, LocalResources},
	{syscall.ENFILE, LocalResources},
	{syscall.EADDRNOTAVAIL, LocalResources},
	{syscall.ENOBUFS, LocalResources},
	{syscall.ENOMEM, LocalResources},
	{syscall.EAFNOSUPPORT, LocalRoute},
	{io.EOF, LocalUnsupported}, // the way by which a dialler of the caller's connects has ended
	{net.ErrClosed, LocalUnsupported},
}

// routing is what both this system and a router on the way can say; which of
// them it was shows whether there is a route here.
var routing = []blame{
	{syscall.ENETUNREACH, LocalRoute},
	{syscall.EHOSTUNREACH, LocalRoute},
	{syscall.EHOSTDOWN, LocalRoute},
	{syscall.EINVAL, LocalRoute}, // a black hole in the own table
	{os.ErrPermission, LocalDenied},
}

// theirs is what the other side does to a connection.
var theirs = []blame{
	{wire.ErrOversize, ProtoOversize},
	{wire.ErrSlow, ProtoSlow},
	{syscall.ECONNREFUSED, NetRefused},
	{syscall.ECONNRESET, NetReset},
	{syscall.EPIPE, NetReset},
	{syscall.ECONNABORTED, NetReset},
	{syscall.EHOSTUNREACH, NetUnreachable},
	{syscall.ENETUNREACH, NetUnreachable},
	{io.EOF, NetEOF},
	{io.ErrUnexpectedEOF, NetEOF},
	{net.ErrClosed, NetEOF},
	{io.ErrClosedPipe, NetEOF},
}

// resolving names the cause of an error of the resolver: that a name does not
// exist is an answer, and all else is only that this side has none.
func resolving(err error) Cause {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound && !dns.IsTemporary && !dns.IsTimeout {
		return DNSNotFound
	}
	return LocalResolver
}

// connecting names the cause of an error while connecting. route tells what this
// system says of the way to the address, without sending anything.
func connecting(err error, route func() error) Cause {
	var dns *net.DNSError
	var call *os.SyscallError
	switch {
	case errors.As(err, &dns):
		return resolving(err)
	case errors.As(err, &call) && call.Syscall == "socket" && errors.Is(err, os.ErrPermission):
		return LocalDenied
	case timedOut(err):
		return NetTimeout
	}
	if c := find(ours, err); c != "" {
		return c
	}
	if c := find(routing, err); c != "" {
		if route() == nil {
			return NetUnreachable
		}
		return c
	}
	return cmp.Or(find(theirs, err), NetFailed)
}

// shaking names the cause of an error in a handshake.
func shaking(err error) Cause {
	var injected wire.Injected
	switch {
	case errors.As(err, &injected):
		return ProtoInjection
	case timedOut(err):
		return TLSTimeout
	}
	return cmp.Or(find(theirs, err), TLSHandshake)
}

// CauseOf names the cause of an error once the connection stands.
func CauseOf(err error) Cause {
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case timedOut(err):
		return ProtoTimeout
	case errors.As(err, &op) && op.Op == "remote error":
		return TLSAlert
	case errors.As(err, &header), errors.As(err, &op) && op.Op == "local error", strings.HasPrefix(err.Error(), "tls: "):
		return TLSBroken
	}
	return cmp.Or(find(theirs, err), NetFailed)
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, wire.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// alertOf returns the number of the TLS alert that the peer sent; zero: none.
func alertOf(err error) int {
	var op *net.OpError
	number := 0
	if errors.As(err, &op) && op.Op == "remote error" {
		// The alert is an unexported number, which %d prints as such.
		fmt.Sscanf(fmt.Sprintf("%d", op.Err), "%d", &number) //nolint:errcheck // zero: none
	}
	return number
}
