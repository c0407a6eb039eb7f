package netif_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

func TestTrafficOverTheLoopbackIsCounted(t *testing.T) {
	before, err := netif.Read(t.Context(), host.Local())
	require.NoError(t, err)
	h, _ := netif.History{}.Advance(before)
	send(t, 1<<20)
	after, err := netif.Read(t.Context(), host.Local())
	require.NoError(t, err)
	assert.NotEmpty(t, after.Boot)
	_, steps := h.Advance(after)
	for _, s := range steps {
		if s.Sample.Name == "lo" {
			assert.Equal(t, netif.Loopback, s.Sample.Kind)
			assert.Equal(t, netif.Normal, s.Received.Class)
			assert.GreaterOrEqual(t, s.Received.Bytes, uint64(1<<20))
			return
		}
	}
	t.Fatal("no loopback interface")
}

func send(t *testing.T, n int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	got := make(chan int64)
	go func() {
		c, err := l.Accept()
		if err != nil {
			close(got)
			return
		}
		defer c.Close()
		m, _ := io.Copy(io.Discard, c)
		got <- m
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	_, err = c.Write(make([]byte, n))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.EqualValues(t, n, <-got)
}
