package startup_test

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
	"github.com/pugetsoundtech/upkeep/integrity/inventory/startup"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestALeaseOnAUnitIsItsUsers(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	write("etc/passwd", "bob:x:1000:1000::/home/bob:/bin/sh\nann:x:1001:1001::/home/ann:/bin/sh\n")
	unit := write("home/bob/.config/systemd/user/x.service", "[Service]\nExecStart=/bin/x\n")
	c := inventory.Check{Dir: t.TempDir(), Question: startup.Jobs{Host: host.Root(root)}}
	require.Equal(t, report.OK, integritytest.Collect(t, c).Status)

	f, err := os.OpenFile(unit, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	require.NoError(t, err)
	st, err := c.Question.(startup.Jobs).Host.Lstat(t.Context(), "/home/bob/.config/systemd/user/x.service")
	require.NoError(t, err)
	write("proc/locks", fmt.Sprintf("1: POSIX  ADVISORY  WRITE 7 08:01:%d 0 EOF\n2: LEASE  ACTIVE    WRITE 4711 08:01:%d 0 EOF\n", st.Ino, st.Ino))
	write("proc/4711/comm", "holdup\n")
	write("home/ann/.config/systemd/user/y.service", "[Service]\nExecStart=/tmp/.x\n")
	res := integritytest.Collect(t, c)
	assert.Equal(t, []string{
		"warning: /home/bob/.config/systemd/user/x.service of bob cannot be read: process 4711 holdup has a lease on it",
		"warning: A new job of ann: by y.service /tmp/.x",
	}, integritytest.Titles(res))
	assert.Equal(t, report.OK, res.Status, res.Problems)
}
