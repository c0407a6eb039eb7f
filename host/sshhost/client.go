package sshhost

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// A Client is a connection to one machine. It is safe for concurrent use; four
// exchanges run at once, further ones wait.
type Client struct {
	conn    *session.Conn
	traits  traits
	offset  time.Duration // of the remote clock
	singles gatherer
	forks   func() (bool, error) // see Client.loginForks

	maxFrame       int // the constants of these names, but in tests
	sharedPatience time.Duration
}

const (
	// maxFrame bounds the answer of a script, and so what a hostile machine can
	// make us hold: a directory of some 400000 entries fits.
	maxFrame = 64 << 20
	// treeFrames is how much more the answer about a whole tree may be.
	treeFrames = 4
)

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
	c.sharedPatience = max(sharedPatience, timeout)
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
		conn:     session.New(ssh.NewClient(conn, chans, reqs), config.Escalate, cmp.Or(config.KeepAlive, defaultKeepAlive)),
		maxFrame: maxFrame,
	}
	c.forks = sync.OnceValues(c.loginForks)
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
func (c *Client) Close() error { return c.conn.Close() }

// RoundTrips returns how many exchanges there were so far, with the one of Dial.
func (c *Client) RoundTrips() int64 { return c.conn.RoundTrips() }

// Host returns the machine. Its Files is a host.Walker where the machine has GNU
// find and sha256sum. Dial goes through the SSH server, which may forbid it.
// Now is this process's clock, corrected once by what the machine said; where
// the two differ by less than a second they are taken for equal.
func (c *Client) Host() host.Host {
	h := host.Host{
		Files: files{c}, Exec: runner{c}, Dial: c.conn.Dial,
		Now: func() time.Time { return time.Now().Add(c.offset) },
	}
	if c.traits.canWalk() {
		h.Files = walker{files{c}}
	}
	return h
}

// query asks the machine by a script, with the functions for its tools.
func (c *Client) query(ctx context.Context, limit int, body string, args ...string) ([]byte, error) {
	return c.conn.Query(ctx, limit, c.traits.functions(), body, args...)
}

// defaultKeepAlive is Config.KeepAlive when zero.
const defaultKeepAlive = 15 * time.Second
