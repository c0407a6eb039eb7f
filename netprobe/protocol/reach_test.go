package protocol_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// world is a network of the test's own: what a name resolves to, and what
// stands at an address.
type world struct {
	names map[string][]string
	err   error                     // of the resolver
	at    map[string]func(net.Conn) // by host:port
	fails map[string]error          // of connecting
	route map[string]error          // what the system says of the way
	wait  *sync.WaitGroup
}

func (w *world) net() netprobe.Net {
	w.wait = new(sync.WaitGroup)
	return netprobe.Net{
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			var out []netip.Addr
			for _, a := range w.names["mx.example"] {
				out = append(out, netip.MustParseAddr(a))
			}
			return out, w.err
		},
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if network == "udp" {
				client, server := net.Pipe()
				server.Close()
				return client, w.route[addr]
			}
			serve := w.at[addr]
			if err := w.fails[addr]; err != nil || serve == nil {
				if err == nil {
					<-ctx.Done() // a black hole
					err = ctx.Err()
				}
				return nil, &net.OpError{Op: "dial", Err: err}
			}
			client, server := net.Pipe()
			w.wait.Go(func() {
				defer server.Close()
				serve(server)
			})
			return named{client, addr}, nil
		},
	}
}

// named is a connection that knows where it goes.
type named struct {
	net.Conn
	addr string
}

func (n named) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(n.addr)) }

func good(c net.Conn) { (&netprobetest.SMTP{}).Serve(c, nil) }

const (
	one = "192.0.2.1:25"
	two = "[2001:db8::2]:25"
)

// The blame table: what this side lacks is never held against the service.
func TestEachFaultHasTheRightSideToBlame(t *testing.T) {
	both := map[string][]string{"mx.example": {"192.0.2.1", "2001:db8::2"}}
	refusedBy := func(err error) map[string]error { return map[string]error{one: err, two: err} }
	for name, c := range map[string]struct {
		world world
		state netprobe.State
		cause netprobe.Cause
		phase netprobe.Phase
	}{
		"own resolver silent":         {world{err: &net.DNSError{Err: "i/o timeout", IsTimeout: true, IsTemporary: true}}, netprobe.Unknown, netprobe.LocalResolver, netprobe.PhaseResolve},
		"own resolver refused":        {world{err: &net.DNSError{Err: "connection refused"}}, netprobe.Unknown, netprobe.LocalResolver, netprobe.PhaseResolve},
		"SERVFAIL":                    {world{err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}, netprobe.Unknown, netprobe.LocalResolver, netprobe.PhaseResolve},
		"no such name":                {world{err: &net.DNSError{Err: "no such host", IsNotFound: true}}, netprobe.Critical, netprobe.DNSNotFound, netprobe.PhaseResolve},
		"NODATA":                      {world{}, netprobe.Critical, netprobe.DNSNotFound, netprobe.PhaseResolve},
		"no route here":               {world{names: both, fails: refusedBy(syscall.ENETUNREACH), route: refusedBy(syscall.ENETUNREACH)}, netprobe.Unknown, netprobe.LocalRoute, netprobe.PhaseConnect},
		"prohibited here":             {world{names: both, fails: refusedBy(syscall.EACCES), route: refusedBy(syscall.EACCES)}, netprobe.Unknown, netprobe.LocalDenied, netprobe.PhaseConnect},
		"unreachable, says a router":  {world{names: both, fails: refusedBy(syscall.ENETUNREACH)}, netprobe.Critical, netprobe.NetUnreachable, netprobe.PhaseConnect},
		"prohibited, says a router":   {world{names: both, fails: refusedBy(syscall.EACCES)}, netprobe.Critical, netprobe.NetUnreachable, netprobe.PhaseConnect},
		"no such host on the network": {world{names: both, fails: refusedBy(syscall.EHOSTUNREACH)}, netprobe.Critical, netprobe.NetUnreachable, netprobe.PhaseConnect},
		"no descriptors":              {world{names: both, fails: refusedBy(syscall.EMFILE)}, netprobe.Unknown, netprobe.LocalResources, netprobe.PhaseConnect},
		"refused":                     {world{names: both, fails: refusedBy(syscall.ECONNREFUSED)}, netprobe.Critical, netprobe.NetRefused, netprobe.PhaseConnect},
		"black holes":                 {world{names: both}, netprobe.Critical, netprobe.NetTimeout, netprobe.PhaseConnect},
		"what nobody has listed":      {world{names: both, fails: refusedBy(syscall.EIO)}, netprobe.Critical, netprobe.NetFailed, netprobe.PhaseConnect},
		"no IPv6 here":                {world{names: both, at: map[string]func(net.Conn){one: good}, fails: map[string]error{two: syscall.ENETUNREACH}, route: map[string]error{two: syscall.ENETUNREACH}}, netprobe.OK, "", ""},
		"dead address beside a live":  {world{names: both, at: map[string]func(net.Conn){one: good}, fails: map[string]error{two: syscall.ECONNREFUSED}}, netprobe.Warning, netprobe.NetRefused, netprobe.PhaseConnect},
		"both addresses live":         {world{names: both, at: map[string]func(net.Conn){one: good, two: good}}, netprobe.OK, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				res := protocol.SMTP{Addr: "mx.example:25", Timeout: time.Second, Net: c.world.net()}.Probe(t.Context())
				c.world.wait.Wait()
				assert.Equal(t, c.state, res.State, res.Detail)
				assert.Equal(t, c.cause, res.Cause, res.Detail)
				assert.Equal(t, c.phase, res.Phase)
				assert.Len(t, res.Attempts, max(1, len(c.world.names["mx.example"])))
				if c.phase != netprobe.PhaseResolve {
					assert.Equal(t, netprobe.PhaseResolve, res.Phases[0].Phase)
				}
			})
		})
	}
}

