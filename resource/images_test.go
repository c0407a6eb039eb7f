package resource_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/resource"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

// A state is the figures of a machine, which each system tells in its own way: a
// memory of 2,000,000 KiB, swap space and a disk, in KiB, and two processors.
type state struct {
	available, swap, disk int // free
	load                  string
	synchronised          bool
}

var (
	well = state{1500000, 1000000, 15000000, "0.10 0.20 0.30", true}
	ill  = state{30000, 10000, 1000000, "12.00 10.00 9.00", false}
)

// illTitles are what is told of the machine that is ill, whatever system it has.
var illTitles = map[string][]string{
	"resource.memory": {
		"critical: Only 29.3 MiB of 1.91 GiB memory can still be used",
		"notice: Only 9.77 MiB of 977 MiB swap space is free",
	},
	"resource.load":        {"warning: For a quarter of an hour 9 programs on average wanted to run on 2 processors"},
	"resource.clock":       {"warning: The clock is not kept at the right time by a time service"},
	"resource.filesystems": {"warning: / is 95 % full: 977 MiB of 19.1 GiB free"},
}

const noFiles = "-- /etc/fstab absent --\n-- /sys/ dir complete --\n-- /run/ dir complete --\n-- /.dockerenv absent --\n-- /usr/bin/needs-restarting absent --\n"

// linuxParts gives the files and the df of a Linux. After documentation: proc(5),
// proc_pid_mountinfo(5), df(1); memory is told in another way by 2.4 and, without
// MemAvailable, before 3.14, mountinfo is there from 2.6.26 on.
func linuxParts(s state, series string) string {
	cached := s.available / 3
	memory := fmt.Sprintf("MemTotal:       2000000 kB\nMemFree: %12d kB\nMemShared:            0 kB\nBuffers: %12d kB\nCached: %13d kB\nSwapCached:           0 kB\nSwapTotal:      1000000 kB\nSwapFree: %11d kB\n",
		s.available-2*cached, cached, cached, s.swap)
	mounts := "-- /proc/self/ dir complete --\n-- /proc/mounts --\nrootfs / rootfs rw 0 0\n/dev/root / ext3 rw 0 0\nproc /proc proc rw 0 0\n"
	switch series {
	case "2.4":
		memory = fmt.Sprintf("        total:    used:    free:  shared: buffers:  cached:\nMem:  2048000000 %d %d        0 %d %d\nSwap: 1024000000 %d %d\n",
			2048000000-s.available*1024, s.available*1024, cached*1024, cached*1024, (1000000-s.swap)*1024, s.swap*1024) + memory
	case "2.6.26":
		mounts = "-- /proc/self/mountinfo --\n15 1 8:1 / / rw,relatime - ext3 /dev/root rw\n16 15 0:3 / /proc rw - proc proc rw\n"
	case "3.14":
		memory = fmt.Sprintf("MemTotal:        2000000 kB\nMemFree:            1000 kB\nMemAvailable: %10d kB\nSwapTotal:       1000000 kB\nSwapFree: %12d kB\n", s.available, s.swap)
		mounts = "-- /proc/self/mountinfo --\n22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw,errors=remount-ro\n23 22 0:21 / /proc rw,nosuid shared:2 - proc proc rw\n"
	}
	return noFiles + "-- /proc/pressure/ dir complete --\n-- /proc/spl/ dir complete --\n-- /proc/meminfo --\n" + memory + mounts +
		"-- /proc/loadavg --\n" + s.load + " 2/120 4711\n-- /proc/stat --\ncpu  1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nbtime 1764000000\n" +
		fmt.Sprintf("-- $ [\"df\", \"-P\", \"-k\", \"/\"] --\nFilesystem         1024-blocks      Used Available Capacity Mounted on\n/dev/root             20000000  %d  %d      %d%% /\n",
			20000000-s.disk, s.disk, (20000000-s.disk)/200000) +
		"-- $ [\"df\", \"-P\", \"-i\", \"/\"] --\nFilesystem            Inodes   IUsed   IFree IUse% Mounted on\n/dev/root            1310720  100000 1210720    8% /\n"
}

