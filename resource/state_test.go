package resource_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/resource"
)

const meminfo = `-- /sys/ dir complete --
-- /proc/pressure/ dir complete --
-- /proc/spl/ dir complete --
-- /proc/meminfo --
MemTotal:       2000000 kB
MemFree:          10000 kB
MemAvailable:     %d kB
SwapTotal:      1000000 kB
SwapFree:         %d kB
`

func TestLittleMemoryIsFound(t *testing.T) {
	for _, c := range []struct {
		available, swap int
		want            []string
	}{
		{1000000, 1000000, []string{}},
		{90000, 1000000, []string{"warning: Only 87.9 MiB of 1.91 GiB memory can still be used"}},
		{20000, 50000, []string{
			"critical: Only 19.5 MiB of 1.91 GiB memory can still be used",
			"notice: Only 48.8 MiB of 977 MiB swap space is free",
		}},
	} {
		m := hosttest.New(fmt.Sprintf(meminfo, c.available, c.swap))
		res := reporttest.Collect(t, resource.Memory{Host: m.Host()})
		assert.Equal(t, report.OK, res.Status)
		assert.Equal(t, c.want, reporttest.Titles(res))
		assert.True(t, res.Covers("memory") && res.Covers("swap"))
	}
}

// memoryOf is a machine with a text of /proc/meminfo in KiB, and other files.
func memoryOf(total, available int, more string) *hosttest.Machine {
	return hosttest.New(fmt.Sprintf("memory\n-- /sys/ dir complete --\n-- /proc/pressure/ dir complete --\n-- /proc/spl/ dir complete --\n-- /proc/meminfo --\nMemTotal: %d kB\nMemFree: 1 kB\nMemAvailable: %d kB\nSwapTotal: 1000 kB\nSwapFree: 10 kB\n%s",
		total, available, more))
}

func TestMemoryIsShortWhenTheKernelReallyHasNone(t *testing.T) {
	const low = "critical: Only 9.77 MiB of 1.91 GiB memory can still be used"
	for _, c := range []struct {
		name, more       string
		total, available int
		want             []string
	}{
		{"swap is used up while memory is free", "", 2000000, 1600000, []string{}},
		{"five per cent of a large memory are plenty", "", 1 << 29, 9 << 20, []string{}},
		// after documentation: arcstats of OpenZFS
		{
			"the cache of ZFS gives way", "-- /proc/spl/kstat/zfs/arcstats --\n9 1 0x01 147 39984 1 2\nname type data\nc_min 4 100000000\nsize 4 1500000000\n",
			2000000, 10000,
			[]string{},
		},
		{
			"but for its smallest size", "-- /proc/spl/kstat/zfs/arcstats --\nc_min 4 1500000000\nsize 4 1500000000\n",
			2000000, 10000,
			[]string{low, "notice: Only 10 KiB of 1,000 KiB swap space is free"},
		},
		{"huge pages are no memory of others", "HugePages_Total: 900\nHugePages_Free: 900\nHugepagesize: 2048 kB\n", 2000000, 120000, []string{}},
		// after documentation: cgroups(7), cgroup-v2
		{
			"a container has less", "-- /sys/fs/cgroup/memory.max --\n1000000000\n-- /sys/fs/cgroup/memory.current --\n995000000\n" +
				"-- /sys/fs/cgroup/memory.stat --\nanon 1\ninactive_file 1000000\n", 2000000, 1000000,
			[]string{"critical: Only 5.72 MiB of 954 MiB memory can still be used", "notice: Only 10 KiB of 1,000 KiB swap space is free"},
		},
		{
			"a container of the first form has less", "-- /sys/fs/cgroup/memory.max absent --\n-- /sys/fs/cgroup/memory/memory.limit_in_bytes --\n1000000000\n-- /sys/fs/cgroup/memory/memory.usage_in_bytes --\n995000000\n" +
				"-- /sys/fs/cgroup/memory/memory.stat --\ntotal_inactive_file 1000000\n", 2000000, 1000000,
			[]string{"critical: Only 5.72 MiB of 954 MiB memory can still be used", "notice: Only 10 KiB of 1,000 KiB swap space is free"},
		},
		{"a limit that is none, of the first form", "-- /sys/fs/cgroup/memory.max absent --\n-- /sys/fs/cgroup/memory/memory.limit_in_bytes --\n9223372036854771712\n-- /sys/fs/cgroup/memory/memory.usage_in_bytes --\n995000000\n-- /sys/fs/cgroup/memory/memory.stat --\n", 2000000, 1000000, []string{}},
		{"a limit of none", "-- /sys/fs/cgroup/memory.max --\nmax\n", 2000000, 1000000, []string{}},
		{
			"all wait", "-- /proc/pressure/memory --\nsome avg10=0.00 avg60=0.00 avg300=99.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=31.50 total=1\n",
			2000000, 1000000,
			[]string{"warning: For 32 % of the last five minutes all programs waited for memory"},
		},
	} {
		res := reporttest.Collect(t, resource.Memory{Host: memoryOf(c.total, c.available, c.more).Host()})
		assert.Equal(t, report.OK, res.Status, "%s: %v", c.name, res.Problems)
		assert.Equal(t, c.want, reporttest.Titles(res), c.name)
	}
}

