package protocol

import (
	"context"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// LDAP asks a directory server (RFC 4511) whether it takes an anonymous bind,
// after a change to TLS where asked to, and leaves with an unbind. That it takes
// none is an answer too.
type LDAP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	TLS      bool // begin with a handshake (port 636)
	StartTLS StartTLS
	Policy   netprobe.TLSPolicy
}

// Probe makes one transaction.
func (p LDAP) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}.Probe(ctx)
}

const (
	ldapStartTLS = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
	ldapBind     = "\x30\x0c\x02\x01\x02\x60\x07\x02\x01\x03\x04\x00\x80\x00"
	ldapUnbind   = "\x30\x05\x02\x01\x03\x42\x00"

	ldapBindResponse     = 0x61
	ldapExtendedResponse = 0x78
)

func (p LDAP) script(s *netprobe.Exchange) error {
	if p.TLS {
		if err := s.TLS(); err != nil {
			return err
		}
	} else if p.StartTLS != Note {
		if err := p.upgrade(s); err != nil {
			return err
		}
	}
	err := s.Step(netprobe.PhaseRequest, func() error {
		code, err := ask(s, ldapBind, ldapBindResponse)
		if err != nil {
			return err
		}
		s.Result.Code = code
		switch code {
		case 51, 52: // busy, unavailable
			return netprobe.Warnf(netprobe.ProtoDefer, "the server turns clients away for now (result %d)", code)
		}
		return nil
	})
	if err == nil {
		s.Write([]byte(ldapUnbind)) //nolint:errcheck // a courtesy
	}
	return err
}

func (p LDAP) upgrade(s *netprobe.Exchange) error {
	refused := false
	err := s.Step(netprobe.PhaseStartTLS, func() error {
		code, err := ask(s, ldapStartTLS, ldapExtendedResponse)
		if err == nil && code != 0 {
			refused = true
			if p.StartTLS == Required {
				err = netprobe.Failf(netprobe.StartTLSMissing, "the server refuses to change to TLS (result %d)", code)
			}
		}
		return err
	})
	if err != nil || refused {
		return err
	}
	return s.TLS()
}

func buildLDAP(u netprobe.URL) (netprobe.Prober, error) {
	p := LDAP{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy, TLS: u.Scheme == "ldaps"}
	err := u.Bare()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	return p, err
}
