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
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Secrets: p.Secrets(), Run: p.script}.Probe(ctx)
}

func (p IMAP) script(s *netprobe.Exchange) error { return p.mailbox(s).visit(s, "a9 LOGOUT") }

// Open comes to the point at which the mailbox may be used, for scripts that do more
// than a Probe. Their tags should not begin with "a".
func (p IMAP) Open(s *netprobe.Exchange) error { return p.mailbox(s).open(s) }

// Secrets are what a script that logs in has to keep out of its result.
func (p IMAP) Secrets() []string {
	if p.Password == "" {
		return nil
	}
	return []string{string(p.Password), quoted(string(p.Password))}
}

func (p IMAP) mailbox(s *netprobe.Exchange) mailbox {
	return mailbox{
		tls: p.TLS, user: p.User,
		greeting: func() error { return p.greeting(s) },
		upgrade:  func() error { return p.upgrade(s) },
		login:    func() error { return p.login(s) },
	}
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

func (p IMAP) capabilities(s *netprobe.Exchange, tag string) error {
	return s.Step("capability", func() error {
		responses, err := Ask(s, tag, "CAPABILITY")
		if err != nil {
			return err
		}
		for _, r := range responses {
			if words, ok := strings.CutPrefix(strings.ToUpper(r), "* CAPABILITY "); ok {
				s.Fact("capabilities", strings.Fields(words)...)
			}
		}
		return nil
	})
}

func (p IMAP) upgrade(s *netprobe.Exchange) error {
	if err := p.capabilities(s, "a1"); err != nil || p.TLS {
		return err
	}
	return upgrade(s, p.StartTLS, "STARTTLS", "capability", func() error {
		_, err := Ask(s, "a2", "STARTTLS")
		return err
	}, func() error { return p.capabilities(s, "a3") })
}

func (p IMAP) login(s *netprobe.Exchange) error {
	if err := s.Trusted(); err != nil {
		return err
	}
	if strings.ContainsAny(p.User+string(p.Password), "\r\n\x00") {
		return netprobe.Failf(netprobe.ProtoUnexpected, "user and password must each stand on one line")
	}
	// Some servers open the mailbox only after they have said OK.
	_, err := Ask(s, "a4", `LOGIN "`+quoted(p.User)+`" "`+quoted(string(p.Password))+`"`)
	if err == nil {
		_, err = Ask(s, "a5", "NOOP")
	}
	return err
}

// quoted is what stands in a quoted string of IMAP.
func quoted(text string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) }
