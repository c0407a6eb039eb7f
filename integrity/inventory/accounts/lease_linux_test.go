package accounts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestALeaseOfAUserIsThatUsers(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	ann := os.Getuid() // whose the files are
	if ann == 0 {
		ann = 1000
	}
	write("etc/passwd", fmt.Sprintf("bob:x:%d:1000::/home/bob:/bin/sh\nann:x:%d:1001::/home/ann:/bin/sh\n", ann+1, ann))
	write("etc/group", "bob:x:1000:\n")
	keys := write("home/bob/.ssh/authorized_keys", "# none\n")
	write("home/ann/.profile", "umask 022\n")
	c := inventory.Check{Dir: t.TempDir(), Question: accounts.Users{Host: host.Root(root)}}
	require.Equal(t, report.OK, integritytest.Collect(t, c).Status)

	f, err := os.OpenFile(keys, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	require.NoError(t, err)
	st, err := c.Question.(accounts.Users).Host.Lstat(t.Context(), "/home/bob/.ssh/authorized_keys")
	require.NoError(t, err)
	write("proc/locks", fmt.Sprintf("1: POSIX  ADVISORY  WRITE 7 08:01:%d 0 EOF\n2: LEASE  ACTIVE    WRITE 4711 08:01:%d 0 EOF\n", st.Ino, st.Ino))
	write("proc/4711/comm", "holdup\n")
	write("home/ann/.profile", "umask 0\n")
	res := integritytest.Collect(t, c)
	assert.Equal(t, []string{
		"warning: /home/bob/.ssh/authorized_keys of bob cannot be read: process 4711 holdup has a lease on it",
		"notice: What runs when ann logs in or gets mail: /home/ann/.profile changed",
	}, integritytest.Titles(res))
	assert.Equal(t, report.OK, res.Status, res.Problems)
}
