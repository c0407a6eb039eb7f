package pacman_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
)

const log = `pacman: after documentation (the form of pacman.log)
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/log/pacman.log --
[2026-11-27T10:00:00+0000] [PACMAN] Running 'pacman -Syu'
[2026-11-27T10:00:01+0000] [PACMAN] synchronizing package lists
[2026-11-27T10:00:09+0000] [ALPM] transaction started
[2026-11-27T10:00:10+0000] [ALPM] upgraded bash (5.2.037-1 -> 5.2.039-1)
[2026-11-27T10:00:11+0000] [ALPM-SCRIPTLET] installed fake (1-1)
[2026-11-27T10:00:12+0000] [ALPM] warning: /etc/x.conf installed as /etc/x.conf.pacnew
[2026-11-27T10:00:13+0000] [ALPM] installed libx (1:2-1)
[2026-11-27T10:00:14+0000] [ALPM] transaction completed
[2026-11-27T11:00:00+0000] [PACMAN] Running 'pacman -R old'
[2026-11-27T11:00:01+0000] [ALPM] transaction started
[2026-11-27T11:00:02+0000] [ALPM] removed old (3-1)
[2026-11-27T11:00:02+0000] [ALPM] transaction failed
[2026-11-27T12:00:00+0000] [ALPM] installed nobody (3-1)
`

func TestATransactionOfPacmanIsOneWithItsCommand(t *testing.T) {
	list, err := (&pacman.Manager{Host: hosttest.New(log).Host()}).History(t.Context(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, list, 2)
	first := list[0]
	assert.Equal(t, "pacman -Syu", first.Command)
	assert.Equal(t, []pkgupdate.Event{
		{At: first.Events[0].At, Name: "bash", From: "5.2.037-1", To: "5.2.039-1"}, {At: first.Events[1].At, Name: "libx", To: "1:2-1"},
	}, first.Events)
	assert.Equal(t, 5*time.Second, first.End.Sub(first.Begin))
	assert.Equal(t, "the transaction failed", list[1].Failed)
	list, err = (&pacman.Manager{Host: hosttest.New(log).Host()}).History(t.Context(), first.Begin.Add(time.Second))
	require.NoError(t, err)
	assert.Len(t, list, 1)
}

// After logs that others published, of pacman 4 and of an installation by Calamares: a time
// without seconds and zone, texts of scripts, a warning of two lines, a path of another root.
func TestPublishedLogsOfPacmanAreRead(t *testing.T) {
	i := strings.Index(log, "[2026")
	text := log[:i] + `[2026-11-15 02:40] [PACMAN] starting full system upgrade
[2026-11-15 02:48] [ALPM] transaction started
[2026-11-15 02:48] [ALPM] upgraded readline (6.3.008-4 -> 7.0-1)
[2026-11-15 02:48] [ALPM-SCRIPTLET] >>> Generating initial ramdisk, using mkinitcpio. Please wait...
[2026-11-15 02:48] [ALPM-SCRIPTLET] ==> ERROR: binary dependency ` + "`libreadline.so.6'" + ` not found for ` + "`/usr/bin/lvm'" + `
[2026-11-15 02:48] [ALPM] transaction completed
[2026-11-16T01:27:33-0600] [PACMAN] Running 'pacman -Sy --noconfirm -r /tmp/root-yvi --cachedir /tmp/root-yvi/var/cache/pacman/pkg bash'
[2026-11-16T01:30:07-0600] [ALPM] transaction started
[2026-11-16T01:30:07-0600] [ALPM] warning: directory permissions differ on /tmp/root-yvi/run/
filesystem: 1777  package: 755
[2026-11-16T01:30:07-0600] [ALPM] installed filesystem (2021.12.07-1)
[2026-11-16T01:30:09-0600] [ALPM] running '30-systemd-update.hook'...
`
	list, err := (&pacman.Manager{Host: hosttest.New(text).Host()}).History(t.Context(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "readline 6.3.008-4 7.0-1", list[0].Events[0].Name+" "+list[0].Events[0].From+" "+list[0].Events[0].To)
	assert.Equal(t, "filesystem", list[1].Events[0].Name)
	assert.Equal(t, time.Date(2026, 11, 16, 7, 30, 7, 0, time.UTC), list[1].Begin.UTC())
	assert.True(t, list[1].End.IsZero(), "nobody says that it ended")
}
