package resource_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/resource"
)

// recorded is the host of an image, with more parts in it.
func recorded(t *testing.T, image, more string) host.Host {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "hosts", image+".txtar"))
	require.NoError(t, err)
	return hosttest.New(string(text) + more).Host()
}

const (
	noAsking = "-- /run/ dir complete --\n-- /usr/bin/needs-restarting absent --\n"
	newer    = "warning: Kernel %s is installed, but %s still runs"
	asks     = "warning: An update asks for a reboot of the system"
)

// redHat gives the parts of a system of Red Hat's that has the kernels, and whose
// needs-restarting -r says something.
func redHat(running, installed, answer string) string {
	return "-- /run/ dir complete --\n" + kernelParts(running, installed) +
		"-- /usr/bin/needs-restarting mode=0755 --\n-- $ [\"/usr/bin/needs-restarting\", \"-r\"] " + answer
}

// kernelParts gives a kernel that runs, and one that is installed.
func kernelParts(running, installed string) string {
	text := "-- /boot/ dir complete --\n-- /lib/modules/ dir complete --\n-- /proc/sys/kernel/osrelease --\n" + running + "\n-- /boot/vmlinuz-" + installed + " --\n"
	if running != installed {
		text += "-- /boot/vmlinuz-" + running + " --\n"
	}
	return text
}

const (
	due    = "exit=1 --\nCore libraries or services have been updated since boot-up:\n  * glibc\n  * systemd\n\nReboot is required to fully utilize these updates.\nMore information: https://access.redhat.com/solutions/27943\n"
	notDue = "--\nNo core libraries or services have been updated since boot-up.\nReboot should not be necessary.\n"
)

func linux(running, installed string) string { return noAsking + kernelParts(running, installed) }

