//go:build unix

package sshhost

import (
	"fmt"
	"net"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// Six are enough; on a busy machine a question may come too late to share one.
func TestSocketsAndTheirProcessesTakeFewExchanges(t *testing.T) {
	need.That(t, "/proc/self/status", exists("/proc/self/status"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c := startServer(t, "").dial(t, nil)
	before := c.RoundTrips()
	h := c.Host().Remembering()
	for range 2 {
		tables := sysview.Sockets(t.Context(), h)
		require.NoError(t, tables[0].Err)
		i := slices.IndexFunc(tables[0].Sockets, func(s sysview.Socket) bool { return s.Local.String() == l.Addr().String() })
		require.GreaterOrEqual(t, i, 0)
		p := tables[0].Sockets[i].Process
		assert.Equal(t, os.Getpid(), p.PID)
		assert.NotZero(t, p.File, "the program's device and inode")
		assert.Equal(t, os.Getuid() == 0, !tables[0].Hidden, "root sees all, and so restarts")
	}
	assert.LessOrEqual(t, c.RoundTrips()-before, int64(10))
}

func TestUnreadableLinksAreEntriesAllTheSame(t *testing.T) {
	const lstat = "777 l 0 0 64 0 24 7 1 1795645214.0 1795645214.0\x000\x00\x00"
	list := func(stderr string) error {
		_, err := traits{dialect: answer.Find}.list(part{records: []answer.Record{{Data: []byte(lstat), Stderr: stderr, Status: 1}, {}}})
		return err
	}
	complaint := "find: cannot read symbolic link '/proc/1/fd/0': Permission denied"
	assert.NoError(t, list(complaint))
	assert.Error(t, list(complaint+"\n"+fmt.Sprintf("find: '%s': Permission denied", "/proc/1/fd/1")), "an entry is missing")
}
