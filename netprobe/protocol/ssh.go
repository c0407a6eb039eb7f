package protocol

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// SSH reads the identification of an SSH server (RFC 4253, section 4.2) and
// says its own. Where asked to it exchanges keys to learn the server's. It logs
// in nowhere, which OpenSSH from 9.8 on punishes when it happens often.
type SSH struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	Key     bool     // ask for the server's key
	HostKey []string // it must be one of these, such as "SHA256:…"; implies Key
}

// Probe makes one transaction.
func (p SSH) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Run: p.script}.Probe(ctx)
}

const sshVersion = "SSH-2.0-upkeep_probe"

func (p SSH) script(s *netprobe.Exchange) error {
	var theirs string
	err := s.Step(netprobe.PhaseBanner, func() (err error) {
		theirs, err = identify(s)
		return err
	})
	if err != nil {
		return err
	}
	if p.Key || len(p.HostKey) > 0 {
		return s.Step("hostkey", func() error { return p.exchange(s, theirs) })
	}
	return s.WriteLine(sshVersion)
}

// identify skips the lines that a server may send before its identification.
func identify(s *netprobe.Exchange) (string, error) {
	for range s.MaxLines() {
		line, err := s.ReadLine()
		if err != nil {
			return "", err
		}
		if s.Result.Facts.Get("banner") == "" {
			s.Fact("banner", string(line))
		}
		switch {
		case bytes.HasPrefix(line, []byte("SSH-2.0-")), bytes.HasPrefix(line, []byte("SSH-1.99-")):
			s.Fact("banner", string(line))
			return string(line), nil
		case bytes.HasPrefix(line, []byte("SSH-")):
			return "", netprobe.Failf(netprobe.ProtoSyntax, "the server speaks %.80q, not SSH 2", line)
		case bytes.HasPrefix(line, []byte("Exceeded MaxStartups")), bytes.HasPrefix(line, []byte("Not allowed at this time")):
			return "", netprobe.Warnf(netprobe.ProtoDefer, "the server is too busy: %.80q", line)
		}
	}
	return "", netprobe.Failf(netprobe.ProtoOversize, "no SSH identification within %d lines", s.MaxLines())
}

func buildSSH(u netprobe.URL) (netprobe.Prober, error) {
	p := SSH{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net}
	switch key := u.Get("hostkey"); key {
	case "":
	case "show":
		p.Key = true
	default:
		if len(key) != len("SHA256:")+43 {
			return nil, errors.New("hostkey is neither show nor a fingerprint such as SHA256:…")
		}
		p.HostKey = []string{key}
	}
	return p, u.Bare()
}
