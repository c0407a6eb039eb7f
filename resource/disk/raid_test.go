package disk_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

// mdstat is after documentation (md(4)), with the forms of the texts that
// node_exporter, Telegraf and insights-core keep: a spare disk, levels without
// counts, a container of arrays, marks before the level, counts that disagree.
const mdstat = `Personalities : [raid1] [raid6] [raid5] [raid4] [raid0]
md0 : active raid1 sdb1[1] sda1[0]
      1046528 blocks super 1.2 [2/2] [UU]
      bitmap: 0/1 pages [0KB], 65536KB chunk

md1 : active raid1 sdb2[1](F) sda2[0]
      976630464 blocks super 1.2 [2/1] [U_]

md2 : active (auto-read-only) raid5 sdc1[3] sdb3[1] sda3[0]
      1953260928 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [UU_]
	  [==>..................]  recovery = 12.6% (123123/976630464) finish=127.5min speed=33440K/sec

md3 : active raid0 sdd1[1] sde1[0]
      1953259520 blocks super 1.2 512k chunks

md127 : inactive sdf[1](S) sdg[0](S)
      5288 blocks super external:imsm

md9 : inactive sdh1[1](S)
      7532 blocks super 1.2

md_d4 : active raid1 sda6[0] sdb6[1] sdc6[2](S)
      97280 blocks [2/2] [U_]

unused devices: <none>
`

const noOther = "-- $ [\"uname\", \"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /dev/zfs absent --\n-- /sys/fs/btrfs absent --\n"

func TestArraysThatAreNotWholeAreFound(t *testing.T) {
	res := reporttest.Collect(t, disk.Raid{Host: hosttest.New("md\n-- /proc/mdstat --\n" + mdstat + noOther).Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		"critical: The array md1 is not whole: 1 disk missing",
		"critical: The array md9 cannot be used",
		"critical: The array md_d4 is not whole: 1 disk missing",
		"warning: The array md2 is not whole: 1 disk missing, and is being made whole",
	}, reporttest.Titles(res))
	assert.Contains(t, res.Findings[0].Detail, "Failed: sdb2.")
	assert.Contains(t, res.Findings[3].Detail, "recovery = 12.6%")
	assert.Contains(t, res.Findings[0].Remedy.Look, []string{"mdadm", "--detail", "/dev/md1"})
	assert.True(t, res.Covers("raid/md/md1"))
}

func TestAnMDStatOfAnotherFormIsUnknown(t *testing.T) {
	for _, text := range []string{"\n", "md0 : active raid1 sda[0]\n"} {
		res := reporttest.Collect(t, disk.Raid{Host: hosttest.New("md\n-- /proc/mdstat --\n" + text + noOther).Host()})
		assert.False(t, res.Covers("raid/md"))
		assert.Equal(t, report.Partial, res.Status)
	}
}

func TestAPoolIsFoundByItsHealthAndByItsErrors(t *testing.T) {
	// after documentation: zpool-list(8), zpool-status(8)
	m := hosttest.New(`zfs
-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- /proc/mdstat absent --
-- /sys/fs/btrfs absent --
-- /dev/zfs --
-- $ ["zpool", "list", "-H", "-o", "name,health"] --
rpool	ONLINE
tank	DEGRADED
zion	FAULTED
well	ONLINE
-- $ ["zpool", "status", "-x"] --
  pool: rpool
 state: ONLINE
status: One or more devices has experienced an unrecoverable error.
  scan: scrub repaired 128K in 00:10:11 with 0 errors on Sun Nov  8 00:34:12 2026

  pool: tank
 state: DEGRADED
status: One or more devices is currently being resilvered.
  scan: resilver in progress since Sat Nov 28 10:00:00 2026

  pool: zion
 state: FAULTED
status: The pool metadata is corrupted.
`)
	res := reporttest.Collect(t, disk.Raid{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		"critical: The array zion cannot be used",
		"warning: The array tank is not whole, and is being made whole",
		"warning: Disks of the array rpool have had errors",
	}, reporttest.Titles(res))
}