func TestADeadAddressIsNamed(t *testing.T) {
	w := world{
		names: map[string][]string{"mx.example": {"192.0.2.1", "2001:db8::2"}},
		at:    map[string]func(net.Conn){one: good}, fails: map[string]error{two: syscall.ECONNREFUSED},
	}
	via := w.net()
	res := protocol.SMTP{Addr: "mx.example:25", Net: via}.Probe(t.Context())
	assert.Contains(t, res.Detail, "[2001:db8::2]:25: connect: ")
	assert.Equal(t, netip.MustParseAddrPort(one), res.Addr)
	require.Len(t, res.Attempts, 2)
	assert.Equal(t, []netprobe.State{netprobe.OK, netprobe.Critical}, []netprobe.State{res.Attempts[0].State, res.Attempts[1].State})
	via.All = true
	assert.Equal(t, netprobe.Critical, protocol.SMTP{Addr: "mx.example:25", Net: via}.Probe(t.Context()).State)
	via.Family = 4
	assert.Equal(t, netprobe.OK, protocol.SMTP{Addr: "mx.example:25", Net: via}.Probe(t.Context()).State)
	w.wait.Wait()
}

func TestAnErrorAfterTheConnectionStandsIsNeverOurs(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, syscall.EPERM, syscall.ENETUNREACH, syscall.EIO, syscall.ENOBUFS} {
		dial := func(context.Context, string, string) (net.Conn, error) { return broken{err}, nil }
		res := protocol.SMTP{Addr: "192.0.2.1:25", Net: netprobe.Net{Dial: dial}}.Probe(t.Context())
		assert.Equal(t, netprobe.Critical, res.State, "%v", err)
		assert.False(t, res.Cause.Local(), "%v: %s", err, res.Cause)
	}
}

// broken is a connection on which every read fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error)    { return 0, b.err }
func (b broken) Write(p []byte) (int, error) { return len(p), nil }
func (b broken) Close() error                { return nil }
func (b broken) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9)} }

func (b broken) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25} }
func (b broken) SetDeadline(time.Time) error      { return nil }
func (b broken) SetReadDeadline(time.Time) error  { return nil }
func (b broken) SetWriteDeadline(time.Time) error { return nil }

func TestTheGuardSeesTheAddressThatIsConnected(t *testing.T) {
	addr := listen(t, (&netprobetest.SMTP{}).Serve)
	for name, via := range map[string]netprobe.Net{
		"a literal": {Guard: netprobe.Public},
		"a dialler that knows names": {Guard: netprobe.Public, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}},
		"a connection without an address": {Guard: netprobe.Public, Dial: pipe(t, good)},
	} {
		target := "mx.example:25"
		if via.Dial == nil {
			target = addr
		}
		res := protocol.SMTP{Addr: target, Net: via}.Probe(t.Context())
		assert.Equal(t, netprobe.Unknown, res.State, name)
		assert.Equal(t, netprobe.LocalPolicy, res.Cause, name)
		assert.Empty(t, res.Transcript, name)
	}
}

// slowClock is a context whose time is up, and whose timer has not fired yet.
type slowClock struct{ context.Context }

func (slowClock) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

func TestACallersDeadlineThatTheConnectionNoticesFirstIsTheCallers(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
	res := protocol.SMTP{Addr: "192.0.2.1:25", Net: netprobe.Net{Dial: dial}}.Probe(slowClock{t.Context()})
	assert.Equal(t, netprobe.LocalCancelled, res.Cause, res.Detail)
	assert.Equal(t, netprobe.Unknown, res.State)
}
