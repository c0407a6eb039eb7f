package privileged_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/privileged"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestAProgramWithRightsOfAnotherIsToldWhereverItIs(t *testing.T) {
	root := t.TempDir()
	program := func(name string, mode os.FileMode, text string) {
		full := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o755))
		require.NoError(t, os.Chmod(full, mode))
	}
	program("opt/old", 0o755|os.ModeSetuid, "old")
	program("opt/plain", 0o755, "plain")
	told := func(path string) bool { return path == "/usr/bin/find" }
	c := inventory.Check{Question: privileged.Programs{Host: host.Root(root), CoveredElsewhere: told}, Dir: t.TempDir()}
	assert.Empty(t, integritytest.Collect(t, c).Findings)

	program("var/tmp/.x", 0o755|os.ModeSetgid, "x")
	program("usr/bin/find", 0o755|os.ModeSetuid, "told elsewhere")
	program("opt/old", 0o755|os.ModeSetuid, "new")
	program("opt/data", 0o644|os.ModeSetuid, "nobody runs it")
	res := integritytest.Collect(t, c)
	require.Len(t, res.Findings, 2)
	assert.Equal(t, "integrity.privileged.changed", res.Findings[0].Rule)
	assert.Equal(t, report.Path.Of("/var/tmp/.x"), res.Findings[1].Subject)
	assert.Contains(t, res.Findings[1].Title, "is new or has new rights: it runs with the rights of group")

	done, err := c.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	assert.Len(t, done, 3, "what is told elsewhere is known from then on")
	assert.Empty(t, integritytest.Collect(t, c).Findings)
	c.Question = privileged.Programs{Host: host.Root(root)} // the other check is left out
	assert.Empty(t, integritytest.Collect(t, c).Findings)
	program("usr/bin/find", 0o755|os.ModeSetuid, "nobody else tells")
	titles := integritytest.Titles(integritytest.Collect(t, c))
	require.Len(t, titles, 1)
	assert.Contains(t, titles[0], "/usr/bin/find changed, and runs with the rights of ") // who runs the test
	c.Question = privileged.Programs{Host: host.Root(root), CoveredElsewhere: told}
	assert.Empty(t, integritytest.Collect(t, c).Findings)
	require.NoError(t, os.Chmod(filepath.Join(root, "opt/old"), 0o755))
	assert.Len(t, integritytest.Collect(t, c).Findings, 1)
}

// disk is a machine with nothing to tell.
const disk = `-- machine uid=0 gid=0 mtime=2026-11-01T00:00:00Z --
-- / dir complete --
-- /srv dir complete --
-- /srv/null char rdev=259 mode=0666 --
-- /srv/a mode=0644 --
-- /dev dir complete --
-- /dev/null char rdev=259 mode=0666 --
-- /dev/sda block rdev=2048 mode=0660 gid=6 --
-- /dev/sr0 block rdev=2816 mode=0666 --
-- /dev/mem char rdev=257 mode=0640 gid=15 --
-- /dev/MAKEDEV mode=0755 --
-- /dev/shm dir complete mode=01777 --
-- /dev/shm/x mode=0600 uid=1000 gid=1000 --
-- /var/lib/docker dir complete mode=0710 --
-- /var/lib/docker/su mode=04755 --
-- /var dir complete --
-- /var/lib dir complete --
`

func TestDevicesAndOddRightsAreToldAnywhere(t *testing.T) {
	check := inventory.Check{Question: privileged.Programs{Host: hosttest.New(disk).Host()}, Dir: t.TempDir()}
	first := integritytest.Collect(t, check)
	assert.Empty(t, first.Findings)
	assert.Equal(t, report.OK, first.Status, first.Problems)
	for was, c := range map[string]struct{ now, want string }{
		"":                                   {"", ""},
		"/srv/a mode=0644 --":                {"/srv/a block rdev=2048 mode=0600 --", "warning: /srv/a is a block device outside of /dev: mode 0600, owner 0:0"},
		"/srv/a mode=0644":                   {"/srv/a mode=0604", "notice: Files of user 0 deny their group what all others may: /srv/a"},
		"-- /srv/a":                          {"-- /srv/zero char rdev=261 mode=0666 --\n-- /srv/a", "notice: /srv/zero is a character device outside of /dev: mode 0666, owner 0:0"},
		"/srv/null char rdev=259":            {"/srv/null char rdev=257", "warning: /srv/null is a character device outside of /dev: mode 0666, owner 0:0"},
		"/dev/sda block rdev=2048 mode=0660": {"/dev/sda block rdev=2048 mode=0664", "warning: /dev/sda can be used by everybody: mode 0664"},
		"/dev/sda block rdev=2048 mode=0660 gid=6":    {"/dev/sda block rdev=2048 mode=0660 uid=1000", "warning: /dev/sda belongs to user 1000"},
		"/dev/sda block rdev=2048 mode=0660 gid=6 --": {"/dev/sda block rdev=2048 mode=0660 gid=1000 --", "warning: /dev/sda can be used by group 1000"},
		"/dev/mem char rdev=257 mode=0640":            {"/dev/mem char rdev=257 mode=0644", "warning: /dev/mem can be used by everybody: mode 0644"},
		"/dev/mem char rdev=257 mode=0640 gid=15 --":  {"/dev/other char rdev=257 mode=0646 --", "warning: /dev/other can be used by everybody: mode 0646"},
		"/dev/shm dir":                                            {"/dev/.x --\n-- /dev/shm dir", "warning: /dev/.x is a file, where only devices should be"},
		"/var/lib/docker dir complete mode=0710":                  {"/var/lib/docker dir complete mode=0711", "critical: /var/lib/docker/su is new or has new rights: it runs with the rights of root"},
		"/dev/null char rdev=259 mode=0666 --\n-- /dev/sda block": {"/dev/null char rdev=259 mode=0666 --\n-- /dev/cd0 block rdev=1 mode=0666 --\n-- /dev/sda block", ""},
	} {
		assert.Contains(t, disk, was)
		check.Question = privileged.Programs{Host: hosttest.New(strings.Replace(disk, was, c.now, 1)).Host()}
		res := integritytest.Collect(t, check)
		assert.Equal(t, c.want, strings.Join(integritytest.Titles(res), "\n"), was)
		if strings.HasPrefix(c.want, "warning") { // from the first run on
			assert.Len(t, check.Read(t.Context()).Findings, 1, was)
		}
	}
}

