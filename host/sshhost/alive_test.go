//go:build unix

package sshhost

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// A network is a connection that can lose all that is sent, without an end.
type network struct {
	net.Conn
	lost chan struct{}
	once sync.Once
	shut chan struct{}
}

func (n *network) Read(b []byte) (int, error) {
	got, err := n.Conn.Read(b)
	select {
	case <-n.lost:
		<-n.shut
		return 0, net.ErrClosed
	default:
		return got, err
	}
}

func (n *network) Write(b []byte) (int, error) {
	select {
	case <-n.lost:
		return len(b), nil
	default:
		return n.Conn.Write(b)
	}
}

func (n *network) Close() error {
	n.once.Do(func() { close(n.shut) })
	return n.Conn.Close()
}

func TestASilentMachineEndsAllCallsAtOnce(t *testing.T) {
	var line *network
	s := startServer(t, "")
	require.NoError(t, exec.Command("mkfifo", s.path("up")).Run())
	c := s.dial(t, func(config *Config) {
		config.KeepAlive = 300 * time.Millisecond
		config.Connect = func(ctx context.Context, name, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, name, addr)
			line = &network{Conn: conn, lost: make(chan struct{}), shut: make(chan struct{})}
			return line, err
		}
	})
	ctx, h := t.Context(), c.Host()
	_, err := h.Query(ctx, "sleep", "2")
	assert.NoError(t, err, "a long command is no silence")
	var calls sync.WaitGroup
	for _, mutates := range []bool{false, true} {
		calls.Go(func() {
			_, err := h.Run(ctx, host.Command{Mutates: mutates, Args: []string{"sh", "-c", `echo >"$1"; sleep 20`, "sh", s.path("up")}})
			assert.ErrorIs(t, err, session.ErrSilent)
			assert.Equal(t, mutates, errors.Is(err, host.ErrStillRunning))
		})
		read(t, s.path("up"), "\n")
	}
	close(line.lost)
	calls.Wait()
	_, err = h.Lstat(ctx, "/nosuch")
	assert.ErrorIs(t, err, session.ErrSilent)
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	_, err = h.Connect(ctx, "tcp", "127.0.0.1:1")
	assert.ErrorIs(t, err, session.ErrSilent)
}
