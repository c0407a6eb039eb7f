package netprobetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Dialer is the Dial field of a prober.
type Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// TestProber holds a prober to the contract: make gives one for an address, a
// timeout and a dialler. One that only connects, which its phases tell, promises
// nothing of what the server says then. The error joins every violation.
func TestProber(ctx context.Context, make func(addr string, timeout time.Duration, dial Dialer) netprobe.Prober) error {
	var errs []error
	for _, c := range []struct {
		name    string
		serve   Behaviour
		timeout time.Duration // that a sound prober does not need, but for one that is silent
		causes  []netprobe.Cause
	}{
		{"silent", Silent, 500 * time.Millisecond, []netprobe.Cause{netprobe.ProtoTimeout, netprobe.TLSTimeout}},
		{"hangup", Hangup, patience, []netprobe.Cause{netprobe.NetEOF, netprobe.NetReset}},
		{"reset", Reset, patience, []netprobe.Cause{netprobe.NetReset, netprobe.NetEOF}},
		{"one endless line", Endless("x"), patience, []netprobe.Cause{netprobe.ProtoOversize, netprobe.ProtoSyntax, netprobe.TLSHandshake}},
		{"endless lines", Endless("220-x\r\n"), patience, []netprobe.Cause{netprobe.ProtoOversize, netprobe.ProtoSyntax, netprobe.TLSHandshake}},
	} {
		if err := misbehave(ctx, c.serve, c.timeout, c.causes, make); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return errors.Join(append(errs, refused(ctx, make), localFaults(ctx, make), cancelled(ctx, make))...)
}

// patience is more than a probe of a server on this machine takes, however busy it is.
const patience = 20 * time.Second

func misbehave(ctx context.Context, serve Behaviour, timeout time.Duration, causes []netprobe.Cause, make func(string, time.Duration, Dialer) netprobe.Prober) error {
	srv, err := Listen(serve)
	if err != nil {
		return err
	}
	defer srv.Close()
	began := time.Now()
	res := make(srv.Addr(), timeout, nil).Probe(ctx)
	if took := time.Since(began); took > timeout+5*time.Second {
		return fmt.Errorf("took %v with a timeout of %v", took, timeout)
	}
	if onlyConnected(res) {
		return nil
	}
	return want(res, netprobe.Critical, causes...)
}

// onlyConnected reports whether res says that there was a connection, and that
// nothing else was asked.
func onlyConnected(res netprobe.Result) bool {
	return res.State == netprobe.OK && len(res.Phases) == 1 && res.Phases[0].Phase == netprobe.PhaseConnect
}

func refused(ctx context.Context, make func(string, time.Duration, Dialer) netprobe.Prober) error {
	srv, err := Listen(Hangup)
	if err != nil {
		return err
	}
	srv.Close()
	return want(make(srv.Addr(), patience, nil).Probe(ctx), netprobe.Critical, netprobe.NetRefused)
}

func localFaults(ctx context.Context, make func(string, time.Duration, Dialer) netprobe.Prober) error {
	var errs []error
	for _, fault := range []error{syscall.EMFILE, syscall.ENETUNREACH, errors.ErrUnsupported, &net.DNSError{Err: "try again", IsTemporary: true}} {
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, fault }
		res := make("192.0.2.1:25", time.Second, dial).Probe(ctx)
		if res.State != netprobe.Unknown || !res.Cause.Local() {
			errs = append(errs, fmt.Errorf("local fault %v: %v %s, want unknown and a local cause", fault, res.State, res.Cause))
		}
	}
	return errors.Join(errs...)
}

func cancelled(ctx context.Context, make func(string, time.Duration, Dialer) netprobe.Prober) error {
	srv, err := Listen(Silent)
	if err != nil {
		return err
	}
	defer srv.Close()
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if res := make(srv.Addr(), time.Minute, nil).Probe(ctx); !onlyConnected(res) {
		err = want(res, netprobe.Unknown, netprobe.LocalCancelled)
	}
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	err = errors.Join(err, want(make("192.0.2.1:25", time.Minute, hang).Probe(ctx), netprobe.Unknown, netprobe.LocalCancelled))
	if err != nil {
		return fmt.Errorf("the caller's context ended: %w", err)
	}
	return nil
}

func want(res netprobe.Result, state netprobe.State, causes ...netprobe.Cause) error {
	if res.State == state {
		for _, c := range causes {
			if res.Cause == c {
				return nil
			}
		}
	}
	return fmt.Errorf("got %v %s (%s), want %v and one of %v", res.State, res.Cause, res.Detail, state, causes)
}
