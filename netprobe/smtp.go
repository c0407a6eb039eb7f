package netprobe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// StartTLS says what an SMTP probe does about TLS. The zero value is Note.
type StartTLS uint8

// The ways to go about STARTTLS.
const (
	Note     StartTLS = iota // only Result.Capabilities tells whether it is offered
	Optional                 // used when it is offered
	Required                 // its absence is Critical
)

// SMTP greets a mail server, optionally changes to TLS, and leaves with QUIT.
// It begins no mail transaction.
type SMTP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Now     func() time.Time // for certificates; nil: time.Now

	HELO     string // name to greet with; "": the address literal of this end
	TLS      bool   // begin with a handshake (port 465)
	StartTLS StartTLS
	Policy   TLSPolicy
}

// Probe makes one transaction.
func (p SMTP) Probe(ctx context.Context) Result {
	return target{p.Addr, p.Timeout, p.Dial, p.Now, p.Policy}.probe(ctx, p.script)
}

func (p SMTP) script(s *session) error {
	if p.HELO != "" && !plainWord(p.HELO) {
		return &failure{state: Unknown, cause: LocalConfig, detail: fmt.Sprintf("HELO %.80q is no single word", p.HELO)}
	}
	if p.TLS {
		if err := s.handshake(); err != nil {
			return err
		}
	}
	if err := p.greeting(s); err != nil {
		return p.end(s, err)
	}
	if err := p.ehlo(s); err != nil {
		return p.end(s, err)
	}
	return p.end(s, p.upgrade(s))
}

// end says QUIT wherever the server is still there to hear it.
func (p SMTP) end(s *session, err error) error {
	if err == nil || s.res.Code >= 400 {
		s.leave("QUIT")
	}
	return err
}

// command sends line, if there is one, and reads a reply that must have code.
func command(s *session, line string, code int) (Reply, error) {
	s.res.Code = 0
	if line != "" {
		if err := s.wire.writeLine(line); err != nil {
			return Reply{}, err
		}
	}
	reply, err := s.wire.readReply()
	if err != nil {
		return reply, err
	}
	s.res.Code, s.res.Enhanced = reply.Code, reply.Enhanced
	if reply.Code != code {
		return reply, unexpected(reply, code)
	}
	return reply, nil
}

func unexpected(reply Reply, want int) *failure {
	f := fail(ProtoSyntax, "the server answered %d %.200q, expected was %d", reply.Code, reply.Text(), want)
	f.code, f.enhanced = reply.Code, reply.Enhanced
	switch reply.Code / 100 {
	case 4:
		f.cause, f.state = ProtoDefer, Warning
	case 5:
		f.cause = ProtoReject
	}
	return f
}

func (p SMTP) greeting(s *session) error {
	return s.step(PhaseBanner, func() error {
		reply, err := command(s, "", 220)
		s.banner([]byte(reply.Text()))
		return err
	})
}

func (p SMTP) ehlo(s *session) error {
	return s.step(PhaseEHLO, func() error {
		reply, err := command(s, "EHLO "+p.helo(s), 250)
		s.res.Capabilities = capabilities(reply)
		return err
	})
}

func (p SMTP) helo(s *session) string {
	if p.HELO != "" {
		return p.HELO
	}
	host, _, err := net.SplitHostPort(s.wire.raw.LocalAddr().String())
	ip, parseErr := netip.ParseAddr(host)
	switch {
	case err != nil || parseErr != nil:
		return "[127.0.0.1]"
	case ip.Unmap().Is4():
		return "[" + ip.Unmap().String() + "]"
	}
	return "[IPv6:" + ip.WithZone("").String() + "]"
}

// upgrade changes to TLS where that is asked for, and greets again: nothing
// learned in plain text counts.
func (p SMTP) upgrade(s *session) error {
	if p.StartTLS == Note || p.TLS {
		return nil
	}
	if !hasCapability(s.res.Capabilities, "STARTTLS") {
		if p.StartTLS == Required {
			s.note(Critical, StartTLSMissing, PhaseEHLO, "the server does not offer STARTTLS")
		}
		return nil
	}
	err := s.step(PhaseStartTLS, func() error {
		_, err := command(s, "STARTTLS", 220)
		return err
	})
	if err != nil {
		return err
	}
	s.res.Code, s.res.Capabilities = 0, nil
	if err := s.handshake(); err != nil {
		return err
	}
	return p.ehlo(s)
}
