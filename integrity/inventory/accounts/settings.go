package accounts

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

var (
	// roots are what root's programs read, of root alone to change: what special(5)
	// of the BSDs and login.conf's check list, and their like on Linux.
	roots = []string{
		"/", "/etc", "/bin", "/sbin", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/lib", "/root", "/var", "/dev", "/boot",
		"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/master.passwd", "/etc/spwd.db", "/etc/pwd.db", "/etc/login.conf", "/etc/login.defs", "/etc/ttys", "/etc/shells",
		"/etc/sudoers", "/etc/sudoers.d", "/etc/doas.conf", "/etc/pam.d", "/etc/security", "/etc/ssh", "/etc/ssh/sshd_config", "/etc/ld.so.preload", "/etc/ld.so.conf",
		"/etc/crontab", "/etc/cron.d", "/etc/cron.daily", "/etc/cron.hourly", "/etc/cron.weekly", "/etc/cron.monthly", "/var/cron", "/etc/rc", "/etc/rc.conf", "/etc/rc.local", "/etc/rc.d", "/etc/init.d", "/etc/inittab",
		"/etc/profile", "/etc/profile.d", "/etc/csh.cshrc", "/etc/csh.login", "/etc/environment", "/etc/hosts", "/etc/hosts.equiv", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/inetd.conf", "/etc/fstab", "/etc/exports",
		"/etc/aliases", "/etc/mail", "/etc/mail/aliases", "/etc/newsyslog.conf", "/etc/syslog.conf", "/etc/systemd/system", "/etc/resolv.conf", "/etc/sysctl.conf", "/etc/pf.conf",
	}
	// hashes are files whose content is for root alone, and a group of the system.
	hashes = []string{
		"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/master.passwd", "/etc/spwd.db", "/etc/security/opasswd",
		"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_dsa_key",
	}
)

// settings looks at who can change the system's settings, and read its secrets.
func (p *posture) settings() {
	var open, readable []string
	p.ask(host.OpLstat, roots, func(i int, a host.Answer) {
		if why := notRoots(a.Stat); why != "" && !a.Stat.IsLink() && !systemGroup(a.Stat) {
			open = append(open, roots[i]+" ("+why+")")
		}
	})
	p.ask(host.OpLstat, hashes, func(i int, a host.Answer) {
		if a.Stat.IsRegular() && a.Stat.Perm()&0o004 != 0 {
			readable = append(readable, fmt.Sprintf("%s (mode %04o)", hashes[i], a.Stat.Perm()))
		}
	})
	p.afterwards(func() {
		p.system("settings-open", "Others than root can change settings of the system: ", open)
		p.system("hashes-open", "Everybody can read secrets of the system: ", readable)
	})
}

// systemGroup reports whether what belongs to root can be written to by a group of
// the system beside.
func systemGroup(st host.Stat) bool {
	return st.UID == 0 && st.Perm()&0o002 == 0 && st.GID < 100
}

func (p *posture) system(rule, text string, what []string) {
	if len(what) == 0 {
		return
	}
	f := report.Finding{
		Rule: "integrity.homes." + rule, Scope: scopeHomes, Subject: report.System.Of("settings"),
		Title: text + prose.Clip(prose.List(what, 3), 300),
	}
	for _, w := range what[:min(len(what), 20)] {
		f.Evidence = append(f.Evidence, report.Sample.Of(prose.Clip(w, 300)))
	}
	p.rec.Finding(f)
}

// ftp looks whether root is kept out where there is a list of those who are.
func (p *posture) ftp() {
	p.ask(host.OpRead, []string{"/etc/ftpusers"}, func(_ int, a host.Answer) {
		for line := range bytes.Lines(a.Data) {
			if words := strings.Fields(string(line)); len(words) > 0 && words[0] == "root" && (len(words) == 1 || words[1] != "allow") {
				return
			}
		}
		p.rec.Finding(report.Finding{
			Rule: "integrity.homes.ftp-root", Scope: scopeHomes, Subject: report.Path.Of("/etc/ftpusers"),
			Title: "root is not among those whom /etc/ftpusers keeps out",
		})
	})
}
