package protocol

import (
	"encoding/base64"
	"net"
	"net/netip"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

func (p SMTP) upgrade(s *netprobe.Exchange) error {
	if p.TLS {
		return nil
	}
	return upgrade(s, p.StartTLS, "STARTTLS", netprobe.PhaseEHLO, func() error {
		_, err := command(s, "STARTTLS", 220)
		return err
	}, func() error { return p.ehlo(s) })
}

func (p SMTP) plain() string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + p.User + "\x00" + string(p.Password)))
}

func (p SMTP) login(s *netprobe.Exchange) error {
	if p.User == "" {
		return nil
	}
	return s.Step(netprobe.PhaseAuth, func() error {
		if err := s.Trusted(); err != nil {
			return err
		}
		_, err := command(s, "AUTH PLAIN "+p.plain(), 235)
		return err
	})
}

// dryRun asks for each recipient and takes it all back.
func (p SMTP) dryRun(s *netprobe.Exchange) error {
	if len(p.Rcpt) == 0 {
		return nil
	}
	err := s.Step(netprobe.PhaseMail, func() error {
		_, err := command(s, "MAIL FROM:<"+p.From+">", 250)
		return err
	})
	for _, to := range p.Rcpt {
		if err == nil {
			err = s.Step(netprobe.PhaseRcpt, func() error {
				_, err := command(s, "RCPT TO:<"+to+">", 250)
				return err
			})
		}
	}
	if err == nil {
		_, err = command(s, "RSET", 250)
	}
	return err
}

// plainWord reports whether s can stand in a command line as one word.
func plainWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

func (p SMTP) helo(s *netprobe.Exchange) string {
	if p.HELO != "" {
		return p.HELO
	}
	host, _, err := net.SplitHostPort(s.Conn().LocalAddr().String())
	ip, parseErr := netip.ParseAddr(host)
	switch {
	case err != nil || parseErr != nil:
		return "[127.0.0.1]"
	case ip.Unmap().Is4():
		return "[" + ip.Unmap().String() + "]"
	}
	return "[IPv6:" + ip.WithZone("").String() + "]"
}
