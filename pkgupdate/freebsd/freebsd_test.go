package freebsd_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/freebsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

const machine = `freebsd: after documentation (pkg(8) and its source, freebsd-update(8))
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/db/pkg/local.sqlite --
-- /var/db/pkg/repos/FreeBSD/db mtime=2026-11-27T20:00:00Z --
-- /var/db/pkg/vuln.xml mtime=2026-11-27T20:00:00Z --
-- /var/db/freebsd-update/tag mtime=2026-11-27T20:00:00Z --
freebsd-update|amd64|14.1-RELEASE|5|0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef|1743465599
-- $ ["freebsd-version", "-u"] --
14.1-RELEASE-p5
-- $ ["freebsd-version", "-k"] --
14.1-RELEASE-p4
-- $ ["pkg", "query", "-a", "upkeep\t%n\t%v\t%q\t%k\t%o"] --
upkeep	curl	8.7.1_1	FreeBSD:14:amd64	0	ftp/curl
upkeep	locked	1.0	FreeBSD:14:*	1	misc/locked
upkeep	mine	1.0	FreeBSD:14:*	0	local/mine
upkeep	nginx	1.26.1,3	FreeBSD:14:amd64	0	www/nginx
upkeep	pkg	2.1.0	FreeBSD:14:amd64	0	ports-mgmt/pkg
-- $ ["pkg", "version", "-vUR"] --
curl-8.7.1_1                       <   needs updating (remote has 8.8.0)
locked-1.0                         <   needs updating (remote has 2.0)
mine-1.0                           ?   orphaned: local/mine
nginx-1.26.1,3                     <   needs updating (remote has 1.26.2,3)
pkg-2.1.0                          =   up-to-date with remote
-- $ ["pkg", "audit", "-R", "json-compact"] exit=1 --
{"pkg_count":2,"packages":{"curl":{"version":"8.7.1_1","issue_count":1,"issues":[{"Affected versions":["< 8.8.0"],"description":"cURL -- a hole","cve":["CVE-2026-1234"],"url":"https://vuxml.FreeBSD.org/freebsd/1.html"}],"reverse dependencies":[]},"mine":{"version":"1.0","issue_count":1,"issues":[{"Affected versions":[],"description":"x","cve":[],"url":"https://vuxml.FreeBSD.org/freebsd/abc.html"}],"reverse dependencies":[]}}}
-- $ ["freebsd-update", "updatesready"] exit=2 --
src component not installed, skipped
No updates are available to install.
`

func pending(p pkgupdate.Pending) (out []string) {
	for _, u := range p.Upgrades {
		out = append(out, strings.Join(strings.Fields(u.Pkg.Name+" "+u.Pkg.Version.String()+" "+u.To().String()+" "+u.Class.String()+" "+string(u.Blocked)+" "+strings.Join(u.Advisories, ",")), " "))
	}
	for _, patch := range p.Patches {
		out = append(out, patch.ID+" "+patch.Class.String())
	}
	return out
}

func TestVulnerablePackagesAreSecurityUpdatesAndOneWithoutAFixIsBlocked(t *testing.T) {
	h := hosttest.New(machine).Host()
	m := &freebsd.Manager{Host: h}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &freebsd.Manager{Host: h} }))
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{
		"curl 8.7.1_1 8.8.0 security CVE-2026-1234",
		"locked 1.0 2.0 ordinary held",
		"mine 1.0 security no version with a fix is offered VuXML:abc",
		"nginx 1.26.1,3 1.26.2,3 ordinary",
	}, pending(a.Value))
}

