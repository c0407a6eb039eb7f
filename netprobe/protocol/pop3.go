package protocol

import (
	"context"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// POP3 greets a mailbox server (RFC 1939), changes to TLS (STLS, RFC 2595) and
// logs in where asked to, and leaves with QUIT.
type POP3 struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	TLS      bool // begin with a handshake (port 995)
	StartTLS StartTLS
	Policy   netprobe.TLSPolicy
	User     string // logs in where it is not ""; inside verified TLS only
	Password netprobe.Secret
}

// Probe makes one transaction.
func (p POP3) Probe(ctx context.Context) netprobe.Result {
	t := netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}
	if p.Password != "" {
		t.Secrets = []string{string(p.Password)}
	}
	return t.Probe(ctx)
}

func (p POP3) script(s *netprobe.Exchange) error {
	return mailbox{
		tls: p.TLS, user: p.User,
		greeting: func() error {
			text, err := p.ask(s, "")
			s.Fact("banner", text)
			return err
		},
		upgrade: func() error { return p.upgrade(s) },
		login:   func() error { return p.login(s) },
	}.visit(s, "QUIT")
}

// ask sends a command, if there is one, and reads its one-line answer.
func (p POP3) ask(s *netprobe.Exchange, command string) (string, error) {
	if command != "" {
		if err := s.WriteLine(command); err != nil {
			return "", err
		}
	}
	line, err := s.ReadLine()
	text := string(line)
	switch {
	case err != nil:
		return "", err
	case strings.HasPrefix(text, "+OK"):
		return text, nil
	case strings.HasPrefix(text, "-ERR"):
		return text, turnedAway(strings.TrimSpace(text[4:]))
	}
	return text, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.200q, expected was \"+OK\"", text)
}

// capabilities asks for them; a server that knows none is an old one.
func (p POP3) capabilities(s *netprobe.Exchange) error {
	return s.Step("capa", func() error {
		_, err := p.ask(s, "CAPA")
		if f, ok := err.(*netprobe.Failure); ok && f.Cause == netprobe.ProtoReject {
			return nil
		} else if err != nil {
			return err
		}
		var caps []string
		for range s.MaxLines() {
			line, err := s.ReadLine()
			if err != nil {
				return err
			}
			if string(line) == "." {
				s.Fact("capabilities", caps...)
				return nil
			}
			caps = append(caps, strings.ToUpper(string(line)))
		}
		return netprobe.Failf(netprobe.ProtoOversize, "an answer has more than %d lines", s.MaxLines())
	})
}

func (p POP3) upgrade(s *netprobe.Exchange) error {
	if err := p.capabilities(s); err != nil || p.TLS {
		return err
	}
	return upgrade(s, p.StartTLS, "STLS", "capa", func() error {
		_, err := p.ask(s, "STLS")
		return err
	}, func() error { return p.capabilities(s) })
}

func (p POP3) login(s *netprobe.Exchange) error {
	if err := s.Trusted(); err != nil {
		return err
	}
	if !plainWord(p.User) || strings.ContainsAny(string(p.Password), "\r\n") {
		return netprobe.Failf(netprobe.ProtoUnexpected, "user and password must each stand on one line")
	}
	if _, err := p.ask(s, "USER "+p.User); err != nil {
		return err
	}
	_, err := p.ask(s, "PASS "+string(p.Password))
	return err
}
