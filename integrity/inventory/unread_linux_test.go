package inventory_test

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
	"github.com/pugetsoundtech/upkeep/integrity/inventory/startup"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestALeaseOfAUserIsThatUsers(t *testing.T) {
	const keys, unit = "/home/bob/.ssh/authorized_keys", "/home/bob/.config/systemd/user/x.service"
	for leased, c := range map[string]struct {
		question func(host.Host) inventory.Question
		changes  string // of another user
		was, now string
		want     string
	}{
		keys: {
			func(h host.Host) inventory.Question { return accounts.Users{Host: h} },
			"/home/ann/.profile", "umask 022\n", "umask 0\n", "notice: What runs when ann logs in or gets mail: /home/ann/.profile changed",
		},
		unit: {
			func(h host.Host) inventory.Question { return startup.Jobs{Host: h} },
			"/home/ann/.config/systemd/user/y.service", "", "[Service]\nExecStart=/tmp/.x\n", "warning: A new job of ann: by y.service /tmp/.x",
		},
	} {
		t.Run(filepath.Base(leased), func(t *testing.T) {
			root := t.TempDir()
			write := func(name, text string) {
				require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
			}
			ann := os.Getuid() // whose the files are
			if ann == 0 {
				ann = 1000
			}
			write("/etc/passwd", fmt.Sprintf("bob:x:%d:1000::/home/bob:/bin/sh\nann:x:%d:1001::/home/ann:/bin/sh\n", ann+1, ann))
			write("/etc/group", "bob:x:1000:\n")
			write(leased, "# none\n")
			if c.was != "" {
				write(c.changes, c.was)
			}
			h := host.Root(root)
			check := inventory.Check{Dir: t.TempDir(), Question: c.question(h)}
			require.Equal(t, report.OK, integritytest.Collect(t, check).Status)

			f, err := os.OpenFile(filepath.Join(root, leased), os.O_RDWR, 0)
			require.NoError(t, err)
			defer f.Close()
			_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
			require.NoError(t, err)
			st, err := h.Lstat(t.Context(), leased)
			require.NoError(t, err)
			write("/proc/locks", fmt.Sprintf("1: POSIX  ADVISORY  WRITE 7 08:01:%d 0 EOF\n2: LEASE  ACTIVE    WRITE 4711 08:01:%d 0 EOF\n", st.Ino, st.Ino))
			write("/proc/4711/comm", "holdup\n")
			write(c.changes, c.now)
			res := integritytest.Collect(t, check)
			assert.Equal(t, []string{"warning: " + leased + " of bob cannot be read: process 4711 holdup has a lease on it", c.want}, integritytest.Titles(res))
			assert.Equal(t, report.OK, res.Status, res.Problems)
		})
	}
}
