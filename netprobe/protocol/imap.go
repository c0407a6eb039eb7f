package protocol

import (
	"context"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// IMAP greets a mailbox server (RFC 9051), changes to TLS and logs in where
// asked to, and leaves with LOGOUT.
type IMAP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	TLS      bool // begin with a handshake (port 993)
	StartTLS StartTLS
	Policy   netprobe.TLSPolicy
	User     string // logs in where it is not ""; inside verified TLS only
	Password netprobe.Secret
}

// Probe makes one transaction.
func (p IMAP) Probe(ctx context.Context) netprobe.Result {
	t := netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}
	if p.Password != "" {
		t.Secrets = []string{string(p.Password), quoted(string(p.Password))}
	}
	return t.Probe(ctx)
}

func (p IMAP) script(s *netprobe.Exchange) error {
	if p.TLS {
		if err := s.TLS(); err != nil {
			return err
		}
	}
	if err := s.Step(netprobe.PhaseBanner, func() error { return p.greeting(s) }); err != nil {
		return err
	}
	err := p.upgrade(s)
	if err == nil && p.User != "" {
		err = s.Step(netprobe.PhaseAuth, func() error { return p.login(s) })
	}
	if err == nil || s.Secure() != nil && s.Result.TLS != nil {
		s.Leave("a9 LOGOUT")
	}
	return err
}

func (p IMAP) greeting(s *netprobe.Exchange) error {
	line, err := s.ReadLine()
	if err != nil {
		return err
	}
	text := string(line)
	s.Fact("banner", text)
	switch word, rest, _ := strings.Cut(strings.TrimPrefix(text, "* "), " "); {
	case !strings.HasPrefix(text, "* "):
		return netprobe.Failf(netprobe.ProtoSyntax, "the greeting is %.200q, expected was \"* OK\" or \"* PREAUTH\"", text)
	case strings.EqualFold(word, "OK"):
		return nil
	case strings.EqualFold(word, "PREAUTH"):
		if p.StartTLS == Required && !p.TLS {
			return netprobe.Failf(netprobe.StartTLSMissing, "the server greets with PREAUTH, after which it cannot change to TLS")
		}
		return nil
	case strings.EqualFold(word, "BYE"):
		return turnedAway(rest)
	}
	return netprobe.Failf(netprobe.ProtoSyntax, "the greeting is %.200q, expected was \"* OK\" or \"* PREAUTH\"", text)
}

// ask sends a command and reads up to its tagged answer; untagged lines that
// begin with want are returned.
func (p IMAP) ask(s *netprobe.Exchange, tag, command, want string) (found string, err error) {
	if err := s.WriteLine(tag + " " + command); err != nil {
		return "", err
	}
	for range s.MaxLines() {
		line, err := s.ReadLine()
		if err != nil {
			return "", err
		}
		text := string(line)
		switch {
		case strings.HasPrefix(text, tag+" "):
			status, rest, _ := strings.Cut(text[len(tag)+1:], " ")
			if strings.EqualFold(status, "OK") {
				return found, nil
			}
			if strings.EqualFold(status, "NO") {
				return "", turnedAway(rest)
			}
			return "", netprobe.Failf(netprobe.ProtoReject, "the server answered %.200q", text)
		case strings.HasPrefix(strings.ToUpper(text), "* BYE"):
			return "", turnedAway(text[5:])
		case want != "" && strings.HasPrefix(strings.ToUpper(text), want):
			found = text[len(want):]
		case !strings.HasPrefix(text, "* "):
			return "", netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.200q, which is no answer of IMAP", text)
		}
	}
	return "", netprobe.Failf(netprobe.ProtoOversize, "an answer has more than %d lines", s.MaxLines())
}

func (p IMAP) capabilities(s *netprobe.Exchange, tag string) error {
	return s.Step("capability", func() error {
		words, err := p.ask(s, tag, "CAPABILITY", "* CAPABILITY ")
		if err == nil {
			s.Fact("capabilities", strings.Fields(strings.ToUpper(words))...)
		}
		return err
	})
}

func (p IMAP) upgrade(s *netprobe.Exchange) error {
	if err := p.capabilities(s, "a1"); err != nil || p.StartTLS == Note || p.TLS {
		return err
	}
	if !hasCapability(s.Result.Facts["capabilities"], "STARTTLS") {
		return noTLS(s, p.StartTLS, "capability")
	}
	err := s.Step(netprobe.PhaseStartTLS, func() error {
		_, err := p.ask(s, "a2", "STARTTLS", "")
		return err
	})
	if err != nil {
		return err
	}
	delete(s.Result.Facts, "capabilities")
	if err := s.TLS(); err != nil {
		return err
	}
	return p.capabilities(s, "a3")
}

func (p IMAP) login(s *netprobe.Exchange) error {
	if err := s.Trusted(); err != nil {
		return err
	}
	// Some servers open the mailbox only after they have said OK.
	_, err := p.ask(s, "a4", `LOGIN "`+quoted(p.User)+`" "`+quoted(string(p.Password))+`"`, "")
	if err == nil {
		_, err = p.ask(s, "a5", "NOOP", "")
	}
	return err
}

// quoted is what stands in a quoted string of IMAP.
func quoted(text string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) }
