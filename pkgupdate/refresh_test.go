package pkgupdate_test

import (
	"crypto/sha512"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apk"
	"github.com/pugetsoundtech/upkeep/pkgupdate/freebsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgsrc"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
	"github.com/pugetsoundtech/upkeep/pkgupdate/slackware"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A family is a machine on which nothing is pending, its lists fetched on 27 November,
// and what a refresh that fails leaves of it. The forms are those of the manuals and of
// the sources of each manager; where a failure leaves all as it was, the machine has aged.
type family struct {
	make    func(h host.Host) pkgupdate.Manager
	machine string
	// by condition: pairs of what is replaced in the machine
	left map[string][]string
}

// kept is a machine that a failed refresh leaves as it is.
var kept = []string{}

const (
	down, gone, unsigned = "the network is down", "404", "a bad signature"
	expired, back, lacks = "expired", "rolled back", "a list is missing"
)

var conditions = []string{down, gone, unsigned, expired, back, lacks}

const rpmHead = `-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/rpm/rpmdb.sqlite --
-- $ ["rpm", "-qa", "--queryformat", "upkeep\t%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n"] --
upkeep	bash	(none)	5.1.8	9.el9	x86_64	bash-5.1.8-9.el9.src.rpm
`

const vulnerableHead = "#FORMAT 1.1.0\nopenssl<3.0\tother\thttps://nvd.nist.gov/vuln/detail/CVE-2020-1\n"

var families = map[string]family{
	"pacman": {
		func(h host.Host) pkgupdate.Manager { return &pacman.Manager{Host: h} },
		`-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/pacman/local/bash-5.2-1/desc --
-- /var/lib/pacman/sync/core.db mtime=2026-11-27T20:00:00Z --
(packed)
-- $ ["pacman-conf"] --
[core]
Server = https://mirror.example.org/core
-- $ ["pacman", "-Sl"] --
core bash 5.2-1 [installed]
`,
		map[string][]string{
			down: kept, gone: kept, expired: kept,
			unsigned: {"[installed]\n", "[installed]\n-- stderr --\nerror: database 'core' is not valid (invalid or corrupted database (PGP signature))\n"},
			back:     {"2026-11-27T20", "2026-11-26T20"},
			lacks:    {"-- /var/lib/pacman/sync/core.db mtime=2026-11-27T20:00:00Z --\n(packed)\n", ""},
		},
	},
	"apk": {
		func(h host.Host) pkgupdate.Manager { return &apk.Manager{Host: h} },
		`-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /lib/apk/db/installed --
P:busybox
V:1.36.1-r28
A:x86_64
-- /etc/apk/repositories --
https://mirror.example.org/alpine/v3.22/main
-- /var/cache/apk/APKINDEX.0123abcd.tar.gz mtime=2026-11-27T20:00:00Z --
-- $ ["apk", "--no-network", "--simulate", "upgrade"] --
OK: 12 MiB in 24 packages
`,
		map[string][]string{
			down: kept, gone: kept, expired: kept,
			unsigned: {"OK:", "WARNING: Ignoring https://mirror.example.org/alpine/v3.22/main: UNTRUSTED signature\nOK:"},
			back:     {"2026-11-27T20", "2026-11-26T20"},
			lacks:    {"APKINDEX.0123abcd", "installed.0123abcd"},
		},
	},
	"dnf": {
		func(h host.Host) pkgupdate.Manager { return &rpm.Manager{Host: h, Family: "redhat"} },
		rpmHead + `-- $ ["dnf", "-q", "-C", "repolist", "--enabled"] --
repo id                  repo name
baseos                   BaseOS
-- /var/cache/dnf/baseos-0123456789abcdef/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --
<timestamp>1795800000</timestamp>
-- $ ["dnf", "-q", "-C", "repoquery", "--upgrades", "--qf", "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"] --
-- $ ["dnf", "-q", "-C", "--disableexcludes=all", "repoquery", "--upgrades", "--qf", "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"] --
-- $ ["dnf", "-q", "-C", "--disableexcludes=all", "updateinfo", "list"] --
`,
		map[string][]string{
			down: kept, gone: kept, unsigned: kept, expired: kept,
			back:  {"<timestamp>1795800000", "<timestamp>1795700000"},
			lacks: {"/repodata/repomd.xml mtime", "/repodata/other.xml mtime"},
		},
	},
	"zypper": {
		func(h host.Host) pkgupdate.Manager { return &rpm.Manager{Host: h, Family: "suse"} },
		rpmHead + `-- $ ["dnf"] notfound --
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "repos"] --
<stream><repo-list><repo alias="update" name="Update" enabled="1"><url>https://mirror.example.org/update</url></repo></repo-list></stream>
-- /var/cache/zypp/raw/update/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --
<timestamp>1795800000</timestamp>
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "list-updates"] --
<stream><update-status version="0.6"><update-list/></update-status></stream>
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "list-updates", "--all"] --
<stream><update-status version="0.6"><update-list/></update-status></stream>
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "list-patches"] --
<stream><update-status version="0.6"><update-list/></update-status></stream>
`,
		map[string][]string{
			down: kept, gone: kept, unsigned: kept, expired: kept,
			back:  {"<timestamp>1795800000", "<timestamp>1795700000"},
			lacks: {"/repodata/repomd.xml mtime", "/other.xml mtime"},
		},
	},
	"urpmi": {
		func(h host.Host) pkgupdate.Manager { return &rpm.Manager{Host: h, Family: "mandrake"} },
		rpmHead + `-- $ ["dnf"] notfound --
-- $ ["zypper"] notfound --
-- /var/lib/urpmi/Core-Updates/MD5SUM mtime=2026-11-27T20:00:00Z --
-- $ ["urpmq", "--list"] --
bash
-- $ ["urpmq", "--auto-select", "-f"] --
`,
		map[string][]string{
			down: kept, gone: kept, unsigned: kept, expired: kept,
			back:  {"2026-11-27T20", "2026-11-26T20"},
			lacks: {"/Core-Updates/MD5SUM", "/Core-Updates/other"},
		},
	},
	"slackpkg": {
		func(h host.Host) pkgupdate.Manager { return &slackware.Manager{Host: h} },
		`-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/pkgtools/packages/openssl-1.1.1zd-x86_64-1_slack15.0 --
-- /var/lib/slackpkg/pkglist --
patches openssl 1.1.1zd x86_64 1_slack15.0 openssl-1.1.1zd-x86_64-1_slack15.0 ./patches/packages txz
-- /var/lib/slackpkg/ChangeLog.txt mtime=2026-11-27T20:00:00Z --
Fri Nov 27 19:30:11 UTC 2026
patches/packages/openssl-1.1.1zd-x86_64-1_slack15.0.txz:  Upgraded.
  (* Security fix *)
+--------------------------+
`,
		map[string][]string{
			down: kept, gone: kept, unsigned: kept, expired: kept,
			back:  {"Fri Nov 27 19:30:11 UTC 2026\npatches/packages/openssl-1.1.1zd", "Thu Nov 26 19:30:11 UTC 2026\npatches/packages/openssl-1.1.1zd"},
			lacks: {"patches openssl 1.1.1zd x86_64 1_slack15.0 openssl-1.1.1zd-x86_64-1_slack15.0 ./patches/packages txz\n", ""},
		},
	},
	"pkg": {
		func(h host.Host) pkgupdate.Manager { return &freebsd.Manager{Host: h} },
		`-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/db/pkg/local.sqlite --
-- /var/db/pkg/repos/FreeBSD/db mtime=2026-11-27T20:00:00Z --
-- /var/db/pkg/vuln.xml mtime=2026-11-27T20:00:00Z --
<entry>2026-11-27</entry>
-- /var/db/freebsd-update/tag mtime=2026-11-27T20:00:00Z --
freebsd-update|amd64|14.1-RELEASE|5|0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef|1743465599
-- $ ["freebsd-version", "-u"] --
14.1-RELEASE-p5
-- $ ["pkg", "query", "-a", "upkeep\t%n\t%v\t%q\t%k\t%o"] --
upkeep	pkg	2.1.0	FreeBSD:14:amd64	0	ports-mgmt/pkg
-- $ ["pkg", "version", "-vUR"] --
pkg-2.1.0                          =   up-to-date with remote
-- $ ["pkg", "audit", "-R", "json-compact"] --
{"pkg_count":0,"packages":{}}
-- $ ["freebsd-update", "updatesready"] exit=2 --
`,
		map[string][]string{
			down: kept, gone: kept, unsigned: kept, expired: kept,
			back:  {"<entry>2026-11-27", "<entry>2026-11-26"},
			lacks: {`"-vUR"] --` + "\n", `"-vUR"] --` + "\npkg: Repository FreeBSD cannot be opened. 'pkg update' required\n"},
		},
	},
	"pkgin": {
		func(h host.Host) pkgupdate.Manager { return &pkgsrc.Manager{Host: h} },
		`-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /usr/pkg/pkgdb/openssl-3.4.1/+CONTENTS --
-- /usr/pkg/pkgdb/pkgin-23.8.1/+CONTENTS --
-- /usr/pkg/pkgdb/pkg-vulnerabilities mtime=2026-11-27T20:00:00Z --
# $NetBSD: pkg-vulnerabilities,v 1.500 2026/11/27 12:00:00 spz Exp $
` + vulnerableHead + fmt.Sprintf("#CHECKSUM SHA512 %x\n", sha512.Sum512([]byte(vulnerableHead))) + `-- /var/db/pkgin/pkgin.db mtime=2026-11-27T20:00:00Z --
-- $ ["pkgin", "-n", "full-upgrade"] --
nothing to do.
`,
		map[string][]string{
			down:     {`"full-upgrade"] --` + "\nnothing to do.\n", `"full-upgrade"] exit=1 --` + "\n-- stderr --\npkgin: Could not fetch https://mirror.example.org/All/pkg_summary.gz: Transient resolver failure\n"},
			gone:     {`"full-upgrade"] --` + "\nnothing to do.\n", `"full-upgrade"] exit=1 --` + "\n-- stderr --\npkgin: Could not fetch https://mirror.example.org/All/pkg_summary.gz: Not Found\n"},
			unsigned: kept, expired: kept,
			back:  {"2026/11/27 12", "2026/11/26 12"},
			lacks: {"pkg-vulnerabilities mtime", "pkg-other mtime"},
		},
	},
	"pkg_add": {
		func(h host.Host) pkgupdate.Manager { return &openbsd.Manager{Host: h} },
		`-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/db/pkg/quirks-7.50/+CONTENTS --
-- $ ["sysctl", "-n", "kern.version"] --
OpenBSD 7.9 (GENERIC.MP) #1: Tue May 19 10:00:00 MDT 2026
-- $ ["pkg_add", "-u", "-v", "-n", "-x", "-I"] --
quirks-7.50 signed on 2026-11-20T08:37:06Z
Update candidates: quirks-7.50 -> quirks-7.50
-- $ ["syspatch", "-c"] --
`,
		map[string][]string{
			down:     {"quirks-7.50 signed on 2026-11-20T08:37:06Z\nUpdate", "https://mirror.example.org/: ftp: mirror.example.org: no address associated with name\nUpdate"},
			gone:     {"quirks-7.50 signed on 2026-11-20T08:37:06Z\nUpdate", "https://mirror.example.org/: ftp: Error retrieving: 404 Not Found\nUpdate"},
			unsigned: {"Update candidates", "Fatal error: Unsigned package quirks-7.50\nUpdate candidates"},
			expired:  {"quirks-7.50 signed on 2026-11-20T08:37:06Z\n", "quirks-7.50 signed on a day that is over\n"},
			back:     {"signed on 2026-11-20", "signed on 2026-11-10"},
			lacks:    {"Update candidates", "https://mirror.example.org/: no such dir\nUpdate candidates"},
		},
	},
}

// After a good state that has aged, a refresh fails in each way that there is: the check
// never covers what is pending, so nothing is told as mended or absent.
func TestAFailedRefreshIsNoAnswerOfAnyManager(t *testing.T) {
	for name, f := range families {
		good, saved := f.run(t, name, f.machine, time.Time{}, memory.Saved{})
		id := f.make(host.Host{}).Info().ID
		require.True(t, good.Covers(id+"/pending/security"), "%s: %v", name, good.Problems)
		for _, condition := range conditions {
			pairs, told := f.left[condition]
			require.True(t, told, "%s, %s", name, condition)
			text, later := strings.NewReplacer(pairs...).Replace(f.machine), time.Time{}
			if len(pairs) == 0 { // it is as it was, ten days later
				later = time.Date(2026, 12, 8, 6, 0, 0, 0, time.UTC)
			} else {
				require.NotEqual(t, f.machine, text, "%s, %s", name, condition)
			}
			bad, _ := f.run(t, name, text, later, saved)
			assert.False(t, bad.Covers(id+"/pending/security") && bad.Covers(id+"/pending/stable"), "%s, %s: %v", name, condition, bad.Findings)
			assert.NotEmpty(t, bad.Problems, "%s, %s", name, condition)
			assert.NotEqual(t, report.OK, bad.Status, "%s, %s", name, condition)
		}
	}
}

// run is one run of the check at a time, which is the machine's own where it is zero, with
// what the run before kept.
func (f family) run(t *testing.T, name, text string, now time.Time, saved memory.Saved) (report.Result, memory.Saved) {
	t.Helper()
	h := hosttest.New(name + ": after documentation (its manual and source)\n" + text).Host()
	if !now.IsZero() {
		h.Now = func() time.Time { return now }
	}
	store := &reporttest.Store{}
	require.NoError(t, store.Save(t.Context(), saved))
	set := &suite.Suite{Checks: []report.Checker{updates.Software{Managers: []pkgupdate.Manager{f.make(h)}}}, Store: store, Clock: h.Time}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	saved, err = store.Load(t.Context())
	require.NoError(t, err)
	return rep.Results[0], saved
}
