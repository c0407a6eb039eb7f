// Package session runs shell scripts on another machine, one SSH channel for each,
// and knows whether their answers are whole.
package session

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// A Conn is a connection to one machine. It is safe for concurrent use.
type Conn struct {
	LateTotal time.Duration // how long the output of a command may go on after its end

	ssh      *ssh.Client
	escalate []string
	slots    chan struct{} // bounds the open sessions
	trips    atomic.Int64

	ended   chan struct{} // closed when we have ended the connection
	endOnce sync.Once
	why     error // to be read after ended
}

// maxSessions are open at once. OpenSSH allows a connection ten, and may count a
// closed one until the next has been asked for.
const maxSessions = 4

// New takes a connection, which it asks for a sign of life after each interval. The
// words of escalate stand before each command, as sudo does.
func New(client *ssh.Client, escalate []string, interval time.Duration) *Conn {
	c := &Conn{
		LateTotal: lateTotal, ssh: client, escalate: slices.Clone(escalate),
		slots: make(chan struct{}, maxSessions), ended: make(chan struct{}),
	}
	go c.keepAlive(interval)
	return c
}

// Close ends the connection. Spared requests go on over there.
func (c *Conn) Close() error { return c.end(net.ErrClosed) }

// RoundTrips returns how many exchanges there were so far.
func (c *Conn) RoundTrips() int64 { return c.trips.Load() }

// Dial opens a connection from the remote machine.
func (c *Conn) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c.trips.Add(1)
	conn, err := c.ssh.DialContext(ctx, network, addr)
	if err != nil && c.isEnded() {
		return nil, c.dropped()
	}
	return conn, err
}
