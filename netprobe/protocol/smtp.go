package protocol

import (
	"context"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// SMTP greets a mail server, changes to TLS and logs in where asked to, asks
// whether it would take mail, and leaves with QUIT. It never sends any.
type SMTP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	HELO     string // name to greet with; "": the address literal of this end
	LMTP     bool   // the server speaks LMTP
	TLS      bool   // begin with a handshake (port 465)
	StartTLS StartTLS
	Policy   netprobe.TLSPolicy

	User     string // logs in where it is not ""; inside verified TLS only
	Password netprobe.Secret
	From     string   // sender for Rcpt; "": the empty one, as of a bounce
	Rcpt     []string // it is asked whether these would be taken
}

// Probe makes one transaction.
func (p SMTP) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Secrets: p.Secrets(), Run: p.script}.Probe(ctx)
}

// Secrets are what a script that logs in has to keep out of its result.
func (p SMTP) Secrets() []string {
	if p.Password == "" {
		return nil
	}
	return []string{string(p.Password), p.plain()}
}

func (p SMTP) script(s *netprobe.Exchange) error {
	err := p.Open(s)
	if err == nil {
		err = p.dryRun(s)
	}
	return p.end(s, err)
}

// Open comes to the point at which mail may be sent, for scripts that do more than a
// Probe.
func (p SMTP) Open(s *netprobe.Exchange) error {
	for _, word := range append([]string{p.HELO, p.From}, p.Rcpt...) {
		if word != "" && !plainWord(word) {
			return netprobe.Failf(netprobe.LocalConfig, "%.80q is no single word", word)
		}
	}
	if p.TLS {
		if err := s.TLS(); err != nil {
			return err
		}
	}
	for _, part := range []func(*netprobe.Exchange) error{p.greeting, p.ehlo, p.upgrade, p.login} {
		if err := part(s); err != nil {
			return err
		}
	}
	return nil
}

// Command sends a line of SMTP and reads a reply that must have code. A line ends
// where it ends: what has more of them is text, behind a reply of 354.
func Command(s *netprobe.Exchange, line string, code int) error {
	_, err := command(s, line, code)
	return err
}

// end says QUIT wherever the server is still there to hear it.
func (p SMTP) end(s *netprobe.Exchange, err error) error {
	if err == nil || s.Result.Code >= 400 || s.Secure() != nil && s.Result.Code != 0 {
		s.Leave("QUIT")
	}
	return err
}

// command sends line, if there is one, and reads a reply that must have code.
func command(s *netprobe.Exchange, line string, code int) (smtpReply, error) {
	s.Result.Code = 0
	if line != "" {
		if err := s.WriteLine(line); err != nil {
			return smtpReply{}, err
		}
	}
	reply, err := readReply(s)
	if err != nil {
		return reply, err
	}
	s.Result.Code, s.Result.Enhanced = reply.Code, reply.Enhanced
	if reply.Code != code && (code != 250 || reply.Code != 251) { // 251: it would be forwarded
		return reply, unexpected(reply, code)
	}
	return reply, nil
}

func unexpected(reply smtpReply, want int) *netprobe.Failure {
	f := netprobe.Failf(netprobe.ProtoSyntax, "the server answered %d %.200q, expected was %d", reply.Code, reply.Text(), want)
	f.Code, f.Enhanced = reply.Code, reply.Enhanced
	switch reply.Code / 100 {
	case 4:
		f.Cause, f.State = netprobe.ProtoDefer, netprobe.Warning
	case 5:
		f.Cause = netprobe.ProtoReject
	}
	return f
}

func (p SMTP) greeting(s *netprobe.Exchange) error {
	return s.Step(netprobe.PhaseBanner, func() error {
		reply, err := command(s, "", 220)
		s.Fact("banner", reply.Text())
		return err
	})
}

func (p SMTP) ehlo(s *netprobe.Exchange) error {
	return s.Step(netprobe.PhaseEHLO, func() error {
		verb := "EHLO "
		if p.LMTP {
			verb = "LHLO "
		}
		reply, err := command(s, verb+p.helo(s), 250)
		s.Fact("capabilities", capabilities(reply)...)
		return err
	})
}
