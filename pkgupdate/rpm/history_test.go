package rpm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

// dnfLog was recorded live with dnf 4.14; the user of the second run is after
// documentation (dnf(8)).
const dnfLog = `dnf: recorded live (dnf 4.14.0, 2026-11-29)
-- machine now=2026-11-29T06:00:00Z --
-- / dir complete=tree --
-- $ ["dnf", "-q", "-C", "history", "list"] --
ID     | Command line             | Date and time    | Action(s)      | Altered
-------------------------------------------------------------------------------
     3 | -y -q remove bar         | 2026-11-29 05:09 | Removed        |    1   
     2 | -y -q history undo last  | 2026-11-29 05:09 | D, E           |    2 EE
     1 | -y -q upgrade --security | 2026-11-26 05:08 | I, U           |    2 EE
-- $ ["dnf", "-q", "-C", "history", "info", "3"] --
Transaction ID : 3
Begin time     : Sun Nov 29 05:09:24 2026
Begin rpmdb    : 9b615a99fdab70b6ea4f1d354ca0abdd184dc279291fcd4c0233db10e0a5b1a4
End time       : Sun Nov 29 05:09:24 2026 (0 seconds)
End rpmdb      : d16a0c53bf04c66f635908e1d41b27bae80cd5f6c5048806ef6734898ae986e9
User           : System <unset>
Return-Code    : Success
Releasever     : 1
Command Line   : -y -q remove bar
Comment        : 
Packages Altered:
    Removed bar-1.0~rc1-1.noarch @@System
-- $ ["dnf", "-q", "-C", "history", "info", "2"] --
Transaction ID : 2
Begin time     : Sun Nov 29 05:09:18 2026
Begin rpmdb    : 487681452ada0a8e374b8322d1d8113f25e498796ad08b2cb1472a444cc99289
End time       : Sun Nov 29 05:09:18 2026 (0 seconds)
End rpmdb      : 9b615a99fdab70b6ea4f1d354ca0abdd184dc279291fcd4c0233db10e0a5b1a4
User           : Anna Smith <anna>
Return-Code    : Success
Releasever     : 1
Command Line   : -y -q history undo last
Comment        : 
Packages Altered:
    Downgrade  foo-1.0-1.noarch   @t
    Downgraded foo-1.0.1-1.noarch @@System
    Removed    dep-1.0-1.noarch   @@System
Scriptlet output:
   1 warning: /etc/toys/foo.conf created as /etc/toys/foo.conf.rpmnew
`

const zyppLog = `zypp: recorded live (zypper 1.14.42, 2026-11-29)
-- machine now=2026-11-29T06:00:00Z --
-- / dir complete=tree --
-- /var/log/zypp/history --
2026-11-29 05:09:44|command|anna@vm|'zypper' '--non-interactive' 'patch' '--with-interactive'|
# 2026-11-29 05:09:44 dep-1.0-1.noarch.rpm installed ok
# Additional rpm output:
# rpm: RPM should not be used directly install RPM packages, use Alien instead!
# 
2026-11-29 05:09:44|install|dep|1.0-1|noarch||t|0a0365884a12400dd9926d28e47eb5cffc6a3e799e8ad22d4ec7263bad3449b7|
2026-11-29 05:09:45|install|foo|1.0.1-1|noarch||t|62fcbc8e12e855d096eebd1768d9f2315a2277148283f3794adcd89051accffb|
2026-11-29 05:09:45|patch  |TEST-2026:0001|1|noarch|t|important|security|needed|applied|
2026-11-29 05:09:46|command|root@vm|'zypper' '--non-interactive' 'remove' 'foo'|
2026-11-29 05:09:46|remove |foo|1.0.1-1|noarch|root@vm|
2026-11-29 05:39:46|install|foo|1.0.2-1|noarch|root@vm|t|6|
2026-11-29 05:39:47|install|dep|1.1-1|noarch||t|6|
`