// TestTheWishForARebootIsSeenOnEachSystem has a row for each way in which a system
// of the list shows it. After documentation: freebsd-version(1), what(1),
// dnf-needs-restarting(8), needs-restarting(1), and the file lists of the kernels.
func TestTheWishForARebootIsSeenOnEachSystem(t *testing.T) {
	kernel := func(installed, running string) []string {
		return []string{strings.Replace(strings.Replace(newer, "%s", installed, 1), "%s", running, 1)}
	}
	const open = "-- /run/ absent --\n-- /proc/ absent --\n-- /usr/bin/needs-restarting absent --\n-- $ [\"what\", \"/bsd\"] --\n/bsd:\n\tOpenBSD 7.6 (GENERIC.MP) %s\n"
	const net = noAsking + "-- /proc/ absent --\n-- $ [\"sysctl\", \"-n\", \"kern.version\"] --\nNetBSD 10.0 (GENERIC) #0: Thu Mar 28 08:33:33 UTC 2024\n\tmkrepro@mkrepro.NetBSD.org:/usr/src\n" +
		"-- $ [\"what\", \"/netbsd\"] --\n/netbsd:\n\tNetBSD 10.0%s\n"
	const free = noAsking + "-- /proc/ absent --\n-- $ [\"freebsd-version\", \"-kr\"] --\n14.1-RELEASE-p%s\n14.1-RELEASE-p5\n"
	at := func(text, with string) string { return strings.Replace(text, "%s", with, 1) }
	for _, c := range []struct {
		image, parts string
		want         []string
	}{
		{"openbsd-7.6", at(open, "#332: Mon Sep 30 08:45:43 MDT 2024"), []string{}},
		{"openbsd-7.6", at(open, "#1: Sat Oct 19 12:00:00 MDT 2024"), kernel("OpenBSD 7.6 (GENERIC.MP) #1: Sat Oct 19 12:00:00 MDT 2024", "OpenBSD 7.6 (GENERIC.MP) #332: Mon Sep 30 08:45:43 MDT 2024")},
		{"netbsd-10.0", at(net, " (GENERIC) #0: Thu Mar 28 08:33:33 UTC 2024"), []string{}},
		{"netbsd-10.0", at(net, "_STABLE (GENERIC) #1: x"), kernel("NetBSD 10.0_STABLE (GENERIC) #1: x", "NetBSD 10.0 (GENERIC) #0: Thu Mar 28 08:33:33 UTC 2024")},
		{"freebsd-14.1", at(free, "5"), []string{}},
		{"freebsd-14.1", at(free, "6"), kernel("14.1-RELEASE-p6", "14.1-RELEASE-p5")},
		{"almalinux-9.4", redHat("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.13.1.el9_4.x86_64", notDue), []string{}},
		{"rocky-9.4", redHat("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.13.1.el9_4.x86_64", due), []string{asks}},
		{"rhel-9.4", redHat("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.20.1.el9_4.x86_64", notDue), kernel("5.14.0-427.20.1.el9_4.x86_64", "5.14.0-427.13.1.el9_4.x86_64")},
		{"fedora-41", linux("6.11.4-301.fc41.x86_64", "6.11.10-300.fc41.x86_64"), kernel("6.11.10-300.fc41.x86_64", "6.11.4-301.fc41.x86_64")},
		{"opensuse-15.6", linux("6.4.0-150600.21-default", "6.4.0-150600.23.7-default"), kernel("6.4.0-150600.23.7-default", "6.4.0-150600.21-default")},
		{"opensuse-15.6", linux("6.4.0-150600.21-default", "6.4.0-150600.21-default") + "-- /run/reboot-needed --\n", []string{asks}},
		{"mageia-9", linux("6.6.43-desktop-1.mga9", "6.6.58-desktop-2.mga9"), kernel("6.6.58-desktop-2.mga9", "6.6.43-desktop-1.mga9")},
		{"mandriva-2010.2", linux("2.6.33.5-desktop-2mnb", "2.6.33.7-desktop-2mnb"), kernel("2.6.33.7-desktop-2mnb", "2.6.33.5-desktop-2mnb")},
		{"mandrake-9.2", linux("2.4.22-10mdk", "2.4.22-41mdk"), kernel("2.4.22-41mdk", "2.4.22-10mdk")},
		{"redhat-7.3", linux("2.4.18-3", "2.4.20-46.7.legacy"), kernel("2.4.20-46.7.legacy", "2.4.18-3")},
		{"slackware-15.0", linux("5.15.160", "generic-5.15.193"), kernel("5.15.193", "5.15.160")},
		{"alpine-3.20", noAsking + "-- /boot/ dir complete --\n-- /boot/vmlinuz-virt --\n-- /lib/modules/ dir complete --\n-- /lib/modules/6.6.58-0-virt/ dir complete --\n-- /proc/sys/kernel/osrelease --\n6.6.54-0-virt\n", kernel("6.6.58-0-virt", "6.6.54-0-virt")},
		{"arch-rolling", noAsking + "-- /boot/ dir complete --\n-- /boot/vmlinuz-linux --\n-- /lib/modules/ dir complete --\n-- /lib/modules/6.12.1-arch1-1/ dir --\n-- /lib/modules/6.12.1-arch1-1/vmlinuz --\n-- /proc/sys/kernel/osrelease --\n6.11.9-arch1-1\n", kernel("6.12.1-arch1-1", "6.11.9-arch1-1")},
		{"debian-12", linux("6.1.0-25-amd64", "6.1.0-41-amd64"), kernel("6.1.0-41-amd64", "6.1.0-25-amd64")},
		{"debian-3.1", linux("2.6.8-2-386", "2.6.8-4-386"), kernel("2.6.8-4-386", "2.6.8-2-386")},
		{"ubuntu-24.04", linux("6.8.0-45-generic", "6.8.0-49-generic"), kernel("6.8.0-49-generic", "6.8.0-45-generic")},
		{"ubuntu-4.10", linux("2.6.8.1-3-386", "2.6.8.1-6-386"), kernel("2.6.8.1-6-386", "2.6.8.1-3-386")},
		{"suse-9.0", linux("2.4.21-99-default", "2.4.21-297-default"), kernel("2.4.21-297-default", "2.4.21-99-default")},
	} {
		res := reporttest.Collect(t, resource.Reboot{Host: recorded(t, c.image, c.parts)})
		assert.Equal(t, report.OK, res.Status, "%s: %v", c.image, res.Problems)
		assert.Equal(t, c.want, reporttest.Titles(res), c.image)
		assert.True(t, res.Covers("reboot/asked") && res.Covers("reboot/kernel"), c.image)
	}
}

func TestAnAnswerThatIsNeitherYesNorNoLeavesTheRebootUnknown(t *testing.T) {
	for _, answer := range []string{
		"exit=1 --\n-- stderr --\nTraceback (most recent call last):\n", "--\n", "exit=2 --\nno\n",
		"exit=1 --\nNo core libraries have been updated.\n", "--\nReboot is required.\n",
	} {
		res := reporttest.Collect(t, resource.Reboot{Host: recorded(t, "rocky-9.4", redHat("5.14.0-1.el9.x86_64", "5.14.0-1.el9.x86_64", answer))})
		assert.Equal(t, report.Partial, res.Status, answer)
		assert.False(t, res.Covers("reboot/asked"), answer)
		assert.Empty(t, res.Findings, answer)
	}
	res := reporttest.Collect(t, resource.Reboot{Host: recorded(t, "bsdos-4.1", "-- /run/ absent --\n-- /proc/ absent --\n-- /usr/bin/needs-restarting absent --\n")})
	assert.False(t, res.Covers("reboot/kernel"), "BSD/OS does not tell")
}