func TestAnUpdateOfTheBaseSystemThatWaitsIsASecurityPatch(t *testing.T) {
	const ready = "\"updatesready\"] --\nThere are updates available to install.\nRun 'freebsd-update [options] install' to proceed.\n"
	text := strings.Replace(machine, `"updatesready"] exit=2 --`, ready, 1)
	a := (&freebsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Contains(t, pending(a.Value), "freebsd-update security")
	assert.Equal(t, [][]string{{"freebsd-update", "fetch", "install"}}, a.Value.Patches[0].Remedy.Do)
}

// After the source of freebsd-update, and what users of bastille and of freebsd-update-probe
// published of its runs: the tag is in place before the files are fetched, so a fetch that
// fails in the middle leaves a fresh tag and nothing to install; an older one knows no
// "updatesready", and says how it is used with status 0; the kernel's patch level is the
// lower one where a fix is not in it.
func TestPublishedRunsOfFreebsdUpdateAreTold(t *testing.T) {
	const usage = "\"updatesready\"] --\nusage: freebsd-update [options] command ... [path]\n"
	for name, c := range map[string]struct {
		pairs []string
		want  string // titles
		state pkgupdate.State
	}{
		"as it is":                  {nil, "", pkgupdate.Known},
		"its fetch did not end":     {[]string{"14.1-RELEASE-p5\n", "14.1-RELEASE-p3\n", "-RELEASE-p4\n", "-RELEASE-p3\n"}, "14.1-RELEASE-p5 of the base system is out", pkgupdate.Known},
		"as it was released":        {[]string{"14.1-RELEASE-p5\n", "14.1-RELEASE\n", "-RELEASE-p4\n", "-RELEASE\n"}, "14.1-RELEASE-p5 of the base system is out", pkgupdate.Known},
		"the kernel alone has it":   {[]string{"14.1-RELEASE-p5\n", "14.1-RELEASE-p4\n", "-RELEASE-p4\n", "-RELEASE-p5\n"}, "", pkgupdate.Known},
		"ten is more than nine":     {[]string{"RELEASE|5|", "RELEASE|10|", "14.1-RELEASE-p5\n", "14.1-RELEASE-p9\n"}, "14.1-RELEASE-p10 of the base system is out", pkgupdate.Known},
		"an old one":                {[]string{"\"updatesready\"] exit=2 --\n", usage}, "", pkgupdate.Known},
		"an old one, behind":        {[]string{"\"updatesready\"] exit=2 --\n", usage, "14.1-RELEASE-p5\n", "14.1-RELEASE-p3\n"}, "14.1-RELEASE-p5 of the base system is out", pkgupdate.Known},
		"of another release":        {[]string{"|14.1-RELEASE|", "|14.0-RELEASE|"}, "", pkgupdate.Unknown},
		"a tag that is cut":         {[]string{"|1743465599", "|17"}, "", pkgupdate.Unknown},
		"nobody knows what is here": {[]string{"[\"freebsd-version\", \"-u\"] --", "[\"freebsd-version\", \"-u\"] exit=1 --"}, "", pkgupdate.Unknown},
	} {
		text := strings.NewReplacer(c.pairs...).Replace(machine)
		require.True(t, c.pairs == nil || text != machine, name)
		a := (&freebsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		assert.Equal(t, c.state, a.State, "%s: %v", name, a.Reason)
		titles := ""
		for _, p := range a.Value.Patches {
			titles += p.Title
		}
		assert.Equal(t, c.want, titles, name)
	}
}

// The newest entry stands first in the list of vulnerabilities; pkg gives the catalogue the
// time that the server has of it.
func TestTheDatesOfTheSourcesAreTheirMakers(t *testing.T) {
	text := strings.Replace(machine, "vuln.xml mtime=2026-11-27T20:00:00Z --\n", "vuln.xml mtime=2026-11-27T20:00:00Z --\n<vuxml>\n<dates>\n<discovery>2026-11-29</discovery>\n<entry>2026-11-25</entry>\n</dates>\n"+
		"<dates><entry>2026-01-02</entry><modified>2026-11-26</modified></dates>\n<entry>2031-01-01</entry>\n", 1)
	list := (&freebsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).Value.Sources
	require.Len(t, list, 3)
	assert.Equal(t, "2026-11-27T20:00:00Z", list[0].Date.UTC().Format(time.RFC3339))
	assert.Equal(t, "2026-11-26", list[1].Date.Format(time.DateOnly))
}

// The versions are those of users' reports of packages of the base system.
func TestABaseSystemOfPackagesHasItsFixesThere(t *testing.T) {
	text := strings.NewReplacer(
		"-- /var/db/freebsd-update/tag mtime=2026-11-27T20:00:00Z --\n", "",
		"upkeep\tcurl", "upkeep\tFreeBSD-openssl\t15.0\tFreeBSD:15:amd64\t0\tbase\nupkeep\tFreeBSD-runtime\t15.0p2\tFreeBSD:15:amd64\t0\tbase\nupkeep\tcurl",
		"curl-8.7.1_1   ", "FreeBSD-openssl-15.0   <   needs updating (remote has 15.0p2)\nFreeBSD-runtime-15.0p2   =   up-to-date with remote\ncurl-8.7.1_1   ",
	).Replace(machine)
	h := hosttest.New(text).Host()
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), &freebsd.Manager{Host: h}))
	a := (&freebsd.Manager{Host: h}).Pending(t.Context())
	require.NoError(t, a.Reason, "freebsd-update has nothing to do with it")
	assert.Equal(t, "FreeBSD-openssl 15.0 15.0p2 security", pending(a.Value)[0])
	text = strings.Replace(text, "remote has 15.0p2", "remote has 15.snap20261120", 1)
	a = (&freebsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	assert.Equal(t, "FreeBSD-openssl 15.0 15.snap20261120 unclassified", pending(a.Value)[0])
}

