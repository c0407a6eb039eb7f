package logs

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// debian is a machine that systemd started, with a log.
func debian(t *testing.T, log string) *hosttest.Machine {
	t.Helper()
	m := hosttest.New(`-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --
-- /etc/localtime absent --
-- /etc/os-release --
ID=debian
VERSION_ID="12"
-- /run/systemd/system/ dir --
-- /usr/bin/apt --
-- /usr/bin/last --
-- /usr/bin/ dir complete --
-- /usr/sbin/ dir complete --
-- /sbin/openrc-run absent --
-- /etc/init.d absent --
-- /sbin/init absent --
-- /var/log/ dir complete --
-- /var/log/journal absent --
-- /run/log/journal absent --
`)
	require.NoError(t, m.Add("-- /var/log/syslog mtime=2026-11-25T12:00:00Z --\n"+log))
	return m
}

func TestAFindingBringsTheCommandsThatItsRuleHasForThisSystem(t *testing.T) {
	for _, c := range []struct {
		sentence, line string
		want           *report.Remedy
	}{
		{"a unit of the system", "systemd[1]: nginx.service: Failed with result 'exit-code'.", &report.Remedy{
			Look: [][]string{{"systemctl", "status", "--no-pager", "--", "nginx.service"}, {"journalctl", "--no-pager", "-n", "50", "-u", "nginx.service"}},
			Do:   [][]string{{"systemctl", "restart", "--", "nginx.service"}}, Verify: [][]string{{"systemctl", "status", "--no-pager", "--", "nginx.service"}},
		}},
		{"a unit of a user", "systemd[712]: nginx.service: Failed with result 'exit-code'.", nil},
		{"a pattern for many units", "systemd[1]: *.service: Failed with result 'exit-code'.", nil},
		{"an option", "systemd[1]: --force.reboot: Failed with result 'exit-code'.", nil},
		{"packages", "dpkg[7]: error processing archive x.deb (--unpack): no space", &report.Remedy{
			Look: [][]string{{"grep", "-F", "-e", "dpkg", "/var/log/syslog"}, {"apt", "list", "--upgradable"}}, Do: [][]string{{"dpkg", "--configure", "-a"}},
		}},
		{"lines that no rule explains", "frob[7]: the frobs are over", report.Look([]string{"grep", "-F", "-e", "frob", "/var/log/syslog"})},
		{"a program whose name nobody should type", "$(reboot): the frobs are over", report.Look([]string{"tail", "-n", "50", "/var/log/syslog"})},
		{"lines with a text", "kernel: nfs: server backup not responding, still trying", report.Look([]string{"grep", "-i", "-F", "-e", "not responding", "/var/log/syslog"})},
		{"a user", "sshd[7]: Accepted password for ann from 192.0.2.7 port 4 ssh2", report.Look([]string{"last", "-n", "20", "ann"})},
		{"a user whom nobody should type", "sshd[7]: Accepted password for $(reboot) from 192.0.2.7 port 4 ssh2", nil},
		{"nothing but advice", "sshd[7]: Accepted publickey for root from 192.0.2.7 port 4 ssh2", nil},
	} {
		res, err := suite.Collect(t.Context(), System{Host: debian(t, "Nov 25 11:00:00 web "+c.line+"\n").Host()})
		require.NoError(t, err, c.sentence)
		require.Len(t, res.Findings, 1, c.sentence)
		assert.Equal(t, c.want, res.Findings[0].Remedy, c.sentence)
	}
}

func TestOneLineOfAUsersManagerTakesTheCommandsAway(t *testing.T) {
	const failed = " nginx.service: Failed with result 'exit-code'.\n"
	res, err := suite.Collect(t.Context(), System{Host: debian(t, "Nov 25 11:00:00 web systemd[1]:"+failed+"Nov 25 11:00:01 web systemd[712]:"+failed).Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	assert.Nil(t, res.Findings[0].Remedy)
}