func TestWhatOpenRCCouldNotStartIsFound(t *testing.T) {
	// after documentation: rc-status(8), librc's folders of states and of daemons
	const openrc = "-- /run/systemd/system absent --\n-- /sbin/openrc-run mode=0755 --\n-- /run/ dir complete=tree --\n-- /etc/init.d/nginx mode=0755 --\n" +
		"-- /usr/sbin/sshd mode=0755 --\n-- $ [\"rc-status\", \"--nocolor\", \"--crashed\"] "
	const daemon = "exec=/usr/sbin/sshd\nargv_0=/usr/sbin/sshd\nargv_1=-D\nname=\npidfile=/run/sshd.pid\n"
	for parts, want := range map[string][]report.Attr{
		"exit=1 --\n-- /run/openrc/failed/ dir complete --\n": nil,
		"exit=1 --\n": nil,
		"--\nsshd\n-- /run/openrc/failed/ dir complete --\n":                 {},
		"--\nsshd\n-- /run/openrc/daemons/sshd/001 --\n" + daemon:            {report.Program.Of("/usr/sbin/sshd"), report.Package.Of("apk:openssh")},
		"--\nsshd\n-- /run/openrc/daemons/sshd/001 --\nexec=sshd\n":          {},
		"exit=1 --\n-- /run/openrc/failed/nginx link=/etc/init.d/nginx --\n": {report.Path.Of("/etc/init.d/nginx"), report.Package.Of("apk:nginx")},
		"exit=1 --\n-- /run/openrc/failed/nginx link=/etc/init.d/nginx mtime=2026-11-25T12:05:00Z --\n": {
			report.At.Of("2026-11-25T12:05:00Z"), report.Path.Of("/etc/init.d/nginx"), report.Package.Of("apk:nginx"),
		},
	} {
		owners := owned{"/usr/sbin/sshd": "apk:openssh", "/etc/init.d/nginx": "apk:nginx"}
		res := reporttest.Collect(t, resource.Services{Host: recorded(t, "alpine-3.20", openrc+parts), Owners: owners})
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		if want == nil {
			assert.Empty(t, res.Findings, parts)
			continue
		}
		require.Len(t, res.Findings, 1, parts)
		assert.Equal(t, report.Warning, res.Findings[0].Severity)
		assert.Equal(t, "The service "+res.Findings[0].Subject.Value+" has failed", res.Findings[0].Title)
		assert.ElementsMatch(t, want, res.Findings[0].Evidence, parts)
	}
	res := reporttest.Collect(t, resource.Services{Host: recorded(t, "alpine-3.20", openrc+"exit=1 --\n-- /run/openrc/failed/ dir error=permission --\n")})
	assert.Equal(t, report.Failed, res.Status)
	res = reporttest.Collect(t, resource.Services{Host: recorded(t, "alpine-3.20", openrc+"--\n../x\n")})
	assert.Equal(t, report.Failed, res.Status, "no name leads out of the folder")
	res = reporttest.Collect(t, resource.Services{Host: recorded(t, "alpine-3.20", openrc+"--\nsshd\n-- /run/openrc/daemons/sshd/001 error=permission --\n")})
	assert.Equal(t, report.Partial, res.Status)
	assert.Len(t, res.Findings, 1, "it has failed, whatever it runs")
}

// After documentation: rcctl(8), rc.d(8).
func TestAFailedServiceOfOpenBSDNamesItsDaemon(t *testing.T) {
	const rcctl = "-- /run/systemd/system absent --\n-- /sbin/openrc-run absent --\n-- /usr/sbin/rcctl mode=0555 --\n-- /usr/sbin/smtpd mode=0555 --\n" +
		"-- $ [\"rcctl\", \"ls\", \"failed\"] exit=1 --\nsmtpd\n-- /etc/rc.d/smtpd mode=0555 --\n#!/bin/ksh\n#\n\n"
	for script, want := range map[string][]report.Attr{
		"daemon=\"/usr/sbin/smtpd\"\n\n. /etc/rc.d/rc.subr\n": {report.Program.Of("/usr/sbin/smtpd"), report.Path.Of("/etc/rc.d/smtpd")},
		"daemon=\"${TRUEPREFIX}/sbin/smtpd\"\n":               {report.Path.Of("/etc/rc.d/smtpd")},
		". /etc/rc.d/rc.subr\n":                               {report.Path.Of("/etc/rc.d/smtpd")},
	} {
		res := reporttest.Collect(t, resource.Services{Host: recorded(t, "openbsd-7.6", rcctl+script)})
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		require.Len(t, res.Findings, 1, script)
		assert.Equal(t, want, res.Findings[0].Evidence, script)
	}
}