func TestWhatWasNotFetchedOrDoesNotAnswerIsUnknown(t *testing.T) {
	for name, c := range map[string][2]string{
		"old catalogue":            {"/repos/FreeBSD/db mtime=2026-11-27", "/repos/FreeBSD/db mtime=2026-11-20"},
		"no catalogue":             {"-- /var/db/pkg/repos/FreeBSD/db mtime=2026-11-27T20:00:00Z --\n", ""},
		"old vulnerabilities":      {"vuln.xml mtime=2026-11-27", "vuln.xml mtime=2026-11-20"},
		"no report":                {`{"pkg_count":2`, `pkg: vulnxml file missing {`},
		"fewer than counted":       {`"pkg_count":2`, `"pkg_count":3`},
		"a package not listed":     {"pkg-2.1.0                          =   up-to-date with remote\n", ""},
		"base never fetched":       {"-- /var/db/freebsd-update/tag mtime=2026-11-27T20:00:00Z --\n", ""},
		"base fetched a while ago": {"/tag mtime=2026-11-27", "/tag mtime=2026-11-23"},
		"a catalogue is not there": {`"-vUR"] --` + "\n", `"-vUR"] --` + "\npkg: Repository FreeBSD-ports cannot be opened. 'pkg update' required\n"},
		"base fails":               {`"updatesready"] exit=2`, `"updatesready"] exit=1`},
	} {
		text := strings.Replace(machine, c[0], c[1], 1)
		require.NotEqual(t, machine, text, name)
		assert.Equal(t, pkgupdate.Unknown, (&freebsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).State, name)
	}
}

// what is after documentation: pkg's source says what it tells syslog and what query's
// letters mean.
const more = machine + `-- /var/log/messages mtime=2026-11-28T06:00:00Z --
Nov 27 10:00:01 web pkg[700]: curl upgraded: 8.7.1 -> 8.7.1_1 
Nov 27 10:00:02 web pkg[700]: tree-2.1.0 installed
Nov 27 10:00:03 web kernel: tree-9 installed
Nov 27 11:00:00 web pkg-static[701]: php83-curl-8.3.1,1 deinstalled
-- /usr/local/bin/link link=curl --
-- $ ["pkg", "query", "-a", "upkeep\t%n\t%v\t%Fs\t%Fp"] --
upkeep	curl	8.7.1_1	1$4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865	/usr/local/bin/curl
upkeep	curl	8.7.1_1	1$1b9a2b01bb6a2c9e7b3c7a6b7b0c7c3c1df6d0e0b6ce6f0f9b0a4a1e6a4f5c11	/usr/local/bin/other
upkeep	curl	8.7.1_1	1$LINK	/usr/local/bin/link
upkeep	nginx	1.26.1,3	-	/usr/local/etc/x
`

func TestWhatPkgToldSyslogIsOneActAProcess(t *testing.T) {
	list, err := (&freebsd.Manager{Host: hosttest.New(more).Host()}).History(t.Context(), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, list, 2)
	var got []string
	for _, x := range list {
		for _, e := range x.Events {
			got = append(got, x.Command+" "+e.Name+" "+e.From+">"+e.To)
		}
	}
	assert.Equal(t, []string{"pkg curl 8.7.1>8.7.1_1", "pkg tree >2.1.0", "pkg-static php83-curl 8.3.1,1>"}, got)
}

func TestFilesAreAttestedWhereThePackagesAreAlone(t *testing.T) {
	sum := sha256.Sum256([]byte("curl"))
	m := &freebsd.Manager{Host: hosttest.New(strings.Replace(more, "LINK", hex.EncodeToString(sum[:]), 1)).Host()}
	claims, err := m.Attest(t.Context(), []string{"/usr/local/bin/curl", "/usr/local/bin/link", "/usr/local/etc/x", "/usr/local/bin/mine", "/bin/sh"})
	require.NoError(t, err)
	assert.Equal(t, "sha256", claims["/usr/local/bin/curl"].Algorithm)
	assert.Equal(t, host.Claim{Package: "freebsd:curl", Version: "8.7.1_1", Type: host.ModeSymlink, Link: "curl", Strength: host.StrengthDatabase}, claims["/usr/local/bin/link"])
	assert.Equal(t, host.StrengthOwned, claims["/usr/local/etc/x"].Strength)
	assert.Equal(t, host.Claim{}, claims["/usr/local/bin/mine"])
	assert.NotContains(t, claims, "/bin/sh", "the base system is of no package")
}