// yumRuns is after yum's own source (rpm-software-management/yum: output.py) and after
// outputs that others published (chapter 8.3 of the Deployment Guide of Red Hat Enterprise
// Linux 6, and the guides of others): chatter in front, a name that is left out below the
// version before, an end without the words of its begin, failed packages.
const yumRuns = `yum: after documentation and published outputs (yum 3.4.3)
-- machine now=2026-11-29T06:00:00Z --
-- / dir complete=tree --
-- $ ["dnf"] notfound --
-- /var/lib/yum/history/history-2026-01-02.sqlite --
-- $ ["yum", "-q", "-C", "history", "list", "all"] --
Loaded plugins: fastestmirror, subscription-
              : manager
This system is not registered with an entitlement server.
ID     | Login user               | Date and time    | Action(s)      | Altered
-------------------------------------------------------------------------------
    14 | Anna ... <anna>          | 2026-11-29 05:09 | D, E, O, U     |    7 EE
    13 | root <root>              | 2026-11-29 05:02 | Install        |    3 ><
    12 | System <unset>           | 2026-01-02 10:00 | Install        |  304   
history list
-- $ ["yum", "-q", "-C", "history", "info", "14"] --
Loaded plugins: fastestmirror
Transaction ID : 14
Begin time     : Sun Nov 29 05:09:50 2026
Begin rpmdb    : 398:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c **
End time       :            05:10:12 2026 (22 seconds)
End rpmdb      : 399:1f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c
User           : Anna Smith <anna>
Return-Code    : Failure: 1
Command Line   : update foo libbar
Transaction performed with:
    Installed     rpm-4.11.3-48.el7.x86_64                   @anaconda/7.9
    Updated       yum-3.4.3-167.el7.centos.noarch            @base
Packages Altered:
    Updated    foo-tools-1:2.0-1.el7.noarch @anaconda-Some-202601020304.x86_64/7.9
    Update               1:2.1-1.el7.noarch @updates
    Updated    libbar-1.0-9.el7.i686        @base
    Updated    libbar-1.0-9.el7.x86_64      @base
    Update            1.0-10.el7.i686       @updates
 ** Update            1.0-10.el7.x86_64     @updates
    Downgrade  baz-1.9-1.el7.x86_64         @base
    Downgraded     2.0-1.el7.x86_64         @local
    Obsoleted  old-1-1.noarch               @base
    Obsoleting newer-2-1.noarch             @base
    Erase      gone-3-1.noarch              ?
Scriptlet output:
   1 warning: /etc/foo.conf created as /etc/foo.conf.rpmnew
history info
-- $ ["yum", "-q", "-C", "history", "info", "13"] --
Transaction ID : 13
Begin time     : Sun Nov 29 05:02:00 2026
End time       :                           (0 seconds)
User           : root <root>
Return-Code    : ** Aborted **
Command Line   : install two
Packages Altered:
    Dep-Install one-1-1.noarch @base
    Install     two-2-1.noarch @base
    Reinstall   three-3-1.noarch @base
history info
`

// told gives a line for each transaction.
func told(list []pkgupdate.Transaction) (out []string) {
	for _, t := range list {
		line := strings.Join(strings.Fields(t.Begin.UTC().Format("15:04:05")+" "+t.By+" "+t.Command+":"), " ")
		for _, e := range t.Events {
			line += " " + e.Name + "." + e.Arch + " " + e.From + ">" + e.To
		}
		out = append(out, line)
	}
	return out
}

func TestATransactionOfEachFrontEndIsWholeAndSaysWho(t *testing.T) {
	since := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string][]string{
		dnfLog: {
			"05:09:18 anna dnf -y -q history undo last: foo.noarch 1.0.1-1>1.0-1 dep.noarch 1.0-1>",
			"05:09:24 dnf -y -q remove bar: bar.noarch 1.0~rc1-1>",
		},
		zyppLog: {
			"05:09:44 anna zypper --non-interactive patch --with-interactive: dep.noarch >1.0-1 foo.noarch >1.0.1-1",
			"05:09:46 zypper --non-interactive remove foo: foo.noarch 1.0.1-1>",
			"05:39:46 : foo.noarch >1.0.2-1 dep.noarch 1.0-1>1.1-1",
		},
		yumRuns: {
			"05:02:00 yum install two: one.noarch >1-1 two.noarch >2-1 three.noarch 3-1>3-1",
			"05:09:50 anna yum update foo libbar: foo-tools.noarch 1:2.0-1.el7>1:2.1-1.el7 libbar.i686 1.0-9.el7>1.0-10.el7 " +
				"libbar.x86_64 1.0-9.el7>1.0-10.el7 baz.x86_64 2.0-1.el7>1.9-1.el7 old.noarch 1-1> newer.noarch >2-1 gone.noarch 3-1>",
		},
	} {
		list, err := (&rpm.Manager{Host: hosttest.New(text).Host()}).History(t.Context(), since)
		require.NoError(t, err)
		assert.Equal(t, want, told(list))
	}
}

