package startup_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity/inventory/startup"
)

// Each has the shape of a file that its system publishes, with other values: tabs
// before comments, two variables in one line, flags of what is not enabled, code of
// the shell behind the variables.
var shipped = map[string]struct{ text, want string }{
	// openbsd/src : etc/rc.conf, and the variables of puppetlabs/puppet :
	// spec/fixtures/unit/provider/service/openbsd/rcctl_getall
	"OpenBSD": {`-- /etc/rc.d/rc.subr --
-- /etc/rc.conf --
#!/bin/sh -
# set these to "NO" to turn them off.  otherwise, they're used as flags
bgpd_flags=NO		# for normal use: ""
sshd_flags=""		# for normal use: ""
smtpd_flags="-v -F"
inetd_flags=""		# for normal use: ""
spamd_black=NO		# set to YES to run without greylisting
pf=YES			# Packet filter / NAT
accounting=NO		# process accounting
amd_master=/etc/amd/master	# map
syslogd_flags=			# add more flags
pkg_scripts=

unset inetd_flags amd_flags
[ -f ${local_rcconf} ] && . ${local_rcconf}
if [ X"${pf}" = X"NO" ]; then
	pflogd_flags=NO
fi
: ${inetd_flags=$([ X"${inetd-YES}" = XYES ] || echo NO)}
-- /etc/rc.conf.local --
bgpd_flags=
inetd_flags=NO
xdm_flags=
pkg_scripts=nsca redis
`, "bgpd nsca pf smtpd sshd syslogd xdm"},
	// NetBSD/src : etc/defaults/rc.conf
	"NetBSD": {`-- /etc/rc.subr --
-- /etc/defaults/rc.conf --
savecore=YES		savecore_flags="-z"
inetd=YES		inetd_flags="-l"	# -l logs libwrap
syslogd=YES		syslogd_flags="-s"	# -s "secure" unix domain only
cron=YES
rpcbind=NO		rpcbind_flags="-l"
postfix=NO
sshd=NO			sshd_flags=""
nfs_server=NO					# enable server daemons
			nfsd_flags="-6tun 4"
			amd_dir=/amd		# mount dir
-- /etc/rc.conf --
if [ -r /etc/defaults/rc.conf ]; then
	. /etc/defaults/rc.conf
fi
rc_configured=YES
sshd=YES
inetd=NO
ntpd=NO
ntpd_flags="-g"
`, "cron rc_configured savecore sshd syslogd"},
}

func TestPublishedSettingsOfServicesAreRead(t *testing.T) {
	for name, c := range shipped {
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

// The tables have the shape of openbsd/src : etc/crontab (root's table) and NetBSD/src :
// etc/crontab, with other lines; crontab(5) of OpenBSD has ~ for a minute by chance, and
// flags before the command.
const tableOfRoot = `#	table of root
SHELL=/bin/sh
HOME = /var/log
#
#minute	hour	mday	month	wday	command
#
# rotate log files every hour, if necessary
0	*	*	*	*	/usr/bin/newsyslog
#1-59	*	*	*	*	/usr/bin/newsyslog -m
~	3	*	*	6	-ns /bin/sh /etc/weekly
30	5	1	*	*	/etc/monthly > /var/log/monthly.out 2>&1
@weekly	sleep $((RANDOM \% 1800)) && A=b /usr/libexec/fetch
`

func TestPublishedTablesOfCronAreRead(t *testing.T) {
	var got []string
	for line := range strings.Lines(tableOfRoot) {
		if j, ok := startup.ParseJob(line, "root"); ok {
			got = append(got, j.When+"|"+j.Command)
		}
	}
	assert.Equal(t, []string{
		"|SHELL=/bin/sh", "|HOME = /var/log", "0 * * * *|/usr/bin/newsyslog", "~ 3 * * 6|-ns /bin/sh /etc/weekly",
		"30 5 1 * *|/etc/monthly > /var/log/monthly.out 2>&1", `@weekly|sleep $((RANDOM \% 1800)) && A=b /usr/libexec/fetch`,
	}, got)
}

// The folder is that of openbsd/src : usr.sbin/cron/pathnames.h.
func TestAJobOfAtIsSeenWhereEachSystemKeepsIt(t *testing.T) {
	for _, file := range []string{"/var/spool/cron/atjobs/a1", "/var/spool/atjobs/a1", "/var/at/jobs/c1", "/var/cron/atjobs/1764000000.a"} {
		l := startup.Jobs{Host: machine(homes + "-- " + file + " --\n#!/bin/sh\n/usr/bin/x\n")}.Read(t.Context())
		require.Len(t, l.Records, 1, file)
		assert.Equal(t, "/usr/bin/x", l.Records[0].Get("command"))
		assert.True(t, startup.Tells(file))
	}
}
