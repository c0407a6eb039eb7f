package netprobe

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TCP connects and, where told what to say and to expect, holds a dialogue. It
// serves every protocol in which the server speaks first and one line tells
// enough, and those that a few Steps can speak.
//
// A mail server logs it as an error when somebody only connects: at the
// well-known ports of such servers a TCP that expects nothing waits for the
// greeting, up to half of its time, and takes its leave as that protocol does.
type TCP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     Net

	TLS    bool // begin with a handshake
	Policy TLSPolicy
	Expect []string // the greeting must begin with one of these; none: see Steps
	Steps  []Step   // what comes then
	Quit   string   // line to say goodbye with; "": just close
}

// Probe makes one transaction.
func (p TCP) Probe(ctx context.Context) Result {
	return Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}.Probe(ctx)
}

func (p TCP) script(s *Exchange) error {
	if p.TLS {
		if err := s.TLS(); err != nil {
			return err
		}
	}
	if len(p.Expect) == 0 && len(p.Steps) == 0 {
		return p.bare(s)
	}
	if len(p.Expect) > 0 {
		if err := s.Step(PhaseBanner, func() error { return p.greeting(s) }); err != nil {
			return err
		}
	}
	for _, step := range p.Steps {
		if err := step.run(s); err != nil {
			return err
		}
	}
	if p.Quit != "" {
		s.Leave(p.Quit)
	}
	return nil
}

func (p TCP) greeting(s *Exchange) error {
	line, err := s.wire.ReadLine()
	if err != nil {
		return err
	}
	s.Fact("banner", string(line))
	for _, want := range p.Expect {
		if strings.HasPrefix(string(line), want) {
			return nil
		}
	}
	quoted := make([]string, len(p.Expect))
	for i, want := range p.Expect {
		quoted[i] = strconv.Quote(want)
	}
	return Failf(ProtoSyntax, "the greeting is %.200q, expected was %s", line, strings.Join(quoted, " or "))
}

// talkers are the ports of servers that speak first and complain of clients that
// say nothing.
var talkers = []string{"21", "25", "110", "143", "465", "587", "993", "995", "2525", "4190"}

func (p TCP) bare(s *Exchange) error {
	if _, port, _ := net.SplitHostPort(p.Addr); !slices.Contains(talkers, port) {
		return nil
	}
	if port := s.at.Port(); (port == 465 || port == 993 || port == 995) && !p.TLS {
		return nil
	}
	s.wire.Within(s.script.Timeout/2, func() error { //nolint:errcheck // that it connects is the question
		line, err := s.wire.ReadLine()
		if err != nil {
			return err
		}
		s.Fact("banner", string(line))
		quit := "QUIT"
		if strings.HasPrefix(string(line), "*") || strings.HasPrefix(string(line), `"`) {
			quit = "a LOGOUT"
		}
		s.Leave(quit)
		return nil
	})
	return nil
}
