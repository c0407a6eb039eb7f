package files_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

// runByRoot are files by which something is run as root, or believed by what is: each is
// looked at each day, and is a warning where no package brought it.
var runByRoot = []string{
	"/usr/local/lib/systemd/system/x.service", "/run/systemd/system/cron.service.d/x.conf",
	"/run/systemd/system-generators/x", "/usr/local/lib/systemd/system-generators/x", "/usr/lib/systemd/user-environment-generators/x",
	"/usr/local/lib/tmpfiles.d/x.conf", "/run/tmpfiles.d/x.conf", "/usr/local/lib/udev/rules.d/x.rules", "/run/udev/rules.d/x.rules",
	"/run/sysctl.d/x.conf", "/run/modprobe.d/x.conf", "/usr/lib/modules-load.d/x.conf", "/usr/lib/modprobe.d/x.conf", "/usr/lib/sysusers.d/x.conf", "/usr/lib/environment.d/x.conf",
	"/root/.bashrc", "/root/.vimrc", "/root/.inputrc", "/root/.gitconfig", "/root/.dpkg.cfg", "/root/.config/autostart/x.desktop", "/root/.config/environment.d/x.conf",
	"/root/.config/systemd/user/dbus.service.d/x.conf", "/root/.local/share/systemd/user/x.service", "/root/.local/lib/python3.11/site-packages/x.pth",
	"/var/lib/dpkg/info/base.prerm", "/var/lib/dpkg/info/libc6:amd64.postinst", "/usr/share/keyrings/x.gpg",
	"/usr/lib/python3/dist-packages/x.pth", "/usr/local/lib/python3.11/dist-packages/sitecustomize.py",
	"/usr/lib/lsb/init-functions.d/x", "/usr/share/debconf/confmodule", "/usr/share/initramfs-tools/hooks/x", "/usr/local/share/ca-certificates/x.crt",
	"/usr/share/polkit-1/rules.d/x.rules", "/usr/share/dbus-1/system-services/x.service", "/usr/local/share/dbus-1/system-services/x.service",
	"/var/lib/cloud/scripts/per-boot/x",
	"/etc/systemd/system-generators/x", "/etc/systemd/system.control/x.service.d/x.conf", "/usr/lib/systemd/system-shutdown/x", "/etc/udev/rules.d/x.rules",
	"/etc/NetworkManager/dispatcher.d/x", "/etc/network/if-up.d/x", "/etc/dhcp/dhclient-exit-hooks.d/x", "/etc/update-motd.d/x", "/etc/bash.bashrc", "/etc/environment",
	"/etc/dpkg/dpkg.cfg.d/x", "/etc/kernel/postinst.d/x", "/etc/initramfs-tools/hooks/x", "/etc/grub.d/x", "/etc/logrotate.d/x", "/etc/rsyslog.d/x.conf",
	"/etc/polkit-1/rules.d/x.rules", "/etc/ssh/sshrc", "/etc/sudo.conf", "/etc/nsswitch.conf", "/etc/modprobe.d/x.conf",
	"/etc/apt/sources.list.d/x.list", "/etc/apt/trusted.gpg.d/x.gpg",
}

// read are places that are looked at, and where a new file is a notice.
var read = []string{
	"/usr/games/x", "/usr/lib/git-core/x", "/usr/share/git-core/templates/hooks/x", "/usr/share/vim/vimrc", "/usr/share/bash-completion/completions/x",
	"/usr/share/perl5/x.pm", "/usr/local/share/perl/5.36/x.pm", "/usr/lib/x86_64-linux-gnu/perl-base/strict.pm", "/usr/share/ca-certificates/x.crt", "/var/lib/systemd/linger/x",
}