// bsdParts gives the answers of a BSD's commands. After documentation: vmstat(8),
// swapctl(8), swapinfo(8), sysctl(8), mount(8), df(1) of each; the words of
// FreeBSD's vmstat and of swapctl are those of published outputs.
func bsdParts(s state, system, mount string) string {
	pages := s.available / 4
	vmstat := fmt.Sprintf("     4096 bytes per page\n   500000 pages managed\n%9d pages free\n    10000 pages active\n%9d pages inactive\n", pages-pages/2, pages/2)
	swap := fmt.Sprintf("-- $ [\"swapctl\", \"-s\", \"-k\"] --\ntotal: 1000000 1K-blocks allocated, %d used, %d available\n", 1000000-s.swap, s.swap)
	load := s.load
	switch system {
	case "FreeBSD":
		vmstat = fmt.Sprintf("    10000 pages active\n%9d pages inactive\n      100 pages in the laundry queue\n    90000 pages wired down\n%9d pages free\n     4096 bytes per page\n", pages/2, pages-pages/2)
		swap = fmt.Sprintf("-- $ [\"sysctl\", \"-n\", \"hw.physmem\"] --\n2048000000\n-- $ [\"sysctl\", \"-n\", \"kstat.zfs.misc.arcstats.size\", \"kstat.zfs.misc.arcstats.c_min\"] exit=1 --\n-- stderr --\nsysctl: unknown oid 'kstat.zfs.misc.arcstats.size'\n"+
			"-- $ [\"swapinfo\", \"-k\"] --\nDevice          1K-blocks     Used    Avail Capacity\n/dev/ada0p3       1000000   %d   %d     1%%\n", 1000000-s.swap, s.swap)
		load = "{ " + load + " }"
	case "NetBSD":
		vmstat = fmt.Sprintf("     4096 bytes per page\n   500000 pages managed\n%9d pages free\n     9000 pages active\n%9d pages inactive\n     2000 pages wired\n%9d cached file pages\n        0 cached executable pages\n", pages/3, pages/3, pages-2*(pages/3))
	}
	return noFiles + "-- /proc/ absent --\n-- $ [\"vmstat\", \"-s\"] --\n" + vmstat + swap +
		"-- $ [\"sysctl\", \"-n\", \"vm.loadavg\", \"hw.ncpu\"] --\n" + load + "\n2\n-- $ [\"mount\"] --\n" + mount + "\n" +
		fmt.Sprintf("-- $ [\"df\", \"-k\", \"-i\", \"/\"] --\nFilesystem  1K-blocks      Used     Avail Capacity iused   ifree  %%iused  Mounted on\n/dev/root   20000000  %d  %d    %d%%  100000 1210720     8%%   /\n",
			20000000-s.disk, s.disk, (20000000-s.disk)/200000)
}

// clockTools are the time services, in the order in which they are asked.
// After documentation, as in TestEachTimeServiceIsRead.
var clockTools = []struct{ name, asked, good, bad string }{
	{"chronyc", `"-c", "-n", "tracking"`, "C0000201,192.0.2.1,3,1795899000.1,-0.000044,0,0,0,0,0,0,0,64.4,Normal", "00000000,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised"},
	{"ntpctl", `"-s", "status"`, "4/4 peers valid, clock synced, stratum 3", "1/4 peers valid, clock unsynced, clock offset is 12.3ms"},
	{"ntpq", `"-n", "-c", "rv 0 leap,stratum,offset,reftime"`, "leap=00, stratum=3, offset=-1.5", "assID=0 status=c011 sync_alarm, sync_unspec, 1 event, event_restart,\nleap=11, stratum=16, offset=0.000"},
	{"timedatectl", `"show"`, "Timezone=UTC\nNTPSynchronized=yes", "Timezone=UTC\nNTPSynchronized=no"},
}

func clockParts(tool string, synchronised bool) (text string) {
	for _, c := range clockTools {
		switch {
		case c.name != tool:
			text += "-- $ [\"" + c.name + "\"] notfound --\n"
		case synchronised:
			text += "-- $ [\"" + c.name + "\", " + c.asked + "] --\n" + c.good + "\n"
		default:
			text += "-- $ [\"" + c.name + "\", " + c.asked + "] --\n" + c.bad + "\n"
		}
	}
	return text
}

