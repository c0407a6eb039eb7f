package netprobe

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"
)

// TCP connects and, where told what to expect, reads the greeting. It serves
// every protocol in which the server speaks first and one line tells enough,
// such as IMAP ("* OK") and POP3 ("+OK").
type TCP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Now     func() time.Time // for certificates; nil: time.Now

	TLS    bool // begin with a handshake
	Policy TLSPolicy
	Expect []string // the greeting must begin with one of these; none: only connect
	Quit   string   // line to say goodbye with; "": just close
}

// Probe makes one transaction.
func (p TCP) Probe(ctx context.Context) Result {
	return target{p.Addr, p.Timeout, p.Dial, p.Now, p.Policy}.probe(ctx, p.script)
}

func (p TCP) script(s *session) error {
	if p.TLS {
		if err := s.handshake(); err != nil {
			return err
		}
	}
	if len(p.Expect) == 0 {
		return nil
	}
	if err := s.step(PhaseBanner, func() error { return p.greeting(s) }); err != nil {
		return err
	}
	if p.Quit != "" {
		s.leave(p.Quit)
	}
	return nil
}

func (p TCP) greeting(s *session) error {
	line, err := s.wire.readLine()
	if err != nil {
		return err
	}
	s.banner(line)
	for _, want := range p.Expect {
		if strings.HasPrefix(string(line), want) {
			return nil
		}
	}
	quoted := make([]string, len(p.Expect))
	for i, want := range p.Expect {
		quoted[i] = strconv.Quote(want)
	}
	return fail(ProtoSyntax, "the greeting is %.200q, expected was %s", line, strings.Join(quoted, " or "))
}
