package resource_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/resource"
)

func TestEveryCheckerKeepsTheContractOnThisMachine(t *testing.T) {
	for _, c := range resource.Checkers(resource.Options{Host: host.Local(), Local: true}) {
		assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{Changes: true}), c.Name())
	}
}

func TestAnUnknownHostIsUnknownAndNotSkipped(t *testing.T) {
	for _, c := range resource.Checkers(resource.Options{}) {
		res := reporttest.Collect(t, c)
		assert.Contains(t, []report.Status{report.Failed, report.Partial}, res.Status, c.Name())
		assert.Empty(t, res.Findings, c.Name())
		assert.Empty(t, res.Covered, c.Name())
		for _, p := range res.Problems {
			assert.Equal(t, report.CodeUnsupported, p.Code, "%s: %s", c.Name(), p.Message)
		}
	}
}

func TestALimitThatIsNearlyReachedIsFound(t *testing.T) {
	// after documentation: proc_sys_fs(5), proc_loadavg(5)
	m := hosttest.New(`limits
-- $ ["uname", "-snrm"] --
Linux box 6.1.0 x86_64
-- /proc/sys/fs/file-nr --
9100	100	10000
-- /sys/ dir complete --
-- /proc/ dir complete --
-- /proc/1/stat --
1 (init) S 0 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4 9 9
-- /proc/loadavg --
0.00 0.00 0.00 1/31000 4567
-- /proc/sys/kernel/pid_max --
32768
-- /proc/sys/kernel/threads-max --
60000
-- /proc/sys/net/netfilter/nf_conntrack_count --
262140
-- /proc/sys/net/netfilter/nf_conntrack_max --
262144
`)
	res := reporttest.Collect(t, resource.KernelLimits{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		"critical: >99 % of 262,144 possible tracked connections are in use",
		"warning: 90 % of 10,000 possible open files are in use",
		"warning: 95 % of 32,768 possible processes are in use",
	}, reporttest.Titles(res))
}

func TestAContainerHasALimitOfProcessesOfItsOwn(t *testing.T) {
	// after documentation: cgroups(7), the controller pids
	const machine = "a container\n-- $ [\"uname\", \"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /proc/ dir complete --\n-- /proc/1/stat --\n1 (init) S 0 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4 9 9\n" +
		"-- /proc/sys/fs/file-nr --\n100\t0\t10000\n-- /proc/loadavg --\n0.00 0.00 0.00 1/300 45\n-- /proc/sys/kernel/pid_max --\n32768\n-- /proc/sys/kernel/threads-max --\n60000\n-- /proc/sys/net/ absent --\n-- /sys/ dir complete=tree --\n"
	for files, want := range map[string][]string{
		"-- /sys/fs/cgroup/pids.max --\n100\n-- /sys/fs/cgroup/pids.current --\n98\n":           {"critical: 98 % of 100 possible processes are in use"},
		"-- /sys/fs/cgroup/pids/pids.max --\n100\n-- /sys/fs/cgroup/pids/pids.current --\n90\n": {"warning: 90 % of 100 possible processes are in use"},
		"-- /sys/fs/cgroup/pids.max --\nmax\n":                                                  {},
	} {
		res := reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New(machine + files).Host()})
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		assert.Equal(t, want, reporttest.Titles(res), files)
	}
	res := reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New(machine + "-- /sys/fs/cgroup/pids.max --\n100\n").Host()})
	assert.False(t, res.Covers("limits/processes"), "how many there are is not known")
}

func TestTheLimitsOfEachBSDAreRead(t *testing.T) {
	// after documentation: sysctl(2) and kern.* of each system, pstat(8), ps(1)
	const files = "critical: >99 % of 7,030 possible open files are in use"
	const processes = "warning: 90 % of 10 possible processes are in use"
	const nine = "-- $ [\"sysctl\", \"-n\", \"kern.maxproc\"] --\n10\n-- $ [\"ps\", \"-axo\", \"pid=\"] --\n    0\n    1\n    2\n    3\n    4\n    5\n    6\n    7\n  901\n"
	for system, c := range map[string]struct {
		text string
		want []string
	}{
		"OpenBSD box 7.6 amd64":          {"-- $ [\"sysctl\", \"-n\", \"kern.nfiles\", \"kern.maxfiles\"] --\n7000\n7030\n-- $ [\"sysctl\", \"-n\", \"kern.nprocs\", \"kern.maxproc\"] --\n50\n1310\n", []string{files}},
		"FreeBSD box 14.1-RELEASE amd64": {"-- $ [\"sysctl\", \"-n\", \"kern.openfiles\", \"kern.maxfiles\"] --\n7000\n7030\n" + nine, []string{files, processes}},
		"NetBSD box 10.0 amd64":          {"-- $ [\"pstat\", \"-T\"] --\n7000/7030 files\n   0M/512M swap space\n" + nine, []string{files, processes}},
	} {
		res := reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New("x\n-- $ [\"uname\", \"-snrm\"] --\n" + system + "\n" + c.text).Host()})
		assert.Equal(t, report.OK, res.Status, "%s: %v", system, res.Problems)
		assert.Equal(t, c.want, reporttest.Titles(res), system)
	}
	hidden := strings.ReplaceAll(nine, "    1\n", "")
	res := reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New("x\n-- $ [\"uname\", \"-snrm\"] --\nNetBSD box 10.0 amd64\n-- $ [\"pstat\", \"-T\"] --\n   0M/512M swap space\n" + hidden).Host()})
	assert.Empty(t, res.Covered, "what is hidden is not known")
	res = reporttest.Collect(t, resource.KernelLimits{Host: hosttest.New("x\n-- $ [\"uname\", \"-snrm\"] --\nBSD/OS box 4.1 i386\n").Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.Equal(t, report.CodeUnsupported, res.Problems[0].Code)
}