// images are all recorded systems, with the time service that is usual on each,
// and what makes their answers: a series of Linux, or how a BSD's mount is told.
var images = []struct{ name, tool, series, mount string }{
	{"almalinux-9.4", "chronyc", "3.14", ""},
	{"alpine-3.20", "chronyc", "3.14", ""},
	{"arch-rolling", "timedatectl", "3.14", ""},
	{"debian-12", "timedatectl", "3.14", ""},
	{"debian-3.1", "ntpq", "2.6", ""},
	{"fedora-41", "chronyc", "3.14", ""},
	{"freebsd-14.1", "ntpq", "FreeBSD", "/dev/root on / (ufs, local, soft-updates)"},
	{"mageia-9", "chronyc", "3.14", ""},
	{"mandrake-9.2", "ntpq", "2.4", ""},
	{"mandriva-2010.2", "ntpq", "2.6.26", ""},
	{"netbsd-10.0", "ntpq", "NetBSD", "/dev/root on / type ffs (log, local)"},
	{"openbsd-7.6", "ntpctl", "OpenBSD", "/dev/root on / type ffs (local)"},
	{"opensuse-15.6", "chronyc", "3.14", ""},
	{"redhat-7.3", "ntpq", "2.4", ""},
	{"rhel-9.4", "chronyc", "3.14", ""},
	{"rocky-9.4", "chronyc", "3.14", ""},
	{"slackware-15.0", "ntpq", "3.14", ""},
	{"suse-9.0", "ntpq", "2.4", ""},
	{"ubuntu-24.04", "timedatectl", "3.14", ""},
	{"ubuntu-4.10", "ntpq", "2.6", ""},
}

// onImage gives the checks of one of the images in a state.
func onImage(t *testing.T, name, tool, series, mount string, s state) []report.Checker {
	t.Helper()
	parts := bsdParts(s, series, mount)
	if mount == "" {
		parts = linuxParts(s, series)
	}
	h := recorded(t, name, parts+clockParts(tool, s.synchronised))
	return []report.Checker{resource.Memory{Host: h}, resource.Load{Host: h}, resource.Clock{Host: h}, disk.Filesystems{Host: h}}
}

// aMoment is a date or a time of day in a sentence.
var aMoment = regexp.MustCompile(`\d{4}-\d\d-\d\d|\d\d:\d\d|\b(UTC|GMT)\b`)

func TestMemoryLoadClockAndDiskAreJudgedAlikeOnEachRecordedSystem(t *testing.T) {
	for _, image := range images {
		for name, s := range map[string]state{"well": well, "ill": ill} {
			for _, c := range onImage(t, image.name, image.tool, image.series, image.mount, s) {
				now := func() time.Time { return time.Unix(1795899060, 0) } // a minute after chronyc's reference
				set := suite.Suite{Checks: []report.Checker{c}, Clock: now}
				rep, err := set.Run(t.Context())
				require.NoError(t, err)
				res := rep.Results[0]
				assert.Equal(t, report.OK, res.Status, "%s, %s, %s: %v", image.name, name, c.Name(), res.Problems)
				want := []string{}
				if name == "ill" {
					want = illTitles[c.Name()]
				}
				assert.Equal(t, want, reporttest.Titles(res), "%s, %s, %s", image.name, name, c.Name())
				for _, f := range res.Findings {
					assert.NotRegexp(t, aMoment, f.Title+f.Detail+f.Fix, "a reader has a zone of his own: times are evidence")
				}
			}
		}
	}
}

// What BSD/OS told of these nobody has recorded, and it is not guessed; what an
// old mount(8) leaves out makes a disk unknown, and no full one empty.
func TestWhatNobodyKnowsOfBSDOSIsSaid(t *testing.T) {
	h := recorded(t, "bsdos-4.1", bsdParts(ill, "BSD/OS", "/dev/root on / (local)")+clockParts("", false))
	for why, c := range map[string]report.Checker{
		"the memory of BSD/OS":                     resource.Memory{Host: h},
		"no time service that could tell":          resource.Clock{Host: h},
		"file systems of type local are not asked": disk.Filesystems{Host: h},
		"how much BSD/OS uses of its limits":       resource.KernelLimits{Host: h},
		"kernels of BSD/OS":                        resource.Reboot{Host: h},
	} {
		res := reporttest.Collect(t, c)
		assert.Contains(t, []report.Status{report.Failed, report.Partial}, res.Status, c.Name())
		assert.Empty(t, reporttest.Titles(res), c.Name())
		require.NotEmpty(t, res.Problems, c.Name())
		said := fmt.Sprint(res.Problems)
		assert.Contains(t, said, why, c.Name())
		for _, p := range res.Problems {
			assert.Equal(t, report.CodeUnsupported, p.Code, "%s: %s", c.Name(), p.Message)
		}
	}
	load := reporttest.Collect(t, resource.Load{Host: h})
	assert.Equal(t, illTitles["resource.load"], reporttest.Titles(load))
}

func TestEveryImageIsInTheTable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "hosts", "*.txtar"))
	require.NoError(t, err)
	names := map[string]bool{"bsdos-4.1": true} // has a test of its own
	for _, i := range images {
		names[i.name] = true
	}
	assert.Len(t, files, len(names))
	for _, f := range files {
		assert.Contains(t, names, strings.TrimSuffix(filepath.Base(f), ".txtar"))
	}
}
