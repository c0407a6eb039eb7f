package advisory_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// pkg reads "name version", "name version arch", or "name version arch source sourceversion".
func pkg(t testing.TB, typ string, scheme version.Scheme, text string) pkgupdate.Package {
	t.Helper()
	f := append(strings.Fields(text), "", "", "", "")
	v, err := version.Parse(scheme, f[1])
	require.NoError(t, err)
	p := pkgupdate.Package{Type: typ, Name: f[0], Version: v, Arch: f[2], Source: f[3]}
	if f[4] != "" {
		p.SourceVersion, err = version.Parse(scheme, f[4])
		require.NoError(t, err)
	}
	return p
}

func system(t testing.TB, id, release, codename, typ string, scheme version.Scheme, packages ...string) advisory.System {
	s := advisory.System{ID: id, Release: release, Codename: codename, Type: typ, Scheme: scheme}
	for _, text := range packages {
		s.Packages = append(s.Packages, pkg(t, typ, scheme, text))
	}
	return s
}

func bookworm(t testing.TB, packages ...string) advisory.System {
	return system(t, "debian", "12", "bookworm", "deb", version.Deb, packages...)
}

// read gives a line for each match.
func read(t testing.TB, name, text string, s advisory.System) (advisory.Feed, string) {
	t.Helper()
	r, _ := advisory.Folder{
		FS: fstest.MapFS{name: {Data: []byte(text), ModTime: now.Add(-time.Hour)}}, Now: func() time.Time { return now },
	}.Read(t.Context(), s)
	require.Len(t, r.Feeds, 1)
	return r.Feeds[0], lines(r.Matches)
}

func lines(list []advisory.Match) string {
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintf(&b, "%s %s %s", m.Pkg.Name, m.State, m.ID)
		if len(m.CVEs) > 0 && m.CVEs[0] != m.ID {
			fmt.Fprintf(&b, " %s", strings.Join(m.CVEs, ","))
		}
		if m.HasFix {
			fmt.Fprintf(&b, " fix:%s", m.Fix)
		}
		b.WriteString("\n")
	}
	return b.String()
}

const osvRecord = `{"id":"DSA-6001-1","modified":"2026-11-20T10:00:00Z","published":"2026-11-19T08:00:00Z","summary":"openssl - security update",
"upstream":["CVE-2026-1001","CVE-2026-1002"],"affected":[
 {"package":{"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"fixed":"3.0.17-1~deb12u3"},{"introduced":"0"}]}],"versions":["3.0.9-1"]},
 {"package":{"ecosystem":"Debian:13","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"3.5.1-1+deb13u1"}]}]}]}`

// debsecanData is after the source of debsecan 0.4.20.
const debsecanData = `VERSION 1
CVE-2026-1001,,a hole in openssl
CVE-2026-1003,,a hole in bash, with a comma
CVE-2026-1004,,another in a binary package

openssl,0, MRF,3.5.2-1,3.0.17-1~deb12u3 1.1.1w-0+deb11u4
bash,1, L? ,,
tool,2,BH  ,2.0-1,

openssl,libssl3 openssl

`

const dsaText = `[19 Nov 2026] DSA-6001-1 openssl - security update
	{CVE-2026-1001 CVE-2026-1002}
	[bookworm] - openssl 3.0.17-1~deb12u3
	[trixie] - openssl 3.5.1-1+deb13u1
[02 Nov 2026] DSA-5990-2 bash - regression update
	[bookworm] - bash <end-of-life>
	NOTE: nothing
`

const trackerText = `{"openssl":{"CVE-2026-1001":{"description":"x","releases":{"bookworm":{"status":"resolved","fixed_version":"3.0.17-1~deb12u3","urgency":"not yet assigned"}}},
"CVE-2020-1":{"releases":{"bookworm":{"status":"resolved","fixed_version":"0","urgency":"low"}}}},
"bash":{"CVE-2026-1003":{"releases":{"bookworm":{"status":"open","urgency":"low"}}},"CVE-2026-1009":{"releases":{"bookworm":{"status":"undetermined","urgency":"low"}}},
"CVE-2026-1010":{"releases":{"bookworm":{"status":"open","urgency":"unimportant"}}},"CVE-2026-1011":{"releases":{"sid":{"status":"open","urgency":"low"}}}},
"zoo":{"CVE-2026-1":{"releases":{"bookworm":{"status":"open","urgency":"low"}}}}}`

