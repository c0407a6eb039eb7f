package netprobe

import (
	"bytes"
	"context"
	"net"
	"time"
)

// SSH reads the identification of an SSH server (RFC 4253, section 4.2) and
// says its own. It exchanges no keys and logs in nowhere.
type SSH struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Now     func() time.Time // stamps the result; nil: time.Now
}

// Probe makes one transaction.
func (p SSH) Probe(ctx context.Context) Result {
	return target{addr: p.Addr, timeout: p.Timeout, dial: p.Dial, now: p.Now}.probe(ctx, func(s *session) error {
		return s.step(PhaseBanner, func() error { return identify(s) })
	})
}

// identify skips the lines that a server may send before its identification.
func identify(s *session) error {
	for range maxReplyLines {
		line, err := s.wire.readLine()
		if err != nil {
			return err
		}
		if s.res.Banner == "" {
			s.banner(line)
		}
		switch {
		case bytes.HasPrefix(line, []byte("SSH-2.0-")), bytes.HasPrefix(line, []byte("SSH-1.99-")):
			s.banner(line)
			return s.wire.writeLine("SSH-2.0-upkeep_probe")
		case bytes.HasPrefix(line, []byte("SSH-")):
			return fail(ProtoSyntax, "the server speaks %.80q, not SSH 2", line)
		case bytes.HasPrefix(line, []byte("Exceeded MaxStartups")), bytes.HasPrefix(line, []byte("Not allowed at this time")):
			f := fail(ProtoDefer, "the server is too busy: %.80q", line)
			f.state = Warning
			return f
		}
	}
	return fail(ProtoOversize, "no SSH identification within %d lines", maxReplyLines)
}