func TestPressureThatCannotBeReadIsUnknown(t *testing.T) {
	res := reporttest.Collect(t, resource.Memory{Host: memoryOf(2000, 1000, "-- /proc/pressure/memory --\nfull avg300=x\n").Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("pressure/memory"))
	assert.True(t, res.Covers("memory"))
}

func TestMemoryWithoutProcIsAskedOfThisMachineOnly(t *testing.T) {
	m := hosttest.New("-- /proc/ absent --\n-- $ [\"uname\", \"-snrm\"] --\nBSD/OS box 4.1 i386\n")
	res := reporttest.Collect(t, resource.Memory{Host: m.Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.Equal(t, report.CodeUnsupported, res.Problems[0].Code)
	res = reporttest.Collect(t, resource.Memory{Host: m.Host(), Local: true})
	assert.True(t, res.Covers("memory"))
	assert.False(t, res.Covers("swap"))
}

func TestTheMemoryOfABSDIsKnownFromAfar(t *testing.T) {
	// after documentation: vmstat(8), sysctl(8), swapinfo(8); arcstats of OpenZFS
	const machine = "-- /proc/ absent --\n-- $ [\"uname\", \"-snrm\"] --\nFreeBSD box 14.1-RELEASE amd64\n-- $ [\"sysctl\", \"-n\", \"hw.physmem\"] --\n2048000000\n" +
		"-- $ [\"vmstat\", \"-s\"] --\n 100 pages inactive\n 200 pages free\n 4096 bytes per page\n"
	arc := func(answer string) string {
		return "-- $ [\"sysctl\", \"-n\", \"kstat.zfs.misc.arcstats.size\", \"kstat.zfs.misc.arcstats.c_min\"] " + answer
	}
	const none = "-- $ [\"swapinfo\", \"-k\"] --\nDevice          1K-blocks     Used    Avail Capacity\n"
	for _, c := range []struct {
		text      string
		want      []string
		mem, swap bool
	}{
		{arc("--\n1500000000\n100000000\n") + none, []string{}, true, true},
		{arc("--\n1500000000\n1500000000\n") + none, []string{"critical: Only 1.17 MiB of 1.91 GiB memory can still be used"}, true, true},
		{arc("--\n1500000000\n100000000\n") + "-- $ [\"swapinfo\", \"-k\"] exit=1 --\n", []string{}, true, false},
		{arc("--\n1500000000\n100000000\n") + "-- $ [\"swapinfo\", \"-k\"] --\nsomething else\n", []string{}, true, false},
		{arc("exit=1 --\n-- stderr --\nno\n") + none, []string{}, false, false},
	} {
		res := reporttest.Collect(t, resource.Memory{Host: hosttest.New(machine + c.text).Host()})
		assert.Equal(t, c.want, reporttest.Titles(res), c.text)
		assert.Equal(t, [2]bool{c.mem, c.swap}, [2]bool{res.Covers("memory"), res.Covers("swap")}, c.text)
	}
}

const loads = `-- /proc/pressure/ dir complete --
-- /proc/loadavg --
%s 1/123 4567
-- /proc/stat --
cpu0 1
cpu1 1
btime 1764000000
`

func TestAHighLoadIsOneOfAQuarterOfAnHourThatGoesOn(t *testing.T) {
	for averages, why := range map[string]string{"99.00 50.00 7.99": "a short peak is none", "1.00 5.00 20.00": "one that is over is none"} {
		res := reporttest.Collect(t, resource.Load{Host: hosttest.New(fmt.Sprintf(loads, averages)).Host()})
		assert.Empty(t, res.Findings, why)
		assert.True(t, res.Covers("load"))
	}
	res := reporttest.Collect(t, resource.Load{Host: hosttest.New(fmt.Sprintf(loads, "8.10 9.00 8.00")).Host()})
	assert.Equal(t, []string{"warning: For a quarter of an hour 8 programs on average wanted to run on 2 processors"}, reporttest.Titles(res))
}

func TestProgramsThatWaitForADiskAreFound(t *testing.T) {
	// after documentation: the kernel's accounting/psi
	for full, want := range map[string][]string{
		"60.00": {"warning: For 60 % of the last five minutes all programs waited for a disk"},
		"59.00": {}, // a backup does so
	} {
		text := fmt.Sprintf(loads, "0.10 0.20 0.30") + "-- /proc/pressure/io --\nsome avg10=0.00 avg60=0.00 avg300=99.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=" + full + " total=1\n"
		res := reporttest.Collect(t, resource.Load{Host: hosttest.New(text).Host()})
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		assert.Equal(t, want, reporttest.Titles(res), full)
		assert.True(t, res.Covers("pressure/io"))
	}
}

const noTools = `-- $ ["chronyc"] notfound --
-- $ ["ntpctl"] notfound --
-- $ ["ntpq"] notfound --
`

func TestTheClockIsUnknownWithoutATool(t *testing.T) {
	m := hosttest.New(noTools + "-- $ [\"timedatectl\"] notfound --\n")
	res := reporttest.Collect(t, resource.Clock{Host: m.Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.Equal(t, report.CodeUnsupported, res.Problems[0].Code)
	assert.False(t, res.Covers("clock"))
}

func TestAToolThatFailsIsNoAnswer(t *testing.T) {
	// recorded live in a container: timedatectl without systemd
	m := hosttest.New(noTools + `-- $ ["timedatectl", "show"] exit=1 --
-- stderr --
System has not been booted with systemd as init system (PID 1). Can't operate.
`)
	res := reporttest.Collect(t, resource.Clock{Host: m.Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.Empty(t, res.Findings)
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "Can't operate")
}

func TestAnUnsynchronisedClockIsFound(t *testing.T) {
	m := hosttest.New(noTools + "-- $ [\"timedatectl\", \"show\"] --\nTimezone=UTC\nNTP=no\nNTPSynchronized=no\n")
	res := reporttest.Collect(t, resource.Clock{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, []string{"warning: The clock is not kept at the right time by a time service"}, reporttest.Titles(res))
	assert.Contains(t, res.Findings[0].Detail, "timedatectl")
}

func TestTheClockOfAContainerIsSetOutsideOfIt(t *testing.T) {
	const unsynchronised = noTools + "-- $ [\"timedatectl\", \"show\"] --\nNTPSynchronized=no\n"
	const docker = "-- /.dockerenv --\n-- /proc/self/mountinfo --\n22 1 0:21 / / rw,relatime - "
	res := reporttest.Collect(t, resource.Clock{Host: hosttest.New(unsynchronised + docker + "ext4 /dev/vda1 rw\n").Host()})
	assert.Equal(t, report.Warning, res.Findings[0].Severity, "a machine that was made of an image")
	for _, mark := range []string{docker + "overlay overlay rw\n", "-- /run/.containerenv --\n", "-- /run/systemd/container --\n"} {
		res := reporttest.Collect(t, resource.Clock{Host: hosttest.New(unsynchronised + mark).Host()})
		assert.Equal(t, []string{"notice: The clock is not kept at the right time by a time service"}, reporttest.Titles(res))
		assert.Contains(t, res.Findings[0].Fix, "machine that runs this container")
	}
}

func TestAClockThatItsServiceCallsRightIsJudged(t *testing.T) {
	// after documentation: chronyc(1), ntpq(1); the moment is 2026-11-28 21:00 UTC
	const now = 1795899600
	for _, c := range []struct{ chrony, ntpq, want string }{
		{"C0000201,192.0.2.1,3,1795899000.1,-312.000044,0,0,0,0,0,0,0,64.4,Normal", "", "critical: The clock is wrong by 5 minutes"},
		{"C0000201,192.0.2.1,3,1795899000.1,0.75,0,0,0,0,0,0,0,64.4,Normal", "", "warning: The clock is wrong by 750 ms"},
		{"C0000201,192.0.2.1,3,1793221200.1,0.0001,0,0,0,0,0,0,0,64.4,Normal", "", "warning: The time service has heard no server for 31 days"},
		{"C0000201,192.0.2.1,3,1795899000.1,0.0001,0,0,0,0,0,0,0,64.4,Normal", "", ""},
		{"C0000201,192.0.2.1,3,1795899630.1,0.0001,0,0,0,0,0,0,0,64.4,Normal", "", ""},
		{"C0000201,192.0.2.1,3,1796072400.1,0.0001,0,0,0,0,0,0,0,64.4,Normal", "", "critical: The clock was set back by 2 days or more"},
		{"192.0.2.1,3,1795899000.1,0.0001,0,0,0,0,0,0,0,64.4,Normal", "", ""}, // 13 fields
		{"", "leap=00, stratum=2, offset=-45000.0, reftime=eeb5b140.12345678 Sat, Nov 28 2026 20:00:00.071", "warning: The clock is wrong by 45 seconds"},
		{"", "leap=00, stratum=16, offset=0.0", "warning: The clock is not kept at the right time by a time service"},
		{"", "leap=00, stratum=2, offset=0.1, reftime=ee8cd2c0.0 Wed, Oct 28 2026 20:00:00.071", "warning: The time service has heard no server for 31 days"},
	} {
		text := "clock\n-- $ [\"chronyc\", \"-c\", \"-n\", \"tracking\"] --\n" + c.chrony + "\n"
		if c.chrony == "" {
			text = "clock\n-- $ [\"chronyc\"] notfound --\n-- $ [\"ntpctl\"] notfound --\n" +
				"-- $ [\"ntpq\", \"-n\", \"-c\", \"rv 0 leap,stratum,offset,reftime\"] --\n" + c.ntpq + "\n"
		}
		set := suite.Suite{
			Checks: []report.Checker{resource.Clock{Host: hosttest.New(text).Host()}},
			Clock:  func() time.Time { return time.Unix(now, 0) },
		}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		res := rep.Results[0]
		require.Equal(t, report.OK, res.Status, "%v", res.Problems)
		want := []string{}
		if c.want != "" {
			want = append(want, c.want)
		}
		assert.Equal(t, want, reporttest.Titles(res), "%+v", c)
	}
}

func TestEachTimeServiceIsRead(t *testing.T) {
	none := math.NaN()
	for _, c := range []struct {
		parse  func([]byte) (resource.ClockState, error)
		text   string
		synced bool
		offset float64
	}{
		// recorded live: chrony 4.3 before its first answer, and serving its own clock
		{resource.ParseChrony, "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised\n", false, none},
		{resource.ParseChrony, "7F7F0101,,8,1795643903.309900920,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal\n", false, none},
		// after documentation: chronyc(1), ntpctl(8), ntpq(1), timedatectl(1)
		{resource.ParseChrony, "C0000201,192.0.2.1,3,1764000000.1,-0.000044,-0.000026,0.000311,-16.115,0.002,0.046,0.016654,0.000989,64.4,Normal\n", true, 0.000044},
		{resource.ParseNtpctl, "4/4 peers valid, clock synced, stratum 3\n", true, none},
		{resource.ParseNtpctl, "1/4 peers valid, clock unsynced, clock offset is 12.3ms\n", false, none},
		{resource.ParseNtpq, "leap=00, stratum=2, offset=-1.5\n", true, 0.0015},
		{resource.ParseNtpq, "leap=11, stratum=16, offset=0.000000\n", false, none},
		{resource.ParseTimedatectl, "NTP=yes\nNTPSynchronized=yes\n", true, none},
	} {
		state, err := c.parse([]byte(c.text))
		require.NoError(t, err, c.text)
		assert.Equal(t, c.synced, state.Synchronised, c.text)
		if math.IsNaN(c.offset) {
			assert.True(t, math.IsNaN(state.Offset), c.text)
		} else {
			assert.InDelta(t, c.offset, state.Offset, 1e-9, c.text)
		}
		_, err = c.parse([]byte("506 Cannot talk to daemon\n"))
		assert.Error(t, err)
		_, err = c.parse(nil)
		assert.Error(t, err)
	}
}

// after documentation: systemctl(1)
const failedUnits = `-- /run/systemd/system/ dir --
-- /etc/os-release --
ID=debian
VERSION_ID="12"
-- $ ["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full", "--no-pager"] --
nginx.service loaded failed failed A high performance web server
dev-disk-by\x2dlabel-x.swap loaded failed failed Swap
session-3.scope loaded failed failed Session 3 of User ann
user@1000.service loaded failed failed User Manager for UID 1000
-- $ ["systemctl", "show", "--property=Id,Result,StateChangeTimestamp,ExecStartPre,ExecStart,RootDirectory,RootImage", "--", "nginx.service", "dev-disk-by\\x2dlabel-x.swap"] --
Result=exit-code
Id=nginx.service
StateChangeTimestamp=Tue 2026-11-24 10:00:00 UTC

Result=resources
Id=dev-disk-by\x2dlabel-x.swap
StateChangeTimestamp=
`

func TestFailedServicesAreFoundWithReasonAndTime(t *testing.T) {
	res := reporttest.Collect(t, resource.Services{Host: hosttest.New(failedUnits).Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		`warning: The swap space dev-disk-by\x2dlabel-x.swap has failed`,
		"warning: The service nginx.service has failed",
	}, reporttest.Titles(res))
	f := res.Findings[1]
	assert.Equal(t, "A high performance web server. The service manager's reason: exit-code.", f.Detail)
	assert.Equal(t, []report.Attr{{Key: report.Unit, Value: "nginx.service"}, {Key: report.At, Value: "2026-11-24T10:00:00Z"}, {Key: report.Reason, Value: "exit-code"}}, f.Evidence)
	assert.Contains(t, res.Findings[0].Remedy.Look[0], `dev-disk-by\x2dlabel-x.swap`)
	assert.Equal(t, &report.Remedy{
		Look:   [][]string{{"journalctl", "--no-pager", "-n", "50", "-u", "nginx.service"}},
		Do:     [][]string{{"systemctl", "restart", "--", "nginx.service"}},
		Verify: [][]string{{"systemctl", "status", "--no-pager", "--", "nginx.service"}},
	}, f.Remedy)
	assert.Equal(t, "Read why, then remove the cause and start it again.", f.Fix, "a command stands in a block of its own")
	assert.True(t, res.Covers("services/nginx.service"))
}

func TestASystemdThatDoesNotAnswerIsUnknown(t *testing.T) {
	text, _, _ := strings.Cut(failedUnits, "nginx.service loaded")
	text = strings.Replace(text, `"--no-pager"] --`, `"--no-pager"] exit=1 --`, 1)
	res := reporttest.Collect(t, resource.Services{Host: hosttest.New(text).Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.False(t, res.Covers("services"))
}

func TestFailedServicesAreNoQuestionWithoutAServiceManager(t *testing.T) {
	const without = "-- /run/ dir complete --\n-- /sbin/openrc-run absent --\n-- /usr/sbin/rcctl %s --\n-- /etc/rc.d/ dir complete --\n"
	res := reporttest.Collect(t, resource.Services{Host: hosttest.New(fmt.Sprintf(without, "absent")).Host()})
	assert.Equal(t, report.Skipped, res.Status)
	for list, want := range map[string][]string{
		"--\nhttpd\nsmtpd\n":            {"warning: The service httpd has failed", "warning: The service smtpd has failed"},
		"exit=1 --\nsmtpd\n":            {"warning: The service smtpd has failed"},
		"exit=1 --\n":                   {},
		"--\n":                          {},
		"exit=1 --\n-- stderr --\nno\n": nil,
		"exit=2 --\n":                   nil,
	} { // after documentation: rcctl(8)
		text := fmt.Sprintf(without, "mode=0755") + "-- $ [\"rcctl\", \"ls\", \"failed\"] " + list
		res = reporttest.Collect(t, resource.Services{Host: hosttest.New(text).Host()})
		if want == nil {
			assert.Equal(t, report.Failed, res.Status, list)
			continue
		}
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		assert.Equal(t, want, reporttest.Titles(res))
	}
	image := hosttest.New(fmt.Sprintf(without, "absent")).Host()
	image.Exec = nil
	res = reporttest.Collect(t, resource.Services{Host: image})
	assert.Equal(t, report.Failed, res.Status, "an image says nothing of the services that it would start")
	assert.Equal(t, report.CodeUnsupported, res.Problems[0].Code)
	res = reporttest.Collect(t, resource.Services{Host: hosttest.New(fmt.Sprintf(without, "stat-error=permission")).Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.Equal(t, report.CodePermission, res.Problems[0].Code)
}

const kernels = `-- /run/ dir complete --
-- /usr/bin/needs-restarting absent --
-- /proc/sys/kernel/osrelease --
6.1.0-9-amd64
-- /boot/ dir complete --
-- /boot/vmlinuz-6.1.0-9-amd64 --
-- /boot/vmlinuz-6.1.0-41-cloud-amd64 --
-- /boot/initrd.img-6.1.0-50-amd64 --
-- /lib/modules/ dir complete --
-- /lib/modules/6.1.0-60-amd64/ dir complete --
`

func TestOnlyANewerKernelOfTheSameFlavourWithAnImageCounts(t *testing.T) {
	res := reporttest.Collect(t, resource.Reboot{Host: hosttest.New(kernels).Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Empty(t, res.Findings)
	res = reporttest.Collect(t, resource.Reboot{Host: hosttest.New(kernels + "-- /boot/vmlinuz-6.1.0-41-amd64 --\n").Host()})
	assert.Equal(t, []string{"warning: Kernel 6.1.0-41-amd64 is installed, but 6.1.0-9-amd64 still runs"}, reporttest.Titles(res))
}

func TestFedorasKernelImagesLieWithTheModules(t *testing.T) {
	m := hosttest.New(`-- /run/ dir complete --
-- /proc/sys/kernel/osrelease --
6.8.9-300.fc40.x86_64
-- /boot/ absent --
-- /lib/modules/ dir complete --
-- /lib/modules/6.8.9-300.fc40.x86_64/vmlinuz --
-- /lib/modules/6.8.10-300.fc40.x86_64/vmlinuz --
`)
	running, newer, err := resource.Kernels(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Equal(t, "6.8.9-300.fc40.x86_64", running)
	assert.Equal(t, "6.8.10-300.fc40.x86_64", newer)
}

func TestKernelsOfOtherSystemsAreKnownByTheirOwnNames(t *testing.T) {
	// after documentation: the file lists of linux-lts of Alpine and kernel-generic of Slackware
	for _, c := range []struct{ running, text, want string }{
		{"6.6.30-0-lts", "-- /boot/vmlinuz-lts --\n-- /lib/modules/6.6.31-0-lts/ dir complete --\n", "6.6.31-0-lts"},
		{"6.6.30-0-virt", "-- /boot/vmlinuz-lts --\n-- /lib/modules/6.6.31-0-lts/ dir complete --\n", ""},
		{"5.15.160", "-- /boot/vmlinuz-generic-5.15.161 --\n", "5.15.161"},
		{"5.15.160", "-- /boot/vmlinuz-generic link=vmlinuz-generic-5.15.160 --\n-- /boot/vmlinuz-generic-5.15.160 --\n", ""},
		{"6.8.9-300.fc40.x86_64", "-- /boot/vmlinuz-0-rescue-9f3a --\n", ""},
	} {
		m := hosttest.New("-- /boot/ dir complete --\n-- /lib/modules/ dir complete --\n-- /proc/sys/kernel/osrelease --\n" + c.running + "\n" + c.text)
		_, newer, err := resource.Kernels(t.Context(), m.Host())
		require.NoError(t, err)
		assert.Equal(t, c.want, newer, "%+v", c)
	}
}

func TestAnUpdateThatAsksForARebootIsFoundWithItsPackages(t *testing.T) {
	text := strings.TrimPrefix(kernels, "-- /run/ dir complete --\n") +
		"-- /run/reboot-required --\n*** System restart required ***\n-- /run/reboot-required.pkgs --\nlinux-base\nlibc6\nlibc6\n"
	res := reporttest.Collect(t, resource.Reboot{Host: hosttest.New(text).Host()})
	assert.Equal(t, []string{"warning: An update asks for a reboot of the system"}, reporttest.Titles(res))
	assert.Equal(t, []report.Attr{{Key: report.Package, Value: "deb:libc6"}, {Key: report.Package, Value: "deb:linux-base"}}, res.Findings[0].Evidence)
}

func TestAWishForARebootIsToldAlsoWhereItsPackagesCannotBeRead(t *testing.T) {
	text := strings.TrimPrefix(kernels, "-- /run/ dir complete --\n") + "-- /run/reboot-required --\n-- /run/reboot-required.pkgs "
	res := reporttest.Collect(t, resource.Reboot{Host: hosttest.New(text + "error=io --\n").Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.Equal(t, []string{"warning: An update asks for a reboot of the system"}, reporttest.Titles(res))
	many := "--\n"
	for i := range 1000 {
		many += fmt.Sprintf("package%04d\n", i)
	}
	res = reporttest.Collect(t, resource.Reboot{Host: hosttest.New(text + many).Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	require.Len(t, res.Findings, 1)
	assert.Len(t, res.Findings[0].Evidence, 64)
	assert.Contains(t, res.Findings[0].Detail, "980 more")
}

func TestSUSEAsksForARebootByAFileOfItsOwn(t *testing.T) {
	res := reporttest.Collect(t, resource.Reboot{Host: hosttest.New(kernels + "-- /run/reboot-needed --\n").Host()})
	assert.Equal(t, []string{"warning: An update asks for a reboot of the system"}, reporttest.Titles(res))
	assert.Equal(t, "/run/reboot-needed", res.Findings[0].Subject.Value)
	res = reporttest.Collect(t, resource.Reboot{Host: hosttest.New(kernels + "-- /run/reboot-needed stat-error=permission --\n").Host()})
	assert.False(t, res.Covers("reboot/asked"))
}

func TestAnUnreadableBootFolderLeavesTheKernelUnknown(t *testing.T) {
	text := noAsking + "-- /proc/sys/kernel/osrelease --\n6.1.0-9-amd64\n-- /boot/ dir error=permission --\n"
	res := reporttest.Collect(t, resource.Reboot{Host: hosttest.New(text).Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.True(t, res.LacksOnlyRights())
	assert.False(t, res.Covers("reboot/kernel"))
	assert.True(t, res.Covers("reboot/asked"))
}

func ExampleReadClock() {
	// What an ntpd says that has not set the clock yet.
	m := hosttest.New("-- $ [\"chronyc\"] notfound --\n-- $ [\"ntpctl\"] notfound --\n-- $ [\"ntpq\", \"-n\", \"-c\", \"rv 0 leap,stratum,offset,reftime\"] --\nleap=11, stratum=16, offset=0.0\n")
	state, err := resource.ReadClock(context.Background(), m.Host())
	fmt.Println(state.By, state.Synchronised, err)
	// Output: ntpq false <nil>
}

func ExampleKernels() {
	running, newer, err := resource.Kernels(context.Background(), hosttest.New(kernels+"-- /boot/vmlinuz-6.1.0-41-amd64 --\n").Host())
	fmt.Println(running, newer, err)
	// Output: 6.1.0-9-amd64 6.1.0-41-amd64 <nil>
}

func ExampleCheckers() {
	m := hosttest.New(fmt.Sprintf(loads, "9.00 9.00 8.00"))
	for _, c := range resource.Checkers(resource.Options{Host: m.Host()}) {
		if c.Name() != "resource.load" {
			continue
		}
		res, err := suite.Collect(context.Background(), c)
		fmt.Println(res.Findings[0].Title, err)
	}
	// Output: For a quarter of an hour 8 programs on average wanted to run on 2 processors <nil>
}
