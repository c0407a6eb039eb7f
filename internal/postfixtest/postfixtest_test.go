package postfixtest_test

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
)

func TestAServerListensWithItsOwnSettingsUntilItIsStopped(t *testing.T) {
	need.Long(t)
	s := postfixtest.Server{Dir: t.TempDir(), Main: []string{"myhostname = mx.example.org"}}
	s.Start(t)
	conn, err := net.Dial("tcp", s.Addr)
	require.NoError(t, err, "it listens at once")
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, "220 mx.example.org ESMTP")
	require.NoError(t, conn.Close())
	main, err := os.ReadFile(filepath.Join(s.Config(), "main.cf"))
	require.NoError(t, err)
	assert.NotContains(t, string(main), "mail.example\n", "a setting stands once")

	s.Stop(t)
	s.Stop(t)
	_, err = net.Dial("tcp", s.Addr)
	assert.Error(t, err)
}
