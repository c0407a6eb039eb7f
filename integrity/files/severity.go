package files

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/report"
)

// severity is critical for a program that now runs with the rights of root, or ran with
// them and is another, and for a program or library that is not what its package has, and a
// warning for what else gives somebody power over the system, or is not as its package has it.
func severity(c integrity.Change, a attestation) report.Severity {
	switch {
	case gains(c) != "" && !(a.standing == genuine && c.Kind == integrity.Added):
		return report.Critical
	case c.Kind == integrity.Changed && runsAsRoot(c.Was.Stat) && runsAsRoot(c.Now.Stat) && c.Fields&tree.FieldContent != 0 && !a.vouches(c):
		return report.Critical // whatever it now does with these rights
	case a.standing == altered && a.differs&tree.FieldContent != 0 && isProgram(c):
		return report.Critical // whoever runs it, or what is linked with it, runs another's code
	case a.standing == altered && !isConfig(c.Path):
		return report.Warning
	case c.Kind == integrity.Unstable:
		return report.RuleSeverity
	case a.doubt != "":
		return report.Warning
	case c.Kind == integrity.Changed && a.vouches(c):
		return report.RuleSeverity // under rights that it had before
	case c.Kind != integrity.Removed && dangerous(c):
		return report.Warning
	case sensitive(c.Path) && !a.vouches(c):
		return report.Warning
	}
	return report.RuleSeverity
}

// isProgram takes programs and libraries.
func isProgram(c integrity.Change) bool {
	st, library := c.Now.Stat, strings.HasSuffix(c.Path, ".so") || unversioned(c.Path) != ""
	return c.Kind == integrity.Changed && st.IsRegular() && !isConfig(c.Path) && (st.Perm()&0o111 != 0 || library)
}

// runsAsRoot reports whether whoever runs a program has the rights of root.
func runsAsRoot(st host.Stat) bool {
	return st.IsRegular() && st.Perm()&host.ModeSetUID != 0 && st.Perm()&0o111 != 0 && st.Known.Has(host.KnownOwner) && st.UID == 0
}

// gains says what rights of root a program has now, and had not before.
func gains(c integrity.Change) string {
	now, was := c.Now.Stat, c.Was.Stat
	if c.Kind != integrity.Added && c.Kind != integrity.Changed || !now.IsRegular() {
		return ""
	}
	if runsAsRoot(now) && !(c.Kind == integrity.Changed && runsAsRoot(was)) {
		return "the rights of root"
	}
	if caps, _ := c.Now.Attr(host.AttrCapabilities); caps != "" {
		before, known := c.Was.Attr(host.AttrCapabilities)
		had, _ := capabilities.Permitted(before) // what has no form had none
		if has, ok := capabilities.Permitted(caps); c.Kind == integrity.Added || known && (before == "" || !ok && before != caps || has&^had != 0) {
			return "the capabilities " + capabilities.Text(caps)
		}
	}
	return ""
}

// dangerous reports whether a file gives rights that its old self did not, or
// has changed under such rights, or is a link to where anybody may put a file.
func dangerous(c integrity.Change) bool {
	now, was := c.Now.Stat, c.Was.Stat
	power := uint32(host.ModeSetUID | host.ModeSetGID)
	switch {
	case now.IsRegular() && now.Perm()&power != 0 && now.Perm()&0o111 != 0:
		return true
	case gains(c) != "":
		return true
	case c.Kind == integrity.Added && isDevice(c.Now.Stat):
		return true
	case now.IsLink():
		return underAny(now.Link, openTrees)
	}
	return openToAll(now) && !(c.Kind == integrity.Changed && openToAll(was))
}

// openToAll reports whether everybody may write to a file, or may replace what
// stands in a directory.
func openToAll(st host.Stat) bool {
	switch {
	case st.IsRegular():
		return st.Perm()&0o002 != 0
	case st.IsDir():
		return st.Perm()&(0o002|host.ModeSticky) == 0o002
	}
	return false
}

// incidental reports whether a change is only that a directory on the way to
// the files of a sparse root is new or gone: those files tell that themselves.
func incidental(p integrity.Profile, c integrity.Change) bool {
	switch c.Kind {
	case integrity.Added:
		return c.Now.Stat.IsDir() && p.OnlyNamed(c.Path) && !dangerous(c)
	case integrity.Removed:
		return c.Was.Stat.IsDir() && p.OnlyNamed(c.Path)
	}
	return false
}

