package protocol

import (
	"context"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Sieve greets a ManageSieve server (RFC 5804), changes to TLS where asked to,
// and leaves with LOGOUT.
type Sieve struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	StartTLS StartTLS
	Policy   netprobe.TLSPolicy
}

// Probe makes one transaction.
func (p Sieve) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}.Probe(ctx)
}

func (p Sieve) script(s *netprobe.Exchange) error {
	if err := s.Step(netprobe.PhaseBanner, func() error { return p.greeting(s) }); err != nil {
		return err
	}
	err := p.upgrade(s)
	if err == nil || refused(s) {
		s.Leave("LOGOUT")
	}
	return err
}

// greeting reads the capabilities, which are the greeting; they come again after
// a handshake.
func (p Sieve) greeting(s *netprobe.Exchange) error {
	var caps []string
	for range s.MaxLines() {
		line, err := s.ReadLine()
		if err != nil {
			return err
		}
		text := string(line)
		word, rest, _ := strings.Cut(text, " ")
		switch {
		case strings.HasPrefix(text, `"`):
			name, value, _ := strings.Cut(text[1:], `"`)
			caps = append(caps, strings.TrimSpace(strings.ToUpper(name)+value))
			if strings.EqualFold(name, "IMPLEMENTATION") {
				s.Fact("banner", strings.Trim(strings.TrimSpace(value), `"`))
			}
		case strings.EqualFold(word, "OK"):
			s.Fact("capabilities", caps...)
			return nil
		case strings.EqualFold(word, "BYE"), strings.EqualFold(word, "NO"):
			return turnedAway(rest)
		default:
			return netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.200q, which is no answer of ManageSieve", text)
		}
	}
	return netprobe.Failf(netprobe.ProtoOversize, "an answer has more than %d lines", s.MaxLines())
}

func (p Sieve) upgrade(s *netprobe.Exchange) error {
	return upgrade(s, p.StartTLS, "STARTTLS", netprobe.PhaseBanner, func() error {
		if err := s.WriteLine("STARTTLS"); err != nil {
			return err
		}
		line, err := s.ReadLine()
		if err == nil && !strings.HasPrefix(strings.ToUpper(string(line)), "OK") {
			err = turnedAway(string(line))
		}
		return err
	}, func() error {
		return s.Step("capability", func() error { return p.greeting(s) })
	})
}
