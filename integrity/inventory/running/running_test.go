package running_test

import (
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