func TestBtrfsIsFoundByMissingDevicesAndByErrors(t *testing.T) {
	// after documentation: btrfs(5), the files under /sys/fs/btrfs
	const id = "/sys/fs/btrfs/7fe21481-9083-4f7b-a00c-e651fd16bfa"
	clean := "write_errs 0\nread_errs 0\nflush_errs 0\ncorruption_errs 0\ngeneration_errs 0\n"
	m := hosttest.New("btrfs\n-- $ [\"uname\", \"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /proc/mdstat absent --\n-- /dev/zfs absent --\n-- /sys/fs/btrfs/ dir complete --\n-- /sys/fs/btrfs/features/ dir --\n" +
		"-- " + id + "1/devinfo/ dir complete --\n-- " + id + "1/devinfo/1/missing --\n0\n-- " + id + "1/devinfo/1/error_stats --\n" + clean +
		"-- " + id + "1/devinfo/2/missing --\n1\n-- " + id + "1/devinfo/2/error_stats --\n" + clean +
		"-- " + id + "2/devinfo/ dir complete --\n-- " + id + "2/devinfo/1/missing --\n0\n-- " + id + "2/devinfo/1/error_stats --\nwrite_errs 2\ncorruption_errs 1\n" +
		"-- " + id + "3/ dir complete --\n")
	res := reporttest.Collect(t, disk.Raid{Host: m.Host()})
	assert.Equal(t, []string{
		"critical: The array 7fe21481-9083-4f7b-a00c-e651fd16bfa1 is not whole: 1 disk missing",
		"warning: Disks of the array 7fe21481-9083-4f7b-a00c-e651fd16bfa2 have had errors",
	}, reporttest.Titles(res))
	require.Len(t, res.Problems, 1, "a kernel that does not tell")
	assert.Equal(t, report.CodeUnsupported, res.Problems[0].Code)
}

func TestADeviceOfBtrfsThatCannotBeReadIsUnknownAndHidesNoOther(t *testing.T) {
	const id = "/sys/fs/btrfs/7fe21481-9083-4f7b-a00c-e651fd16bfa1/devinfo"
	for _, unreadable := range []string{"-- " + id + "/1/missing error=io --\n", "-- " + id + "/1/missing absent --\n", "-- " + id + "/1/missing --\n0\n-- " + id + "/1/error_stats error=permission --\n"} {
		m := hosttest.New("btrfs\n-- $ [\"uname\", \"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /proc/mdstat absent --\n-- /dev/zfs absent --\n-- /sys/fs/btrfs/ dir complete --\n-- " + id + "/ dir complete --\n" +
			unreadable + "-- " + id + "/2/missing --\n1\n-- " + id + "/2/error_stats --\nwrite_errs 0\n")
		res := reporttest.Collect(t, disk.Raid{Host: m.Host()})
		assert.Equal(t, []string{"critical: The array 7fe21481-9083-4f7b-a00c-e651fd16bfa1 is not whole: 1 disk missing"}, reporttest.Titles(res), unreadable)
		assert.Equal(t, report.Partial, res.Status)
		assert.False(t, res.Covers("raid/btrfs"))
	}
}

// bsd is a BSD without ZFS.
func bsd(system, text string) disk.Raid {
	return disk.Raid{Host: hosttest.New("a BSD\n-- /proc/ absent --\n-- /sys/ absent --\n-- /dev/ dir --\n-- /dev/zfs absent --\n-- $ [\"uname\", \"-snrm\"] --\n" + system + "\n" + text).Host()}
}

