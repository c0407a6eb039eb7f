package commit_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestPathsAreCleanedAndRelativeOnesRefused(t *testing.T) {
	m := hosttest.New(small)
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host(), Paths: []string{"/etc/ssh/", "/etc//ssh/sshd_config"}})
	require.NoError(t, err)
	entries, err := r.Entries(t.Context(), snap)
	require.NoError(t, err)
	assert.Len(t, entries, 4, "with those on the way to it")
	assert.True(t, snap.Complete)
	_, _, err = commit.Run(t.Context(), r, commit.Source{Host: m.Host(), Paths: []string{"etc"}})
	require.ErrorIs(t, err, fs.ErrInvalid)
}

func TestPathThatIsALinkIsNoCompleteBackup(t *testing.T) {
	m := hosttest.New("A link for a configuration.\n-- machine now=2026-11-25T06:00:00Z --\n-- /etc link=/private/etc --\n")
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _ := run(t, r, m)
	assert.False(t, snap.Complete)
}

// Reading a system over a network costs a round trip for each of these calls.
func TestUnchangedSystemCostsAtMostTwoCallsForEachFile(t *testing.T) {
	m := hosttest.New(small)
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	run(t, r, m)
	var n hosttest.Counter
	_, changes, err := commit.Run(t.Context(), r, commit.Source{Host: n.Wrap(m.Host())})
	require.NoError(t, err)
	assert.Empty(t, changes)
	const files, directories, names, root = 6, 2, 2, 2
	assert.LessOrEqual(t, n.Files.Load(), int64(2*files+directories+names+root))
}

func TestNoiseIsLeftOutByName(t *testing.T) {
	for _, name := range []string{
		"/etc/mtab", "/etc/ld.so.cache", "/etc/adjtime", "/etc/.pwd.lock", "/etc/blkid.tab", "/etc/blkid.tab.old", "/etc/udev/hwdb.bin",
		"/etc/lvm/cache", "/etc/lvm/archive", "/etc/apparmor.d/cache", "/etc/fake-hwclock.data", "/etc/cups/subscriptions.conf", "/etc/cups/subscriptions.conf.O",
		"/etc/aliases.db", "/etc/mail/aliases.db", "/etc/pwd.db", "/etc/spwd.db", "/etc/login.conf.db",
		"/etc/motd~", "/etc/.motd.swp", "/etc/ssh/.sshd_config.swo", "/home/me/.x.swn",
	} {
		assert.True(t, commit.SkipGenerated(name), name)
	}
	for _, name := range []string{
		"/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/passwd", "/etc/resolv.conf", "/etc/motd.swp", "/etc/.hidden", "/etc/.swap",
		"/etc/lvm/lvm.conf", "/etc/lvm/backup", "/etc/lvm/cache.conf", "/etc/apparmor.d", "/etc/cups/cupsd.conf", "/etc/my.db", "/srv/etc/mtab", "/etc/mtab.d", "/etc",
	} {
		assert.False(t, commit.SkipGenerated(name), name)
	}
}