// Subvolumes of btrfs have a device number of their own, and no mount; what is mounted
// is looked at by its own name.
func TestAProgramInAPartOfItsDiskIsTold(t *testing.T) {
	const was = "-- machine uid=0 gid=0 mtime=2026-11-01T00:00:00Z dev=1 --\n-- / dir complete=tree dev=1 ino=1 mount=20 --\n-- /home dir complete dev=1 ino=2 mount=20 --\n"
	for part, want := range map[string]string{
		"-- /home/eve dir complete dev=2 ino=256 mount=20 --\n-- /home/eve/x mode=04755 dev=2 ino=257 mount=20 --\n":                                                                   "critical: /home/eve/x is new or has new rights: it runs with the rights of root",
		"-- /home/eve dir complete dev=2 ino=256 mount=20 --\n-- /home/eve/in dir complete dev=3 ino=256 mount=20 --\n-- /home/eve/in/x mode=04755 dev=3 ino=257 mount=20 --\n":        "critical: /home/eve/in/x is new or has new rights: it runs with the rights of root",
		"-- /home/eve dir complete dev=2 ino=256 mount=30 --\n-- /home/eve/x mode=04755 dev=2 ino=257 mount=30 --\n":                                                                   "",
		"-- /.snapshots dir complete mode=0750 dev=2 ino=256 mount=20 --\n-- /.snapshots/1 dir complete dev=3 ino=256 mount=20 --\n-- /.snapshots/1/su mode=04755 dev=3 mount=20 --\n": "",
	} {
		check := inventory.Check{Question: privileged.Programs{Host: hosttest.New(was).Host()}, Dir: t.TempDir()}
		require.Empty(t, integritytest.Collect(t, check).Findings)
		check.Question = privileged.Programs{Host: hosttest.New(was + part).Host()}
		res := integritytest.Collect(t, check)
		assert.Equal(t, want, strings.Join(integritytest.Titles(res), "\n"), part)
		assert.Equal(t, report.OK, res.Status, res.Problems)
	}
}

func TestOneOfManyCapabilitiesCounts(t *testing.T) {
	able := func(third string) inventory.Question {
		text := strings.Replace(disk, "-- /dev dir", `-- /srv/able mode=0755 xattr.security.capability="\x01\x00\x00\x02\xff\x01`+third+strings.Repeat(`\x00`, 13)+"\" --\nx\n-- /dev dir", 1)
		return privileged.Programs{Host: hosttest.New(text).Host()}
	}
	check := inventory.Check{Question: able(`\x01`), Dir: t.TempDir()}
	require.Empty(t, integritytest.Collect(t, check).Findings)
	check.Question = able(`\x20`)
	res := integritytest.Collect(t, check)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "integrity.privileged.changed", res.Findings[0].Rule)
	assert.Equal(t, report.Critical, res.Findings[0].Severity)
}

// What nobody can run gives nobody a right, until somebody can.
func TestCapabilitiesCountFromTheDayOnWhichTheProgramCanRun(t *testing.T) {
	able := func(mode string) inventory.Question {
		text := strings.Replace(disk, "-- /dev dir", `-- /srv/able mode=`+mode+` xattr.security.capability="\x01\x00\x00\x02\xff\x01`+strings.Repeat(`\x00`, 14)+"\" --\nx\n-- /dev dir", 1)
		return privileged.Programs{Host: hosttest.New(text).Host()}
	}
	check := inventory.Check{Question: able("0644"), Dir: t.TempDir()}
	require.Empty(t, integritytest.Collect(t, check).Findings)
	check.Question = able("0654")
	res := integritytest.Collect(t, check)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "integrity.privileged.new", res.Findings[0].Rule)
}
