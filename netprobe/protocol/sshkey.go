package protocol

import (
	"errors"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

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
