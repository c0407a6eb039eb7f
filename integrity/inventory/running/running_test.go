package running_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/running"
	"github.com/pugetsoundtech/upkeep/report"
)

const updated = `A machine after an update of a library; the forms are recorded live.
-- /etc/os-release --
ID=debian
-- /run/systemd/system/ dir complete --
-- /proc/ dir complete --
-- /proc/stat --
cpu0 1 2 3
btime 1764000000
-- /proc/812/stat --
812 (sshd) S 1 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1000 9 9
-- /proc/812/exe link=/usr/sbin/sshd --
-- /proc/812/cgroup --
0::/system.slice/ssh.service
-- /proc/812/maps --
7f0000000000-7f0000001000 r-xp 00000000 08:01 77                         /usr/lib/libz.so.1 (deleted)
7f0000002000-7f0000003000 r-xp 00000000 08:01 78                         /tmp/jit (deleted)
-- /proc/812/root/ dir complete --
-- /proc/812/root/usr/lib/libz.so.1 --
new
-- /proc/812/root/tmp/jit --
x
`

func TestWhatStillRunsReplacedCodeIsOneFindingThatItsPackageExplains(t *testing.T) {
	h := hosttest.New(updated).Host()
	owners := integritytest.Claims{"/usr/lib/libz.so.1": {Package: "deb:zlib1g"}}
	res := integritytest.Collect(t, running.Replaced{Host: h, Attestor: owners})
	require.Equal(t, []string{"notice: 1 program runs code that was replaced: ssh"}, integritytest.Titles(res), "%v", res.Problems)
	f := res.Findings[0]
	assert.Equal(t, "It is in /usr/lib/libz.so.1.", f.Detail)
	assert.Contains(t, f.Evidence, report.Package.Of("deb:zlib1g"))
	assert.True(t, res.Covers("replaced-code"))
}

// without is a machine whose process 900 runs from a file without a name.
func without(name, exe, uid, there string) string {
	if there == "" {
		there = "-- /proc/900/root" + exe + " absent --\n"
	}
	return `A machine with a program that has no file.
-- machine now=2025-11-25T06:00:00Z uid=0 gid=0 --
-- /etc/passwd --
root:x:0:0::/root:/bin/sh
ann:x:1000:1000::/home/ann:/bin/sh
-- /run/systemd/system/ dir complete --
-- /proc/ dir complete --
-- /proc/stat --
cpu0 1 2 3
btime 1764000000
-- /proc/900/stat --
900 (` + name + `) S 1 900 900 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1000 9 9
-- /proc/900/status --
Uid:	` + uid + "\t" + uid + "\t" + uid + "\t" + uid + `
-- /proc/900/exe link="` + exe + ` (deleted)" --
-- /proc/900/maps --
7f0000000000-7f0000001000 r-xp 00000000 08:01 77                         ` + exe + ` (deleted)
-- /proc/900/root/ dir complete --
` + there
}

func TestAProgramWithoutAFileIsTold(t *testing.T) {
	for what, tt := range map[string]struct{ machine, want string }{
		"removed":            {without("[kworker/0:2]", "/tmp/.k", "0", ""), "warning: [kworker/0:2] of root (process 900) runs from /tmp/.k, a file that was removed"},
		"another in place":   {without("k", "/tmp/.k", "0", "-- /proc/900/root/tmp/.k --\nx\n"), "warning: k of root (process 900) runs from /tmp/.k, a file that was removed; another has its name"},
		"in memory":          {without("k", "/memfd:x", "33", ""), "warning: k of user 33 (process 900) runs from memory alone (/memfd:x)"},
		"a user's in /tmp":   {without("p", "/var/tmp/.p", "1000", ""), "warning: p of ann (process 900) runs from /var/tmp/.p, a file that was removed"},
		"a user's in a home": {without("p", "/home/ann/p", "1000", ""), "notice: p of ann (process 900) runs from /home/ann/p, a file that was removed"},
		"built anew":         {without("p", "/home/ann/p", "1000", "-- /proc/900/root/home/ann/p --\nx\n"), ""},
		"of a package":       {without("p", "/opt/v1/p", "0", ""), ""},
		"for a moment":       {strings.Replace(without("runc", "/memfd:runc_cloned:/proc/self/exe", "0", ""), "now=2025-11-25T06:00:00Z", "now=2025-11-24T16:00:20Z", 1), ""},
	} {
		res := integritytest.Collect(t, running.Replaced{Host: hosttest.New(tt.machine).Host()})
		require.Equal(t, report.OK, res.Status, "%s: %v", what, res.Problems)
		assert.Equal(t, tt.want, strings.Join(integritytest.Titles(res), "\n"), what)
	}
}

func TestATaintedKernelAndAHiddenModuleAreTold(t *testing.T) {
	m := hosttest.New(`A kernel with a module that hides.
-- /proc/sys/kernel/tainted --
12288
-- /proc/modules --
ext4 1 1 - Live 0x0
-- /sys/module/ dir complete --
-- /sys/module/ext4/ dir complete --
-- /sys/module/ext4/initstate --
live
-- /sys/module/printk/ dir complete --
-- /sys/module/rk/ dir complete --
-- /sys/module/rk/initstate --
live
`)
	res := integritytest.Collect(t, running.Kernel{Host: m.Host()})
	assert.ElementsMatch(t, []string{
		"warning: The kernel has had a module from outside the kernel's source and a module that nobody signed since it started",
		"critical: The kernel's module rk is in /sys/module and not in /proc/modules",
	}, integritytest.Titles(res))
	assert.Equal(t, report.OK, res.Status)
	clean := hosttest.New("-- /proc/sys/kernel/tainted --\n0\n-- /proc/modules absent --\n-- /sys/module absent --\n")
	assert.Empty(t, integritytest.Collect(t, running.Kernel{Host: clean.Host()}).Findings)
}

// Whose process it is, the process does not choose; the name of its file it does.
func TestAProgramWithoutAFileHidesBehindNobodyElses(t *testing.T) {
	root, ann := without("k", "/memfd:x", "0", ""), without("p", "/memfd:x", "1000", "")
	_, other, _ := strings.Cut(strings.ReplaceAll(ann, "900", "901"), "btime 1764000000\n")
	known := integritytest.Collect(t, running.Replaced{Host: hosttest.New(root).Host()})
	res := integritytest.Collect(t, running.Replaced{Host: hosttest.New(root + other).Host()})
	require.Equal(t, []string{
		"warning: k of root (process 900) runs from memory alone (/memfd:x)",
		"warning: p of ann (process 901) runs from memory alone (/memfd:x)",
	}, integritytest.Titles(res), "%v", res.Problems)
	assert.Equal(t, known.Findings[0].Fingerprint, res.Findings[0].Fingerprint)
	assert.NotEqual(t, res.Findings[0].Fingerprint, res.Findings[1].Fingerprint)
	assert.Equal(t, []string{"root", "ann"}, []string{res.Findings[0].Owner(), res.Findings[1].Owner()})
}
