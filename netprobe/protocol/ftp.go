package protocol

import (
	"context"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// FTP greets a file server (RFC 959), changes to TLS where asked to (RFC 4217),
// and leaves with QUIT.
type FTP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	StartTLS StartTLS
	Policy   netprobe.TLSPolicy
}

// Probe makes one transaction.
func (p FTP) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}.Probe(ctx)
}

func (p FTP) script(s *netprobe.Exchange) error {
	err := s.Step(netprobe.PhaseBanner, func() error {
		reply, err := p.ask(s, "", 220)
		s.Fact("banner", reply.Text())
		return err
	})
	if err == nil {
		err = p.upgrade(s)
	}
	if err == nil || s.Result.Code >= 400 {
		s.Leave("QUIT")
	}
	return err
}

func (p FTP) ask(s *netprobe.Exchange, command string, code int) (smtpReply, error) {
	s.Result.Code = 0
	if command != "" {
		if err := s.WriteLine(command); err != nil {
			return smtpReply{}, err
		}
	}
	reply, err := p.reply(s)
	if err != nil {
		return reply, err
	}
	if s.Result.Code = reply.Code; reply.Code != code {
		return reply, unexpected(reply, code)
	}
	return reply, nil
}

// reply reads one reply. Unlike in SMTP the lines between the first, "220-", and
// the last, "220 ", may be anything.
func (p FTP) reply(s *netprobe.Exchange) (smtpReply, error) {
	var out smtpReply
	for range s.MaxLines() {
		line, err := s.ReadLine()
		if err != nil {
			return out, err
		}
		code, text, more, ok := cutCode(line)
		switch {
		case len(out.Lines) == 0 && !ok:
			return out, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no FTP reply", line)
		case len(out.Lines) == 0:
			out.Code = code
		case !ok || code != out.Code:
			text, more = line, true
		}
		out.Lines = append(out.Lines, string(text))
		if !more {
			return out, nil
		}
	}
	return out, netprobe.Failf(netprobe.ProtoOversize, "a reply has more than %d lines", s.MaxLines())
}

func (p FTP) upgrade(s *netprobe.Exchange) error {
	if p.StartTLS == Note {
		return nil
	}
	refused := false
	err := s.Step(netprobe.PhaseStartTLS, func() error {
		reply, err := p.ask(s, "AUTH TLS", 234)
		if f, ok := err.(*netprobe.Failure); ok && f.Cause == netprobe.ProtoReject {
			if p.StartTLS == Optional {
				refused = true
				return nil
			}
			f.Cause, f.Detail = netprobe.StartTLSMissing, "the server does not offer TLS: "+strings.TrimSpace(reply.Text())
		}
		return err
	})
	if err != nil {
		return err
	}
	s.Result.Code = 0
	if refused {
		return nil
	}
	return s.TLS()
}

func buildFTP(u netprobe.URL) (netprobe.Prober, error) {
	p := FTP{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy}
	err := u.Bare()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	return p, err
}
