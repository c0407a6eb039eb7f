package sshhost

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Client is a connection to one machine. It is safe for concurrent use; four
// exchanges run at once, further ones wait.
type Client struct {
	conn     *ssh.Client
	escalate []string
	traits   traits
	offset   time.Duration // of the remote clock
	slots    chan struct{} // bounds the open sessions
	singles  gatherer
	trips    atomic.Int64
	forks    func() (bool, error) // see Client.loginForks

	ended   chan struct{} // closed when we have ended the connection
	endOnce sync.Once
	why     error // to be read after ended

	maxFrame       int // the constants of these names, but in tests
	lateTotal      time.Duration
	sharedPatience time.Duration
}

// maxSessions are open at once. OpenSSH allows a connection ten, and may count a
// closed one until the next has been asked for.
const maxSessions = 4

// Dial connects to the machine, checks its host key, logs in and finds out, in
// one exchange, which tools it has. The error wraps a *knownhosts.KeyError when
// the host key is not the one that is known.
func Dial(ctx context.Context, config Config) (*Client, error) {
	timeout := config.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c, err := dial(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", config.Addr, err)
	}
	if err := c.probe(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("ask %s for its tools: %w", config.Addr, err)
	}
	return c, nil
}

func dial(ctx context.Context, config Config) (*Client, error) {
	addr, err := config.address()
	if err != nil {
		return nil, err
	}
	conf, err := config.client(addr)
	if err != nil {
		return nil, err
	}
	connect := config.Connect
	if connect == nil {
		connect = (&net.Dialer{}).DialContext
	}
	raw, err := connect(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	raw = patient{raw}
	// The handshake knows no context: closing its connection ends it.
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	conn, chans, reqs, err := ssh.NewClientConn(raw, addr, conf)
	if !stop() {
		raw.Close()
		return nil, ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	c := &Client{
		conn:      ssh.NewClient(conn, chans, reqs),
		escalate:  append([]string(nil), config.Escalate...),
		slots:     make(chan struct{}, maxSessions),
		ended:     make(chan struct{}),
		maxFrame:  maxFrame,
		lateTotal: lateTotal,

		sharedPatience: sharedPatience,
	}
	c.forks = sync.OnceValues(c.loginForks)
	go c.keepAlive(cmp.Or(config.KeepAlive, defaultKeepAlive))
	return c, nil
}

// writePatience is how long the machine may leave what we send unread.
const writePatience = time.Minute

// A patient connection fails when the other side reads nothing for too long.
// Closing a session has to write, and no context would end that.
type patient struct{ net.Conn }

func (p patient) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(writePatience)) // a jump host's knows none
	return p.Conn.Write(b)
}

// Close ends the connection. Commands with Mutates go on over there.
func (c *Client) Close() error { return c.end(net.ErrClosed) }

// RoundTrips returns how many exchanges there were so far, with the one of Dial.
func (c *Client) RoundTrips() int64 { return c.trips.Load() }

// Host returns the machine. Its Files is a host.Walker where the machine has GNU
// find and sha256sum. Dial goes through the SSH server, which may forbid it.
// Now is this process's clock, corrected once by what the machine said; where
// the two differ by less than a second they are taken for equal.
func (c *Client) Host() host.Host {
	h := host.Host{
		Files: files{c}, Exec: runner{c}, Dial: c.connect,
		Now: func() time.Time { return time.Now().Add(c.offset) },
	}
	if c.traits.canWalk() {
		h.Files = walker{files{c}}
	}
	return h
}

// connect opens a connection from the remote machine.
func (c *Client) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	c.trips.Add(1)
	conn, err := c.conn.DialContext(ctx, network, addr)
	if err != nil && c.isEnded() {
		return nil, c.dropped()
	}
	return conn, err
}
