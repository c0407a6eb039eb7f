package integrity

import (
	"path"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
	"github.com/pugetsoundtech/upkeep/report"
)

// severity is a warning for what gives somebody power over the system, and for
// a program that is not what its package has.
func severity(c Change, a attestation) report.Severity {
	if a.standing == altered && !isConfig(c.Path) {
		return report.Warning
	}
	if c.Kind == Unstable {
		return report.RuleSeverity
	}
	if sensitive(c.Path) || c.Kind != Removed && dangerous(c) {
		return report.Warning
	}
	return report.RuleSeverity
}

// dangerous reports whether a file gives rights that its old self did not, or
// has changed under such rights, or is a link to where anybody may put a file.
func dangerous(c Change) bool {
	now, was := c.Now.Stat, c.Was.Stat
	power := uint32(host.ModeSetUID | host.ModeSetGID)
	switch {
	case now.IsRegular() && now.Perm()&power != 0:
		return true
	case c.Kind == Added && isDevice(&c.Now):
		return true
	case now.IsLink():
		return underAny(now.Link, openTrees)
	}
	return openToAll(now) && !(c.Kind == Changed && openToAll(was))
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

var (
	sensitiveTrees = []string{
		"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/master.passwd", "/etc/spwd.db",
		"/etc/sudoers", "/etc/sudoers.d", "/etc/doas.conf", "/etc/pam.d", "/etc/pam.conf", "/etc/security",
		"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/hosts.equiv", "/etc/rc.local",
		"/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
		"/etc/crontab", "/etc/anacrontab", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily",
		"/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron", "/var/cron", "/root/.ssh",
		"/etc/profile", "/etc/profile.d", "/etc/inetd.conf", "/etc/xinetd.d", "/etc/init.d", "/etc/rc.d",
		"/etc/systemd/system", "/etc/apt/apt.conf.d", "/usr/local/etc/rc.d",
		"/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d", "/usr/local/etc/pam.d",
		"/usr/pkg/etc/sudoers", "/usr/pkg/etc/sudoers.d",
	}
	openTrees      = []string{"/tmp", "/var/tmp", "/dev/shm", "/home", "/run/user"}
	configTrees    = []string{"/etc", "/usr/local/etc", "/usr/pkg/etc"}
	sensitiveNames = []string{"authorized_keys", "authorized_keys2", ".rhosts", ".shosts"}
)

func sensitive(name string) bool {
	return slices.Contains(sensitiveNames, path.Base(name)) || underAny(name, sensitiveTrees)
}

func underAny(name string, trees []string) bool {
	return slices.ContainsFunc(trees, func(top string) bool { return tree.Within(name, top) })
}