// A form that is not known is never "nothing was done".
func TestAHistoryOfAnotherFormIsAnError(t *testing.T) {
	for _, change := range [][2]string{
		{"ID     | Command line ", "Nothing to do, "}, {"2026-11-29 05:09 | Removed", "29.11.2026 | Removed"}, {"Transaction ID : 3", "Transaction: 3"},
	} {
		text := strings.Replace(dnfLog, change[0], change[1], 1)
		require.NotEqual(t, dnfLog, text)
		_, err := (&rpm.Manager{Host: hosttest.New(text).Host()}).History(t.Context(), time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC))
		assert.Error(t, err, change[1])
	}
	list, err := (&rpm.Manager{Host: hosttest.New("-- / dir complete=tree --\n-- $ [\"dnf\"] notfound --\n").Host()}).History(t.Context(), time.Time{})
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestTheEndAndTheFailureOfATransactionOfYumAreTold(t *testing.T) {
	list, err := (&rpm.Manager{Host: hosttest.New(yumRuns).Host()}).History(t.Context(), time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, []string{"yum-13", "** Aborted **", "yum-14", "Failure: 1"}, []string{list[0].ID, list[0].Failed, list[1].ID, list[1].Failed})
	assert.Equal(t, list[0].Begin, list[0].End)
	assert.Equal(t, time.Date(2026, 11, 29, 5, 10, 12, 0, time.UTC), list[1].End.UTC())
	for _, change := range [][2]string{{"ID     | Login user", "No such command: history"}, {"Transaction ID : 14", "You don't have access"}, {`"info", "13"] --`, `"info", "13"] exit=1 --`}} {
		_, err := (&rpm.Manager{Host: hosttest.New(strings.Replace(yumRuns, change[0], change[1], 1)).Host()}).History(t.Context(), time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC))
		assert.ErrorContains(t, err, "yum", change[1])
	}
}

// oldYum is after yum's own source (rpm-software-management/yum: rpmtrans.py) and after
// logs that others published: lines with an epoch and names without a version
// (RedHatInsights/insights-core: tests of its parser yumlog), and the form of yum 2, name
// and architecture before the version.
const oldYum = `yum: after source and published logs (yum 3.2.22)
-- machine now=2026-11-29T07:00:00Z --
-- / dir complete=tree --
-- $ ["dnf"] notfound --
-- /var/log/yum.log mtime=2026-11-29T06:09:13Z --
pdated: cut-1-1.noarch
Feb 29 10:00:00 Updated: glibc.i686 2.3.4-2
Nov 29 06:00:00 Installed: lastyear-1-1.noarch
Jan 24 00:24:00 Updated: glibc-2.5-1.i686
Jan 24 00:24:00 Dep Installed: zlib.i386 0:1.2.3-1
Nov 29 05:02:00 Erased: katello-agent
Nov 29 06:09:09 Updated: glibc-2.5-2.i686
Nov 29 06:09:10 Updated: 1:openssl-libs-1.0.1e-51.x86_64
Nov 29 06:09:11 Installed: kernel-2.6.18-8.el5.x86_64
Nov 29 06:09:12 openssl-libs: ts_done name in te is other should be openssl-libs
Nov 29 06:09:13 Obsoleted: old
`

// Yum of Red Hat Enterprise Linux 5 keeps no history but this log, which has no years.
func TestTheLogOfAYumWithoutAHistoryIsReadFromItsEnd(t *testing.T) {
	history := func(text string) []pkgupdate.Transaction {
		list, err := (&rpm.Manager{Host: hosttest.New(text).Host()}).History(t.Context(), time.Time{})
		require.NoError(t, err)
		return list
	}
	list := history(oldYum)
	assert.Equal(t, []string{
		"10:00:00 : glibc.i686 unknown>2.3.4-2",
		"06:00:00 : lastyear.noarch >1-1",
		"00:24:00 : glibc.i686 2.3.4-2>2.5-1 zlib.i386 >1.2.3-1",
		"05:02:00 : katello-agent. unknown>",
		"06:09:09 : glibc.i686 2.5-1>2.5-2 openssl-libs.x86_64 unknown>1:1.0.1e-51 kernel.x86_64 >2.6.18-8.el5 old. unknown>",
	}, told(list))
	var years []int
	for _, tr := range list {
		years = append(years, tr.Begin.Year())
	}
	assert.Equal(t, []int{2024, 2025, 2026, 2026, 2026}, years)
	assert.Equal(t, time.Date(2026, 11, 29, 6, 9, 13, 0, time.UTC), list[4].End.UTC())

	quiet := history(strings.Replace(oldYum, "mtime=2026-11-29", "mtime=2023-11-29", 1))
	assert.Equal(t, 2023, quiet[len(quiet)-1].Begin.Year(), "the file is of an earlier year")
	assert.Equal(t, 2020, quiet[0].Begin.Year())
	assert.Empty(t, history(strings.Replace(oldYum, "yum.log", "other.log", 1)))

	head, _, _ := strings.Cut(oldYum, "-- /var/log/")
	_, err := (&rpm.Manager{Host: hosttest.New(head + "-- /var/log/yum.log error=permission --\n").Host()}).History(t.Context(), time.Time{})
	assert.Error(t, err)
}
