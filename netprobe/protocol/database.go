package protocol

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Postgres asks a PostgreSQL server whether it speaks TLS, which it answers
// before anything else, and makes the handshake where asked to. It begins no
// session, of which the server would log that it failed.
type Postgres struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	StartTLS StartTLS
	Policy   netprobe.TLSPolicy
}

// Probe makes one transaction.
func (p Postgres) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Policy: p.Policy, Run: p.script}.Probe(ctx)
}

// sslRequest is the eight bytes, and nothing behind them, that ask for TLS.
const sslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"

func (p Postgres) script(s *netprobe.Exchange) error {
	var answer byte
	err := s.Step(netprobe.PhaseStartTLS, func() error {
		if _, err := s.Write([]byte(sslRequest)); err != nil {
			return err
		}
		got, err := s.ReadN(1)
		if err != nil {
			return err
		}
		answer = got[0]
		if answer != 'S' && answer != 'N' {
			return netprobe.Failf(netprobe.ProtoSyntax, "the server answered %q, expected was \"S\" or \"N\"", got)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.Fact("tls", map[byte]string{'S': "offered", 'N': "not offered"}[answer])
	switch {
	case answer == 'N':
		return noTLS(s, p.StartTLS, netprobe.PhaseStartTLS)
	case p.StartTLS == Note:
		return nil
	}
	return s.TLS()
}

// MySQL reads the greeting of a MySQL or MariaDB server. It begins no session:
// the server counts that against the address of the client, and may block it
// after a hundred (max_connect_errors) between which nobody logged in.
type MySQL struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net
}

// Probe makes one transaction.
func (p MySQL) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Run: p.script}.Probe(ctx)
}

func (p MySQL) script(s *netprobe.Exchange) error {
	return s.Step(netprobe.PhaseBanner, func() error {
		head, err := s.ReadN(4)
		if err != nil {
			return err
		}
		size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		if size == 0 || head[3] != 0 {
			return netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no greeting of MySQL", head)
		}
		body, err := s.ReadN(size)
		if err != nil {
			return err
		}
		return p.greeting(s, body)
	})
}

// The errors of a server that has no room at present.
const (
	tooManyConnections = 1040
	serverShutdown     = 1053
)

func (p MySQL) greeting(s *netprobe.Exchange, body []byte) error {
	switch {
	case body[0] == 10:
		version, _, ok := bytes.Cut(body[1:], []byte{0})
		if !ok {
			return netprobe.Failf(netprobe.ProtoSyntax, "the greeting has no version: %.80q", body)
		}
		s.Fact("banner", string(version))
		return nil
	case body[0] == 0xff && len(body) >= 3:
		code := int(binary.LittleEndian.Uint16(body[1:]))
		f := netprobe.Failf(netprobe.ProtoReject, "the server turns clients away (%d): %.200q", code, body[3:])
		if code == tooManyConnections || code == serverShutdown {
			f.State, f.Cause = netprobe.Warning, netprobe.ProtoDefer
		}
		f.Code = code
		return f
	}
	return netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no greeting of MySQL", body)
}

func buildPostgres(u netprobe.URL) (netprobe.Prober, error) {
	p := Postgres{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net, Policy: u.Policy}
	err := u.Bare()
	if err == nil {
		p.StartTLS, err = startTLS(u)
	}
	return p, err
}

func buildMySQL(u netprobe.URL) (netprobe.Prober, error) {
	return MySQL{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net}, u.Bare()
}