func TestWhatAnUpdateTakesAwayFromItsDataIsNoChange(t *testing.T) {
	daily := integrity.ProfileDaily()
	for name, allowed := range map[string]bool{
		"/usr/share/ca-certificates/mozilla/x.crt": true, "/usr/share/perl5/x.pm": true,
		"/usr/bin/x": false, "/usr/lib/x86_64-linux-gnu/x.so": false, "/etc/x": false, "/usr/local/share/ca-certificates/x.crt": false,
	} {
		assert.Equal(t, allowed, daily.Allows(integrity.Change{Kind: integrity.Removed, Path: name}), name)
		assert.False(t, daily.Allows(integrity.Change{Kind: integrity.Added, Path: name}), name)
	}
}

func TestWhatRootRunsIsLookedAtWhereverItStands(t *testing.T) {
	had := map[string]string{}
	for _, name := range append(runByRoot, read...) { // the folders are there
		had[strings.TrimPrefix(filepath.Dir(name), "/")+"/old"] = ""
	}
	b := newBox(t, had)
	b.check.Profile = integrity.ProfileDaily()
	b.check.Attestor = integritytest.Claims{}
	b.run()
	for _, name := range append(runByRoot, read...) {
		b.write(strings.TrimPrefix(name, "/"), "x")
	}
	_, res := b.run()
	told := map[string]report.Severity{}
	for _, f := range res.Findings {
		told[f.Subject.Value] = f.Severity
	}
	for _, name := range runByRoot {
		assert.Equal(t, report.Warning, told[name], name)
	}
	for _, name := range read {
		severity, ok := told[name]
		assert.True(t, ok, name)
		assert.Equal(t, report.Notice, severity, name)
	}
	assert.Len(t, res.Findings, len(runByRoot)+len(read))
}

func TestAScriptOfDpkgIsAWarningUnlessItCameWithItsPackage(t *testing.T) {
	const dir = "-- /var/ dir complete --\n-- /var/lib/ dir complete --\n-- /var/lib/dpkg/ dir complete --\n-- /var/lib/dpkg/info/ dir complete --\n"
	const list = "-- /var/lib/dpkg/info/libc6:amd64.list ctime=2026-11-24T06:00:10Z --\n/.\n"
	script := func(at, text string) string {
		return dir + list + "-- /var/lib/dpkg/info/libc6:amd64.postinst ctime=" + at + " --\n#!/bin/sh\n" + text
	}
	old := script("2026-11-01T06:00:00Z", "")
	for _, tt := range []struct {
		what, before, after string
		want                report.Severity
		line                bool
		packages            []string
	}{
		{"unpacked with it", old, script("2026-11-24T06:00:09Z", "ldconfig\n"), report.Notice, false, []string{"deb:libc6"}},
		{"new with it", dir, script("2026-11-24T06:00:09Z", "ldconfig\n"), report.Notice, false, []string{"deb:libc6"}},
		{"gone with it", old, dir, report.Notice, false, []string{"deb:libc6"}},
		{"changed later", old, script("2026-11-24T09:00:09Z", "/opt/x\n"), report.Warning, true, nil},
		{"new later", dir + list, script("2026-11-24T09:00:09Z", "/opt/x\n"), report.Warning, true, nil},
		{"of no package", dir, strings.Replace(script("2026-11-24T06:00:09Z", "/opt/x\n"), list, "", 1), report.Warning, true, nil},
	} {
		got := day(t, tt.before, tt.after, func(s *files.System) {
			s.Profile, s.Attestor = integrity.ProfileDaily(), integritytest.Claims{"/var/lib/dpkg/info/libc6:amd64.postinst": {}}
			s.OldText = remembered("#!/bin/sh\n")
		})
		if assert.Len(t, got, 1, tt.what) {
			assert.Equal(t, tt.want, got[0].Severity, tt.what)
			assert.Equal(t, tt.packages, packagesOf(got[0]), tt.what)
			assert.Equal(t, tt.line, strings.Contains(got[0].Title, "with the line: /opt/x"), tt.what)
		}
	}
}