const updateinfoText = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
 <update from="x" status="final" type="security" version="2"><id>RLSA-2026:0001</id><title>Important: foo security update</title><severity>Important</severity>
  <issued date="2026-11-18 10:00:00"/><updated date="1795000000"/>
  <references><reference href="https://example.org/CVE-2026-2001" id="CVE-2026-2001" type="cve"/></references>
  <pkglist><collection short="a"><package name="foo" epoch="1" version="1.0" release="2.el9" arch="x86_64"/><package name="foo" version="9" release="1.el9" arch="src"/></collection>
   <collection short="m"><module name="nginx" stream="1.24" version="9" context="c" arch="x86_64"/><package name="nginx" epoch="0" version="1.24.1" release="3.module+el9.1+2" arch="x86_64"/></collection>
   <collection short="old"><package name="bar" version="5" release="1.el8" arch="x86_64"/></collection></pkglist>
 </update>
 <update type="bugfix"><id>RLBA-2026:0002</id><issued date="2026-11-18"/><pkglist><collection><package name="foo" epoch="1" version="2.0" release="1.el9" arch="x86_64"/></collection></pkglist></update>
</updates>
`

const vuxmlText = `<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE vuxml PUBLIC "-//vuxml.org//DTD VuXML 1.1//EN" "http://www.vuxml.org/dtd/vuxml-1/vuxml-11.dtd">
<vuxml xmlns="http://www.vuxml.org/apps/vuxml-1">
<vuln vid="aaaa-1"><topic>curl -- two holes</topic><affects><package><name>curl</name><name>curl-lite</name><range><ge>8.0</ge><lt>8.16.0,1</lt></range></package></affects>
 <description><body xmlns="http://www.w3.org/1999/xhtml"><p>Text</p></body></description><references><cvename>CVE-2026-3001</cvename></references><dates><discovery>2026-11-01</discovery><entry>2026-11-10</entry></dates></vuln>
<vuln vid="aaaa-2"><topic>perl</topic><affects><package><name>p5-D*</name><range><lt>2</lt></range></package></affects><dates><entry>2026-10-10</entry><modified>2026-11-26</modified></dates></vuln>
<vuln vid="aaaa-3"><cancelled/></vuln>
</vuxml>
`

const changeLog = `Wed Nov 26 20:00:00 UTC 2026
patches/packages/openssl-1.1.1zz-x86_64-2_slack15.0.txz:  Rebuilt.
  No hole here.
+--------------------------+
Mon Nov 10 20:00:00 UTC 2026
patches/packages/openssl-1.1.1zz-x86_64-1_slack15.0.txz:  Upgraded.
  This fixes holes:
Not every line of a text is set in.
  For more information, see:
    https://www.cve.org/CVERecord?id=CVE-2026-4001
  (* Security fix *)
patches/packages/vim-9.1-x86_64-1_slack15.0.txz:  Upgraded.
  (* Security fix *)
+--------------------------+
Mon Oct 06 20:00:00 UTC 2026
patches/packages/openssl-1.1.1y-x86_64-1_slack15.0.txz:  Upgraded.
  https://www.cve.org/CVERecord?id=CVE-2026-4000
  (* Security fix *)