// The forms are those of an output that vuls has among the tests of its scanner: what pkg says
// of its catalogues stands before the rows, a name may hold hyphens, and a package may be
// newer than that of the ports. The names are others.
func TestPublishedComparisonsOfPkgAreRead(t *testing.T) {
	text := strings.NewReplacer(`"-vUR"] --`+"\n", `"-vUR"] --`+"\nUpdating FreeBSD repository catalogue...\nFreeBSD repository is up-to-date.\nAll repositories are up-to-date.\n"+
		"tex-base-3.0_25,1                  ?   orphaned: print/tex-base\nntp-4.2.8p8_1                      >   succeeds port (port has 4.2.8p6)\n",
		"upkeep\tcurl", "upkeep\ttex-base\t3.0_25,1\tFreeBSD:14:amd64\t0\tprint/tex-base\nupkeep\tntp\t4.2.8p8_1\tFreeBSD:14:amd64\t0\tnet/ntp\nupkeep\tcurl").Replace(machine)
	m := &freebsd.Manager{Host: hosttest.New(text).Host()}
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Len(t, pending(a.Value), 4, "neither is an update")
	o := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
	require.NoError(t, o.Reason)
	require.Len(t, o.Value, 2)
	assert.Equal(t, "tex-base", o.Value[1].Name)
	text = strings.Replace(text, "FreeBSD repository is up-to-date.", "Unable to update repository FreeBSD", 1)
	assert.ErrorIs(t, (&freebsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).Reason, pkgupdate.ErrIncomplete)
}

// After an audit of pkg 1.20 in freebsd/pkg issue 2254 and what pkg's own test
// tests/frontend/audit.sh expects of it: a package has several issues, with one CVE, with many
// or with none, and other packages need it; without a hole the packages may be null.
func TestPublishedAuditsOfPkgAreRead(t *testing.T) {
	i, j := strings.Index(machine, `{"pkg_count"`), strings.Index(machine, `-- $ ["freebsd-update"`)
	audit := func(json string) pkgupdate.Answer[pkgupdate.Pending] {
		return (&freebsd.Manager{Host: hosttest.New(machine[:i] + json + "\n" + machine[j:]).Host()}).Pending(t.Context())
	}
	a := audit(`{"pkg_count":1,"packages":{"nginx":{"version":"1.26.1,3","issue_count":3,"issues":[` +
		`{"Affected versions":["< 1.26.2,3"],"description":"a -- one","cve":["CVE-2026-25629"],"url":"https://vuxml.FreeBSD.org/freebsd/255bf44c.html"},` +
		`{"Affected versions":[">= 1.26.0,3 : < 1.26.2,3"],"description":"b -- many","cve":["CVE-2026-1","CVE-2026-2"],"url":"https://vuxml.FreeBSD.org/freebsd/03bf5157.html"},` +
		`{"Affected versions":["< 1.26.2,3"],"description":"c -- none","url":"https://vuxml.FreeBSD.org/freebsd/bd7592a1.html"}],"reverse dependencies":["node20","rubygem-x"]}}}`)
	require.NoError(t, a.Reason)
	assert.Contains(t, pending(a.Value), "nginx 1.26.1,3 1.26.2,3 security CVE-2026-25629,CVE-2026-1,CVE-2026-2,VuXML:bd7592a1")
	a = audit(`{"pkg_count":0,"packages":null}`)
	require.NoError(t, a.Reason)
	assert.NotContains(t, strings.Join(pending(a.Value), " "), "security")
	a = audit("test-1.5\n") // what -q gives without -R
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
}

// After a list of pkg 1.2 that the provider "pkgng" of Puppet has among its tests: a version
// may begin with a letter, and an origin may end otherwise than the name.
func TestPublishedPackagesOfPkgAreRead(t *testing.T) {
	text := strings.Replace(machine, "upkeep\tcurl", "upkeep\ttac_plus\tF4.0.4.27a\tFreeBSD:14:amd64\t0\tnet/tac_plus4\nupkeep\tcurl", 1)
	a := (&freebsd.Manager{Host: hosttest.New(text).Host()}).Installed(t.Context())
	require.NoError(t, a.Reason)
	p, ok := pkgupdate.Find(a.Value, "tac_plus")
	require.True(t, ok)
	assert.Equal(t, "F4.0.4.27a net/tac_plus4", p.Version.String()+" "+p.Source)
}