var (
	// sensitiveTrees are who may do what, and what is run with rights: by the system's
	// start, its network, its timers, logins, updates and logs.
	sensitiveTrees = []string{
		"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/master.passwd", "/etc/spwd.db",
		"/etc/sudoers", "/etc/sudoers.d", "/etc/sudo.conf", "/etc/doas.conf", "/etc/pam.d", "/etc/pam.conf", "/etc/security",
		"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/ssh/sshrc", "/etc/hosts.equiv", "/etc/rc.local", "/etc/nsswitch.conf",
		"/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
		"/etc/crontab", "/etc/anacrontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily",
		"/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron", "/var/cron", "/root/.ssh",
		"/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh", "/etc/environment",
		"/etc/inetd.conf", "/etc/xinetd.d", "/etc/init.d", "/etc/rc.d",
		"/etc/systemd/system", "/etc/systemd/user", "/etc/systemd/system.control", "/etc/systemd/system-generators", "/etc/systemd/user-generators",
		"/etc/systemd/system-environment-generators", "/etc/systemd/user-environment-generators", "/etc/systemd/system-shutdown", "/etc/systemd/system-sleep",
		"/etc/udev/rules.d", "/etc/tmpfiles.d", "/etc/modprobe.d", "/etc/modprobe.conf", "/etc/modules-load.d", "/etc/polkit-1",
		"/etc/NetworkManager/dispatcher.d", "/etc/networkd-dispatcher", "/etc/network/if-pre-up.d", "/etc/network/if-up.d", "/etc/network/if-down.d", "/etc/network/if-post-down.d",
		"/etc/dhcp/dhclient-enter-hooks.d", "/etc/dhcp/dhclient-exit-hooks.d", "/etc/dhcpcd.enter-hook", "/etc/dhcpcd.exit-hook", "/etc/ppp/ip-up.d", "/etc/ppp/ip-down.d",
		"/etc/update-motd.d", "/etc/kernel", "/etc/initramfs-tools", "/etc/grub.d",
		"/etc/logrotate.conf", "/etc/logrotate.d", "/etc/rsyslog.conf", "/etc/rsyslog.d",
		"/etc/apt/apt.conf", "/etc/apt/apt.conf.d", "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/trusted.gpg", "/etc/apt/trusted.gpg.d", "/etc/apt/keyrings",
		"/etc/dpkg/dpkg.cfg", "/etc/dpkg/dpkg.cfg.d", "/etc/yum.repos.d", "/etc/pki/rpm-gpg", "/etc/apk/repositories", "/etc/apk/keys", "/usr/share/keyrings",
		"/usr/local/etc/rc.d", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d", "/usr/local/etc/pam.d",
		"/usr/pkg/etc/sudoers", "/usr/pkg/etc/sudoers.d",
		"/run/systemd", "/run/tmpfiles.d", "/run/sysctl.d", "/run/modprobe.d", "/run/modules-load.d", "/run/binfmt.d", "/run/sysusers.d", "/run/udev/rules.d", "/run/polkit-1",
		"/usr/share/polkit-1", "/usr/local/share/polkit-1", "/usr/share/dbus-1", "/usr/local/share/dbus-1", "/usr/share/systemd", "/usr/local/share/systemd",
		"/usr/local/share/ca-certificates", "/usr/share/initramfs-tools", "/usr/share/debconf", "/var/lib/cloud/scripts",
	}
	// sensitiveBelow are such folders below each folder of libraries.
	sensitiveBelow = []string{
		"/systemd", "/udev/rules.d", "/pam.d", "/tmpfiles.d", "/modprobe.d", "/modules-load.d", "/binfmt.d", "/sysusers.d", "/environment.d",
		"/NetworkManager/dispatcher.d", "/networkd-dispatcher", "/kernel", "/lsb",
	}
	openTrees      = []string{"/tmp", "/var/tmp", "/dev/shm", "/home", "/run/user"}
	configTrees    = []string{"/etc", "/usr/local/etc", "/usr/pkg/etc"}
	libraryTrees   = []string{"/lib", "/usr/lib", "/usr/local/lib"}
	sensitiveNames = []string{"authorized_keys", "authorized_keys2", ".rhosts", ".shosts", "sitecustomize.py", "usercustomize.py"}
	secretNames    = []string{"shadow", "shadow-", "gshadow", "gshadow-", "master.passwd", "spwd.db", "opasswd"}
	runLevel       = regexp.MustCompile(`^/etc/rc[0-6S]\.d$`)
)

func sensitive(name string) bool {
	for _, dir := range libraryTrees {
		if below, ok := strings.CutPrefix(name, dir+"/"); ok && underAny("/"+below, sensitiveBelow) {
			return true
		}
	}
	return slices.Contains(sensitiveNames, path.Base(name)) || path.Ext(name) == ".pth" || scriptOf(name) != "" ||
		underAny(name, sensitiveTrees) || strings.HasPrefix(name, "/root/.")
}

// isConfig reports whether a file is one that people edit.
func isConfig(name string) bool { return underAny(name, configTrees) }

func underAny(name string, trees []string) bool {
	return slices.ContainsFunc(trees, func(top string) bool { return tree.Within(name, top) })
}
