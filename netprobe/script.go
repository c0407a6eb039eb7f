package netprobe

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/internal/wire"
)

// A Script is the prober of a protocol: Run says and reads what belongs to it.
type Script struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means DefaultTimeout
	Net     Net
	Network string // "": tcp; or udp, icmp
	Policy  TLSPolicy
	Max     int      // bytes that may come; zero: 64 KiB
	Secrets []string // are kept out of transcript, facts and details
	Run     func(*Exchange) error
}

func (p Script) budget() wire.Budget {
	return wire.Budget{Total: p.Max, Line: min(p.Max, 64<<10), TLS: 2 * p.Max}
}

// Now returns the time by Net.
func (s *Exchange) Now() time.Time { return s.script.Net.now() }

// Context ends with the time of the whole probe.
func (s *Exchange) Context() context.Context { return s.ctx }

// Conn is the connection itself, below TLS and budgets.
func (s *Exchange) Conn() net.Conn { return s.wire.Raw() }

// Detach hands the connection to a library that reads in a goroutine of its own,
// which may outlast the probe. The Exchange reads no more then.
func (s *Exchange) Detach() net.Conn { return s.wire.Detach() }

// Secure is the TLS connection, or nil in plain text.
func (s *Exchange) Secure() *tls.Conn { return s.wire.TLS() }

// Write sends p.
func (s *Exchange) Write(p []byte) (int, error) { return s.wire.Write(p) }

// WriteLine sends a line and CR LF.
func (s *Exchange) WriteLine(line string) error { return s.wire.WriteLine(line) }

// Read reads what comes next, such as a datagram.
func (s *Exchange) Read(p []byte) (int, error) { return s.wire.Read(p) }

// ReadN reads n bytes, which are valid until the next call.
func (s *Exchange) ReadN(n int) ([]byte, error) { return s.wire.ReadN(n) }

// ReadLine reads a line without its end, valid until the next call.
func (s *Exchange) ReadLine() ([]byte, error) { return s.wire.ReadLine() }

// MaxLines is how many lines one answer may have.
func (s *Exchange) MaxLines() int { return s.wire.MaxLines() }
