package howto_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

const (
	systemd = "-- /run/systemd/system/ dir --\n"
	nothing = "-- /run/systemd/system absent --\n-- /sbin/openrc-run absent --\n-- /etc/init.d absent --\n"
	scripts = "-- /run/systemd/system absent --\n-- /sbin/openrc-run absent --\n-- /etc/init.d/ dir --\n"
	openrc  = "-- /run/systemd/system absent --\n-- /sbin/openrc-run mode=0755 --\n"
)

var update = flag.Bool("update", false, "write the list of commands anew")

// guide is that of a recorded system, with more to be seen on it.
func guide(t *testing.T, image, more string) howto.Guide {
	t.Helper()
	text, err := os.ReadFile("../../testdata/hosts/" + image + ".txtar")
	require.NoError(t, err)
	return howto.Of(t.Context(), hosttest.New(string(text)+more).Host())
}

func TestEachFamilyHasItsOwnCommands(t *testing.T) {
	for _, c := range []struct {
		image, more              string
		restart, verify, upgrade string
		listeners, process       string
	}{
		{"debian-12", systemd, "systemctl restart -- x", "dpkg -V x", "apt-get install --only-upgrade x", "ss -ltunp", "ps -f -p 7"},
		{"debian-3.1", scripts, "/etc/init.d/x restart", "dpkg -V x", "apt-get install --only-upgrade x", "netstat -ltunp", "ps -f -p 7"},
		{"ubuntu-24.04", systemd, "systemctl restart -- x", "dpkg -V x", "apt-get install --only-upgrade x", "ss -ltunp", "ps -f -p 7"},
		{"fedora-41", systemd + "-- /usr/bin/dnf --\n", "systemctl restart -- x", "rpm -V x", "dnf upgrade x", "ss -ltunp", "ps -f -p 7"},
		{"redhat-7.3", scripts, "/etc/init.d/x restart", "rpm -V x", "", "netstat -ltunp", "ps -f -p 7"},
		{"opensuse-15.6", systemd + "-- /usr/bin/zypper --\n", "systemctl restart -- x", "rpm -V x", "zypper update x", "ss -ltunp", "ps -f -p 7"},
		{"mandrake-9.2", scripts, "/etc/init.d/x restart", "rpm -V x", "urpmi x", "netstat -ltunp", "ps -f -p 7"},
		{"slackware-15.0", nothing, "/etc/rc.d/rc.x restart", "", "slackpkg upgrade x", "netstat -ltunp", "ps -f -p 7"},
		{"alpine-3.20", openrc, "rc-service x restart", "apk audit --system", "apk add --upgrade x", "netstat -ltunp", "head -n 60 /proc/7/status"},
		{"arch-rolling", systemd, "systemctl restart -- x", "pacman -Qkk x", "", "ss -ltunp", "ps -f -p 7"},
		{"freebsd-14.1", "", "service x restart", "pkg check -s x", "pkg upgrade x", "sockstat -46l", "ps -ww -p 7"},
		{"openbsd-7.6", "", "rcctl restart x", "pkg_check -n", "pkg_add -u x", "netstat -ln", "ps -ww -p 7"},
		{"netbsd-10.0", "", "/etc/rc.d/x restart", "pkg_admin check x", "", "sockstat -ln", "ps -ww -p 7"},
		{"bsdos-4.1", "", "", "", "", "netstat -an", "ps -ww -p 7"},
	} {
		g := guide(t, c.image, c.more)
		for task, want := range map[howto.Task]string{
			howto.Restart: c.restart, howto.VerifyPackage: c.verify, howto.UpgradePackages: c.upgrade, howto.Listeners: c.listeners,
		} {
			assert.Equal(t, want, strings.Join(g.Command(task, "x"), " "), "%s: %s", c.image, task)
		}
		assert.Equal(t, c.process, strings.Join(g.Command(howto.Process, "7"), " "), c.image)
		assert.Equal(t, []string{"tail", "-n", "50", "/var/log/x"}, g.Command(howto.ReadLog, "/var/log/x"), c.image)
	}
}

// A minimal Debian has neither of the two programs that show listeners.
func TestAProgramThatIsMissingIsNotNamed(t *testing.T) {
	absent := func(program string) string {
		var b strings.Builder
		for _, dir := range []string{"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/usr/pkg/bin/", "/usr/pkg/sbin/"} {
			fmt.Fprintf(&b, "-- %s%s absent --\n", dir, program)
		}
		return b.String()
	}
	g := guide(t, "debian-12", systemd+absent("ss"))
	assert.Equal(t, []string{"netstat", "-ltunp"}, g.Command(howto.Listeners))
	g = guide(t, "debian-12", absent("ss")+absent("netstat")+absent("ps"))
	assert.Nil(t, g.Command(howto.Listeners))
	assert.Equal(t, []string{"head", "-n", "60", "/proc/7/status"}, g.Command(howto.Process, "7"))
	assert.Nil(t, g.Command(howto.DiskHealth, "/dev/sda"), "nobody has seen smartctl")
	g = guide(t, "debian-12", "-- /usr/sbin/smartctl mode=0755 --\n")
	assert.Equal(t, []string{"smartctl", "-H", "-A", "/dev/sda"}, g.Command(howto.DiskHealth, "/dev/sda"))
}

func TestWhatNobodyKnowsIsDoneByHand(t *testing.T) {
	assert.Nil(t, howto.Guide{}.Command(howto.Reboot))
	assert.Nil(t, howto.Of(t.Context(), host.Host{}).Command(howto.Reboot))
	g := guide(t, "debian-12", "")
	assert.Nil(t, g.Command(howto.Restart, "nginx"), "nobody knows what starts its services")
	assert.NotNil(t, g.Command(howto.Reboot))
}