func TestTheArraysOfEachBSDAreRead(t *testing.T) {
	// softraid: published recordings of sysctl; gmirror: those of the FreeBSD handbook;
	// graid, RAIDframe: after documentation (graid(8), raidctl(8))
	const open, free, net = "OpenBSD box 7.6 amd64", "FreeBSD box 14.1-RELEASE amd64", "NetBSD box 10.0 amd64"
	const sensors = "-- $ [\"sysctl\", \"hw.sensors\"] --\nhw.sensors.cpu0.temp0=46.00 degC\n"
	const mirror = "-- /dev/mirror/ dir --\n-- /dev/raid absent --\n-- /dev/raid3 absent --\n-- $ [\"gmirror\", \"status\", \"-s\"] --\n"
	const names = "-- $ [\"sysctl\", \"-n\", \"hw.disknames\"] --\nwd0 wd1 raid0 cd0\n-- $ [\"raidctl\", \"-s\", \"raid0\"] --\n"
	const whole = "Components:\n           /dev/wd0a: optimal\n           /dev/wd1a: %s\nNo spares.\nComponent label for /dev/wd0a:\n   Row: 0, Column: 0\n   Clean: No, Status: 0\nParity status: %s\nReconstruction is 100%% complete.\nParity Re-write is %s%% complete.\n"
	for _, c := range []struct {
		system, text string
		want         []string
	}{
		{open, sensors + "hw.sensors.softraid0.drive0=online (sd4), OK\n", []string{}},
		{open, sensors + "hw.sensors.softraid0.drive0=degraded (sd4), WARNING\n", []string{"critical: The array softraid0.drive0 is not whole"}},
		{open, sensors + "hw.sensors.softraid0.drive0=rebuilding (sd4), WARNING\n", []string{"warning: The array softraid0.drive0 is not whole, and is being made whole"}},
		{open, sensors + "hw.sensors.softraid0.drive0=failed (sd4), CRITICAL\nhw.sensors.mfi0.drive0=online (sd0), OK\n", []string{"critical: The array softraid0.drive0 cannot be used"}},
		{free, mirror + "mirror/gm0  COMPLETE  ada0 (ACTIVE)\nmirror/gm0  COMPLETE  ada1 (ACTIVE)\n", []string{}},
		{free, mirror + "mirror/gm0  DEGRADED  ada1 (ACTIVE)\n", []string{"critical: The array mirror/gm0 is not whole"}},
		{free, mirror + "mirror/gm0  DEGRADED  ada1 (ACTIVE)\nmirror/gm0  DEGRADED  ada0 (SYNCHRONIZING, 64%)\n", []string{"warning: The array mirror/gm0 is not whole, and is being made whole"}},
		{net, names + fmt.Sprintf(whole, "optimal", "clean", "100"), []string{}},
		{net, names + fmt.Sprintf(whole, "failed", "clean", "100"), []string{"critical: The array raid0 is not whole: 1 disk missing"}},
		{net, names + fmt.Sprintf(whole, "optimal", "DIRTY", "30"), []string{"warning: The array raid0 is not whole, and is being made whole"}},
	} {
		res := reporttest.Collect(t, bsd(c.system, c.text))
		assert.Equal(t, report.OK, res.Status, "%s: %v", c.text, res.Problems)
		assert.Equal(t, c.want, reporttest.Titles(res), c.text)
		assert.True(t, res.Covers("raid/bsd"))
		for _, f := range res.Findings {
			assert.Regexp(t, "bioctl softraid0|gmirror list gm0|raidctl -s raid0", fmt.Sprint(f.Remedy.Look[0]))
		}
	}
	for system, text := range map[string]string{
		open:                  sensors + "hw.sensors.softraid0.drive0=unknown\n",
		free:                  mirror + "mirror/gm0  WEIRD  ada1\n",
		net:                   names + "raidctl: no\n",
		"BSD/OS box 4.1 i386": "",
	} {
		res := reporttest.Collect(t, bsd(system, text))
		assert.Equal(t, report.Partial, res.Status, system)
		assert.False(t, res.Covers("raid/bsd"), system)
		assert.Empty(t, res.Findings, system)
	}
	res := reporttest.Collect(t, bsd(open, sensors))
	assert.Equal(t, report.Skipped, res.Status)
}

func TestASystemWithoutArraysHasNoSuchQuestion(t *testing.T) {
	res := reporttest.Collect(t, disk.Raid{Host: hosttest.New("none\n-- /proc/mdstat absent --\n" + noOther).Host()})
	assert.Equal(t, report.Skipped, res.Status)
}