+--------------------------+
`

const syspatchIndex = `-rw-r--r--  1 0  0   1234 Nov  1 10:00:00 2026 SHA256.sig
-rw-r--r--  1 0  0  99999 Nov  1 10:00:00 2026 syspatch78-001_nfs.tgz
-rw-r--r--  1 0  0  99999 Nov  9 10:00:00 2026 syspatch78-002_smtpd.tgz
`

// pkgVulnerabilities makes the list with the checksum that pkg_admin(1) computes.
func pkgVulnerabilities(entries string) string {
	sum := sha512.Sum512([]byte("#\n#FORMAT 1.1.0\n" + entries))
	return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n# $NetBSD: pkg-vulnerabilities,v 1.9999 2026/11/27 10:00:00 joe Exp $\n#\n#FORMAT 1.1.0\n" +
		entries + "#CHECKSUM SHA512 " + hex.EncodeToString(sum[:]) + "\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
}

const pkgVulnEntries = `curl<8.16.0	multiple-vulnerabilities	https://nvd.nist.gov/vuln/detail/CVE-2026-5001
{ap22,ap24}-php<8.2	denial-of-service	https://nvd.nist.gov/vuln/detail/CVE-2026-5002
bash>=5.0<5.2	arbitrary-code	https://example.org/x
python27-[0-9]*	eol	https://ftp.netbsd.org/pub/NetBSD/packages/vulns/eol-packages
`

func TestEveryFormIsReadAndMatchedByItsOwnRule(t *testing.T) {
	rocky := system(t, "rocky", "9.4", "", "rpm", version.RPM, "foo 1:1.0-1.el9 x86_64", "bar 4-1.el9 x86_64", "nginx 1.24.0-1.module+el9.1+1 x86_64")
	rocky.Modules = map[string]string{"nginx": "1.24"}
	openbsd := system(t, "openbsd", "7.8", "", "openbsd", version.OpenBSD, "curl 8.0")
	openbsd.Patches = []string{"78-001_nfs"}
	for _, c := range []struct {
		file, text string
		s          advisory.System
		form, want string
	}{
		{"all.json", osvRecord, bookworm(t, "libssl3 3.0.17-1~deb12u2 amd64 openssl", "bash 5.2"), "osv", "libssl3 vulnerable DSA-6001-1 CVE-2026-1001,CVE-2026-1002 fix:3.0.17-1~deb12u3\n"},
		{"all.json", osvRecord, bookworm(t, "openssl 3.0.17-1~deb12u3 amd64"), "osv", ""},
		{"many.json", "[" + osvRecord + "]", bookworm(t, "openssl 3.0.17-1~deb12u2 amd64"), "osv", "openssl vulnerable DSA-6001-1 CVE-2026-1001,CVE-2026-1002 fix:3.0.17-1~deb12u3\n"},
		{"bookworm", debsecanData, bookworm(t, "openssl 3.0.17-1~deb12u2 amd64", "bash 5.2 amd64", "tool 1.0-1 amd64 tools 7"), "debsecan", "bash vulnerable CVE-2026-1003\nopenssl vulnerable CVE-2026-1001 fix:\ntool vulnerable CVE-2026-1004\n"},
		{"bookworm", debsecanData, bookworm(t, "openssl 3.0.17-1~deb12u3 amd64", "tool 2.0-1 amd64 tools 7"), "debsecan", ""},
		{"DSA", dsaText, bookworm(t, "openssl 3.0.17-1~deb12u2 amd64", "bash 5.2 amd64"), "dsa-list", "bash vulnerable DSA-5990-2\nopenssl vulnerable DSA-6001-1 CVE-2026-1001,CVE-2026-1002 fix:3.0.17-1~deb12u3\n"},
		{"tracker.json", trackerText, bookworm(t, "openssl 3.0.17-1~deb12u2 amd64", "bash 5.2 amd64"), "debian-tracker", "bash vulnerable CVE-2026-1003\nbash unknown CVE-2026-1009\nopenssl vulnerable CVE-2026-1001 fix:3.0.17-1~deb12u3\n"},
		{"updateinfo.xml", updateinfoText, rocky, "updateinfo", "foo vulnerable RLSA-2026:0001 CVE-2026-2001 fix:1:1.0-2.el9\nnginx vulnerable RLSA-2026:0001 CVE-2026-2001 fix:1.24.1-3.module+el9.1+2\n"},
		{"vuln.xml", vuxmlText, system(t, "freebsd", "14.3", "", "freebsd", version.FreeBSD, "curl 8.15.0", "p5-DBI 1.6", "p5-X 1"), "vuxml", "curl vulnerable VuXML:aaaa-1 CVE-2026-3001 fix:8.16.0,1\np5-DBI vulnerable VuXML:aaaa-2 fix:2\n"},
		{"pkg-vulnerabilities", pkgVulnerabilities(pkgVulnEntries), system(t, "netbsd", "10.1", "", "pkgsrc", version.Pkgsrc, "curl 8.15.0", "ap24-php 8.1", "bash 5.2", "python27 2.7.18"), "pkg-vulnerabilities", "ap24-php vulnerable CVE-2026-5002 fix:8.2\ncurl vulnerable CVE-2026-5001 fix:8.16.0\npython27 vulnerable eol:python27\n"},
		{"ChangeLog.txt", changeLog, system(t, "slackware", "15.0", "", "slackware", version.Slackware, "openssl 1.1.1y-1_slack15.0 x86_64", "vim 9.1-1_slack15.0 x86_64"), "slackware-changelog", "openssl vulnerable slackware:openssl-1.1.1zz-x86_64-1_slack15.0 CVE-2026-4001 fix:1.1.1zz-2_slack15.0\n"},
		{"ChangeLog.txt", changeLog, system(t, "slackware", "15.0", "", "slackware", version.Slackware, "vim 8-1_SBo x86_64", "openssl 1.1.1zz-2_slack15.0 x86_64"), "slackware-changelog", "vim unknown slackware:vim-9.1-x86_64-1_slack15.0 fix:9.1-1_slack15.0\n"},
		{"index.txt", syspatchIndex, openbsd, "syspatch-index", "base vulnerable syspatch:78-002_smtpd fix:\n"},
	} {
		feed, got := read(t, c.file, c.text, c.s)
		assert.NoError(t, feed.Err, c.form)
		assert.Equal(t, c.form, feed.Form)
		assert.Equal(t, c.want, got, c.form)
		assert.True(t, feed.Applies, c.form)
		assert.Equal(t, pkgupdate.Known, feed.State)
		assert.Len(t, feed.SHA256, 64)
	}
}

func TestAFeedThatIsCutIsNeverKnown(t *testing.T) {
	openbsd := system(t, "openbsd", "7.8", "", "openbsd", version.OpenBSD)
	openbsd.Patches = []string{}
	for name, c := range map[string]struct {
		text string
		s    advisory.System
	}{
		"all.json":            {osvRecord, bookworm(t, "openssl 1")},
		"bookworm":            {debsecanData, bookworm(t, "openssl 1")},
		"tracker.json":        {trackerText, bookworm(t, "openssl 1")},
		"updateinfo.xml":      {updateinfoText, system(t, "rocky", "9", "", "rpm", version.RPM, "foo 1-1.el9")},
		"vuln.xml":            {vuxmlText, system(t, "freebsd", "14", "", "freebsd", version.FreeBSD, "curl 1")},
		"pkg-vulnerabilities": {pkgVulnerabilities(pkgVulnEntries), system(t, "netbsd", "10", "", "pkgsrc", version.Pkgsrc, "curl 1")},
		"index.txt":           {syspatchIndex, openbsd},
	} {
		for cut := 3; cut < 10; cut++ {
			feed, _ := read(t, name, strings.TrimSuffix(c.text[:len(c.text)*cut/10], "\n"), c.s)
			assert.Error(t, feed.Err, "%s cut at %d of 10", name, cut)
			assert.Equal(t, pkgupdate.Unknown, feed.State)
		}
	}
}

func TestAFeedOfAnotherReleaseSaysNothing(t *testing.T) {
	for name, text := range map[string]string{"a.json": osvRecord, "bookworm": debsecanData, "DSA": dsaText, "tracker.json": trackerText} {
		s := bookworm(t, "openssl 1", "bash 1")
		s.Release, s.Codename = "11", "bullseye"
		r, err := advisory.ReadFolder(t.Context(), fstest.MapFS{name: {Data: []byte(text)}}, s)
		assert.ErrorIs(t, err, advisory.ErrNoFeed, name)
		assert.Empty(t, r.Matches, name)
	}
	el8 := system(t, "rocky", "8.10", "", "rpm", version.RPM, "foo 1:1.0-1.el8 x86_64", "baz 1-1.el8", "nginx 1-1.module+el8 x86_64")
	r, err := advisory.ReadFolder(t.Context(), fstest.MapFS{"u.xml": {Data: []byte(strings.ReplaceAll(updateinfoText, "el8", "el7"))}}, el8)
	assert.ErrorIs(t, err, advisory.ErrNoFeed)
	for _, m := range r.Matches {
		assert.NotEqual(t, advisory.Vulnerable, m.State, "%s: a build for el9 says nothing about el8", m.Pkg.Name)
	}
}

func TestTheKernelThatRunsIsToldFromThoseInstalled(t *testing.T) {
	s := bookworm(t, "linux-image-6.1.0-18-amd64 6.1.76-1 amd64 linux-signed-amd64 6.1.76+1", "linux-image-6.1.0-25-amd64 6.1.106-3 amd64 linux-signed-amd64 6.1.106+3")
	record := strings.NewReplacer("openssl", "linux", "3.0.17-1~deb12u3", "6.1.90-1").Replace(osvRecord)
	_, got := read(t, "a.json", record, s)
	assert.Empty(t, got, "the old one is not used, as far as is known")
	s.Running = []advisory.Running{{Pkg: s.Packages[0], Kernel: true}}
	_, got = read(t, "a.json", record, s)
	assert.Equal(t, "linux-image-6.1.0-18-amd64 fixed pending reboot DSA-6001-1 CVE-2026-1001,CVE-2026-1002 fix:6.1.106-3\n", got)
	s.Running = []advisory.Running{{Pkg: s.Packages[1], Kernel: true}}
	_, got = read(t, "a.json", record, s)
	assert.Empty(t, got)

	s = bookworm(t, "libssl3 3.0.17-1~deb12u3 amd64 openssl")
	s.Running = []advisory.Running{{Pkg: pkg(t, "deb", version.Deb, "libssl3 3.0.17-1~deb12u1 amd64 openssl")}}
	_, got = read(t, "a.json", osvRecord, s)
	assert.Equal(t, "libssl3 fixed pending restart DSA-6001-1 CVE-2026-1001,CVE-2026-1002 fix:3.0.17-1~deb12u3\n", got)

	el := system(t, "rocky", "9", "", "rpm", version.RPM, "kernel-core 5.14.0-1.el9 x86_64", "kernel-core 5.14.0-9.el9 x86_64")
	el.Running = []advisory.Running{{Pkg: el.Packages[0], Kernel: true}}
	_, got = read(t, "u.xml", strings.NewReplacer(`"foo" epoch="1" version="1.0" release="2.el9"`, `"kernel-core" version="5.14.0" release="5.el9"`).Replace(updateinfoText), el)
	assert.Equal(t, "kernel-core fixed pending reboot RLSA-2026:0001 CVE-2026-2001 fix:5.14.0-9.el9\n", got)
}

func TestAModuleOfAnotherStreamIsNotMeant(t *testing.T) {
	s := system(t, "rocky", "9", "", "rpm", version.RPM, "nginx 1.20.0-1.module+el9.1+1 x86_64")
	_, got := read(t, "u.xml", updateinfoText, s)
	assert.Equal(t, "nginx unknown RLSA-2026:0001 CVE-2026-2001\n", got, "nobody knows which stream is enabled")
	s.Modules = map[string]string{"nginx": "1.20"}
	_, got = read(t, "u.xml", updateinfoText, s)
	assert.Empty(t, got)
	s = system(t, "rocky", "9", "", "rpm", version.RPM, "nginx 1.20.0-1.el9 x86_64")
	_, got = read(t, "u.xml", updateinfoText, s)
	assert.Empty(t, got, "what is of no module is not meant")
}

func TestOneOddRecordHidesNoOther(t *testing.T) {
	odd := strings.Replace(osvRecord, `"affected":[`, `"affected":7,"x":[`, 1)
	worse := strings.Replace(osvRecord, "3.0.17-1~deb12u3", "no version at all", 1)
	feed, got := read(t, "a.json", "["+odd+","+strings.Replace(worse, "DSA-6001-1", "DSA-1-1", 1)+","+osvRecord+"]", bookworm(t, "openssl 3.0.16-1 amd64"))
	assert.ErrorContains(t, feed.Err, "cannot unmarshal")
	assert.Equal(t, "openssl vulnerable DSA-6001-1 CVE-2026-1001,CVE-2026-1002 fix:3.0.17-1~deb12u3\nopenssl unknown DSA-1-1 CVE-2026-1001,CVE-2026-1002\n", got)
}

func zipped(t testing.TB, records map[string]string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range records {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestBombsEndAtTheBound(t *testing.T) {
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, err := w.Write(bytes.Repeat([]byte("\n"), 20<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for name, text := range map[string]string{
		"gzip":      gz.String(),
		"zip":       string(zipped(t, map[string]string{"a.json": strings.Repeat(" ", 20<<20)})),
		"entity":    "<?xml version=\"1.0\"?><!DOCTYPE u [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><updates><update type=\"security\"><id>&b;</id></update></updates>",
		"external":  "<?xml version=\"1.0\"?><!DOCTYPE u [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><updates><update type=\"security\"><id>&a;</id></update></updates>",
		"deep":      "<updates>" + deep + "</updates>",
		"json":      `{"a":` + strings.Repeat("[", 20000) + "}",
		"long":      `[{"id":"` + strings.Repeat("x", 2<<20) + `","affected":[]}]`,
		"attribute": `<updates><update type="` + strings.Repeat("x", 2<<20) + `"/></updates>`,
	} {
		r, _ := advisory.Folder{FS: fstest.MapFS{name: {Data: []byte(text)}}, Limits: advisory.Limits{Expanded: 4 << 20, Record: 1 << 20}}.Read(t.Context(), bookworm(t, "openssl 1"))
		require.Len(t, r.Feeds, 1, name)
		assert.Error(t, r.Feeds[0].Err, name)
		assert.Equal(t, pkgupdate.Unknown, r.Feeds[0].State, name)
	}
	many := strings.Repeat(osvRecord+"\n", 50)
	r, _ := advisory.Folder{FS: fstest.MapFS{"a.json": {Data: []byte(many)}}, Limits: advisory.Limits{Records: 10}}.Read(t.Context(), bookworm(t, "openssl 1"))
	assert.ErrorIs(t, r.Feeds[0].Err, advisory.ErrTooMuch)
	assert.Len(t, r.Matches, 10, "what was read before stands")
}

func TestAFeedIsAsFreshAsItsNewestRecordAndItsFile(t *testing.T) {
	old := fstest.MapFS{"DSA": {Data: []byte(dsaText), ModTime: now.Add(-10 * 24 * time.Hour)}}
	r, err := advisory.Folder{FS: old, Now: func() time.Time { return now }}.Read(t.Context(), bookworm(t, "bash 1"))
	require.NoError(t, err)
	var stale *pkgupdate.StaleError
	require.ErrorAs(t, r.Feeds[0].Err, &stale)
	assert.Equal(t, time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), r.Feeds[0].Date)
	assert.NotEmpty(t, r.Matches, "an old feed knows of old holes")
}

func TestAFeedWithAnotherChecksumIsNotBelieved(t *testing.T) {
	sum := sha256.Sum256([]byte(osvRecord))
	good := hex.EncodeToString(sum[:])
	now := func() time.Time { return time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC) }
	for beside, want := range map[string]pkgupdate.State{
		"": pkgupdate.Known, good + "  a.json\n": pkgupdate.Known, "SHA256 (a.json) = " + strings.ToUpper(good) + "\n": pkgupdate.Known,
		strings.Repeat("0", 64) + "  a.json\n": pkgupdate.Unknown, "\n": pkgupdate.Unknown,
	} {
		at := now().Add(-time.Hour)
		files := fstest.MapFS{"a.json": {Data: []byte(osvRecord), ModTime: at}, "a.json.asc": {Data: []byte("x")}}
		if beside != "" {
			files["a.json.sha256"] = &fstest.MapFile{Data: []byte(beside)}
		}
		r, _ := advisory.Folder{FS: files, Now: now}.Read(t.Context(), bookworm(t, "openssl 1"))
		require.Len(t, r.Feeds, 1)
		assert.Equal(t, want, r.Feeds[0].State, "%q: %v", beside, r.Feeds[0].Err)
		assert.Equal(t, want == pkgupdate.Unknown, errors.Is(r.Feeds[0].Err, pkgupdate.ErrUnverified))
		assert.Equal(t, []string{"a.json.asc"}, r.Feeds[0].Signatures)
		assert.Equal(t, good, r.Feeds[0].SHA256)
	}
}

func TestAnEndedContextIsNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := advisory.ReadFolder(ctx, fstest.MapFS{"a.json": {Data: []byte(osvRecord)}}, bookworm(t, "openssl 1"))
	assert.Error(t, err)
	assert.ErrorIs(t, r.Feeds[0].Err, context.Canceled)
}

func TestNothingButFeedsIsRead(t *testing.T) {
	r, err := advisory.ReadFolder(t.Context(), fstest.MapFS{
		"a.json.asc": {Data: []byte("x")}, ".hidden": {Data: []byte("x")}, "pipe": {Mode: fs.ModeNamedPipe}, "link": {Mode: fs.ModeSymlink}, "text": {Data: []byte("hello\n")},
	}, bookworm(t))
	assert.ErrorIs(t, err, advisory.ErrNoFeed)
	require.Len(t, r.Feeds, 1)
	assert.ErrorIs(t, r.Feeds[0].Err, advisory.ErrForm)
}

func FuzzReadFolder(f *testing.F) {
	for _, text := range []string{osvRecord, debsecanData, dsaText, trackerText, updateinfoText, vuxmlText, changeLog, syspatchIndex, pkgVulnerabilities(pkgVulnEntries)} {
		f.Add([]byte(text))
	}
	systems := []advisory.System{
		bookworm(f, "openssl 3.0.17-1~deb12u2 amd64", "bash 5.2"), system(f, "rocky", "9.4", "", "rpm", version.RPM, "foo 1:1.0-1.el9 x86_64"),
		system(f, "freebsd", "14.3", "", "freebsd", version.FreeBSD, "curl 8.15.0"), system(f, "netbsd", "10.1", "", "pkgsrc", version.Pkgsrc, "curl 8.15.0"),
		system(f, "slackware", "15.0", "", "slackware", version.Slackware, "openssl 1.1.1y-1_slack15.0 x86_64"), system(f, "openbsd", "7.8", "", "openbsd", version.OpenBSD),
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range systems {
			r, _ := advisory.Folder{FS: fstest.MapFS{"bookworm": {Data: data}}, Limits: advisory.Limits{Expanded: 1 << 20}}.Read(t.Context(), s)
			for _, m := range r.Matches {
				if m.ID == "" || (m.State == advisory.Unknown) != (m.Reason != nil) || m.State == advisory.NotAffected {
					t.Errorf("%+v", m)
				}
			}
			for _, feed := range r.Feeds {
				if (feed.State == pkgupdate.Unknown) != (feed.Err != nil) {
					t.Errorf("%+v", feed)
				}
			}
		}
	})
}