func TestAnImageOfSystemdIsKnownByItsFirstProgram(t *testing.T) {
	text, err := os.ReadFile("../../testdata/hosts/debian-12.txtar")
	require.NoError(t, err)
	image := hosttest.New(string(text) + "-- /run/systemd/system absent --\n-- /sbin/init link=/lib/systemd/systemd --\n").Host()
	image.Exec = nil
	g := howto.Of(t.Context(), image)
	assert.Equal(t, []string{"systemctl", "restart", "--", "x"}, g.Command(howto.Restart, "x"))
}

func TestAnArgumentIsNeverAnOptionNorAnotherFile(t *testing.T) {
	debian, bsd := guide(t, "debian-12", systemd), guide(t, "netbsd-10.0", "")
	assert.Equal(t, []string{"systemctl", "restart", "--", "-.mount"}, debian.Command(howto.Restart, "-.mount"))
	for _, arg := range []string{"", "-rf", "a\x00b"} {
		assert.Nil(t, debian.Command(howto.VerifyPackage, arg), "%q", arg)
		assert.Nil(t, debian.Command(howto.UpgradePackages, "good", arg), "%q", arg)
	}
	for _, arg := range []string{"../../tmp/x", "..", ".", "a/b"} {
		assert.Nil(t, bsd.Command(howto.Restart, arg), "%q", arg)
	}
	for _, arg := range []string{"", "0", "-1", "1 2", "x", "99999999999"} {
		assert.Nil(t, debian.Command(howto.EndProcess, arg), "%q", arg)
	}
	for _, arg := range []string{"", "x", "!", "-delete", "/a\x00"} {
		assert.Nil(t, debian.Command(howto.ManyFiles, arg), "%q", arg)
	}
	assert.Nil(t, debian.Command(howto.VerifyPackage))
	assert.Nil(t, debian.Command(howto.UpgradePackages))
	assert.Nil(t, debian.Command(howto.Restart, "a", "b"))
}

func TestCommandsAreOnlyThoseThatThereAre(t *testing.T) {
	assert.Nil(t, howto.Commands(nil, nil))
	assert.Equal(t, [][]string{{"dmesg"}}, howto.Commands(nil, []string{"dmesg"}))
}

func TestOneRunLooksOnce(t *testing.T) {
	text, err := os.ReadFile("../../testdata/hosts/debian-12.txtar")
	require.NoError(t, err)
	var asked hosttest.Counter
	h := asked.Wrap(hosttest.New(string(text) + systemd).Host()).Remembering()
	howto.Of(t.Context(), h)
	before := asked.Commands.Load()
	howto.Of(t.Context(), h)
	assert.Equal(t, before, asked.Commands.Load())
}

// tasks are what a person can look up.
var tasks = []howto.Task{
	howto.Status, howto.FailedServices, howto.ServiceLog, howto.ReadLog, howto.KernelLog, howto.Logins, howto.Listeners, howto.Process,
	howto.MemoryUsers, howto.ProcessorUsers, howto.DiskUsers, howto.ManyFiles, howto.DiskHealth, howto.ClockStatus, howto.VerifyPackage,
	howto.PackageOwner, howto.RebootNeeded, howto.Start, howto.Stop, howto.Restart, howto.Enable, howto.Disable, howto.EndProcess,
	howto.LockAccount, howto.UnlockAccount, howto.EditAccounts, howto.EditGroups,
	howto.RefreshPackages, howto.UpgradePackages, howto.UpgradeAll, howto.RemoveKernels, howto.RepairPackages, howto.Reboot,
}

// The list shows, for each recorded system, what is typed there, and what is
// done by hand.
func TestTheListOfCommandsIsMadeFromTheImages(t *testing.T) {
	var b strings.Builder
	for _, c := range []struct{ image, more string }{
		{"debian-12", systemd},
		{"debian-3.1", scripts},
		{"fedora-41", systemd + "-- /usr/bin/dnf --\n"},
		{"redhat-7.3", scripts},
		{"opensuse-15.6", systemd + "-- /usr/bin/zypper --\n"},
		{"suse-9.0", scripts},
		{"mageia-9", systemd + "-- /usr/bin/dnf --\n"},
		{"mandrake-9.2", scripts},
		{"slackware-15.0", nothing},
		{"alpine-3.20", openrc},
		{"arch-rolling", systemd},
		{"freebsd-14.1", ""},
		{"openbsd-7.6", ""},
		{"netbsd-10.0", "-- /usr/pkg/bin/pkgin --\n"},
		{"bsdos-4.1", ""},
	} {
		g := guide(t, c.image, c.more)
		fmt.Fprintf(&b, "%s\n", c.image)
		for _, task := range tasks {
			line := "by hand"
			for _, arg := range []string{"NAME", "/PATH", "123"} {
				if command := g.Command(task, arg); command != nil {
					line = prose.Quote(command...)
					break
				}
			}
			fmt.Fprintf(&b, "  %-42s %s\n", task, line)
		}
	}
	const name = "testdata/commands.txt"
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func ExampleGuide_Command() {
	m := hosttest.New(`A small OpenBSD.
-- $ ["uname", "-snrm"] --
OpenBSD www 7.6 amd64
-- $ ["sysctl", "-n", "kern.version"] --
OpenBSD 7.6 (GENERIC.MP) #338: Mon Sep 30 08:55:35 MDT 2024
-- $ ["sysctl", "-n", "kern.boottime"] --
1730000000
`)
	guide := howto.Of(context.Background(), m.Host())
	fmt.Println(guide.Command(howto.Restart, "smtpd"))
	fmt.Println(guide.Command(howto.RefreshPackages) == nil)
	// Output:
	// [rcctl restart smtpd]
	// true
}
