package protocol

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

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

// errSeen ends a connection when its server has shown its key: the next thing to say
// would be a user's name, which servers log as an attack.
var errSeen = errors.New("the key was seen")

// exchange makes the key exchange, and stops where logging in would begin.
func (p SSH) exchange(s *netprobe.Exchange, theirs string) error {
	shown := make(chan ssh.PublicKey, 1) // the library may go on in a goroutine of its own
	config := &ssh.ClientConfig{
		User: "upkeep_probe", ClientVersion: sshVersion,
		HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
			select {
			case shown <- k:
			default: // keys are exchanged again
			}
			return errSeen
		},
	}
	raw := &replayed{Conn: s.Detach(), first: []byte(theirs + "\r\n")}
	_, _, _, err := ssh.NewClientConn(raw, p.Addr, config)
	key := ""
	select {
	case k := <-shown:
		key = ssh.FingerprintSHA256(k)
		s.Fact("hostkey", key, k.Type())
	default:
	}
	switch broken := raw.broken(); {
	case key == "" && s.Context().Err() != nil:
		return s.Context().Err()
	case key == "" && broken != nil:
		return broken
	case key == "":
		return netprobe.Failf(netprobe.ProtoSyntax, "no keys could be exchanged: %v", err)
	case len(p.HostKey) == 0:
		return nil
	}
	for _, want := range p.HostKey {
		if want == key {
			return nil
		}
	}
	return netprobe.Failf(netprobe.ProtoHostKey, "the server has the key %s, expected was %.200q", key, p.HostKey)
}

// replayed is the connection as it was before its first line was read. The
// library reads it in a goroutine of its own.
type replayed struct {
	net.Conn
	first []byte

	mu  sync.Mutex
	err error // of reading
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	n, err := r.Conn.Read(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	return n, err
}

func (r *replayed) broken() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
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
