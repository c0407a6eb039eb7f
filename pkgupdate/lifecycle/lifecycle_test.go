package lifecycle

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func day(t testing.TB, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	require.NoError(t, err)
	return d
}

func TestBuiltinTableIsSaneAndDated(t *testing.T) {
	table := Builtin()
	assert.Equal(t, "2026-11-28", table.Dated.Format(time.DateOnly))
	assert.Greater(t, len(table.Releases), 500)
	seen := map[System]bool{}
	for _, r := range table.Releases {
		k := System{ID: r.ID, Version: r.Version}
		assert.False(t, seen[k], "%v stands twice", k)
		seen[k] = true
		assert.Contains(t, names, r.ID)
		assert.NotEmpty(t, r.Version)
		assert.NotEmpty(t, r.Source)
		assert.Contains(t, []string{"A", "B", "C"}, r.Confidence)
		assert.False(t, r.Released.Time.After(table.Dated) && !r.Released.Projected, "%v is out before its day", k)
		for _, p := range r.Phases {
			assert.False(t, p.Until.Known() && p.Until.Time.Before(r.Released.Time), "%v ends before it begins", k)
			assert.False(t, p.Until.Projected && p.Until.Time.Before(table.Dated.AddDate(0, -2, 0)), "%v: %v was to be looked up", k, p)
		}
	}
}

func TestSupportOnEachSideOfEachDate(t *testing.T) {
	table := Builtin()
	for _, c := range []struct{ id, version, day, want string }{
		{"debian", "12", "2026-07-11", "Debian 12 (bookworm): supported until 2026-07-11"},
		{"debian", "12", "2026-07-12", "Debian 12 (bookworm): LTS support until 2028-06-30"},
		{"debian", "12.11", "2026-11-28", "Debian 12.11 (bookworm): LTS support until 2028-06-30"},
		{"debian", "11", "2026-08-31", "Debian 11 (bullseye): LTS support until 2026-08-31"},
		{"debian", "11", "2026-09-01", "Debian 11 (bullseye): paid ELTS support only until 2031-06-30"},
		{"debian", "10", "2026-11-28", "Debian 10 (buster): paid ELTS support only until 2029-06-30"},
		{"debian", "6.0.10", "2026-11-28", "Debian 6.0.10 (squeeze): support ended on 2016-02-29"},
		{"debian", "6", "2026-11-28", "Debian 6 (squeeze): support ended on 2016-02-29"},
		{"debian", "0.93", "2026-11-28", "Debian 0.93: support ended before 1997-06-05"},
		{"debian", "13", "2026-11-28", "Debian 13 (trixie): supported until 2028-08-09"},
		{"debian", "14", "2026-11-28", "Debian 14 (forky): not released, under development"},
		{"ubuntu", "16.04", "2026-11-28", "Ubuntu 16.04 (xenial): paid Legacy support only until 2031-04-30"},
		{"ubuntu", "20.04", "2026-11-28", "Ubuntu 20.04 (focal): paid ESM support only until 2030-04-23"},
		{"ubuntu", "24.04.2", "2026-11-28", "Ubuntu 24.04.2 (noble): supported until 2029-05-31"},
		{"ubuntu", "26.10", "2026-11-28", "Ubuntu 26.10 (stonking): supported until 2027-07-15"},
		{"fedora", "44", "2026-11-28", "Fedora 44: supported until 2027-06-02"},
		{"fedora", "45", "2026-11-28", "Fedora 45: supported until about 2027-11-17"},
		{"fedora", "46", "2026-11-28", "Fedora 46: not released, under development"},
		{"rhel", "5.11", "2026-11-28", "Red Hat Enterprise Linux 5.11 (Tikanga): support ended on 2020-11-30"},
		{"rhel", "7.9", "2026-11-28", "Red Hat Enterprise Linux 7.9: paid ELS support only until 2029-05-31"},
		{"rhel", "8.10", "2026-11-28", "Red Hat Enterprise Linux 8.10: supported until 2029-05-31"},
		{"rhel", "9.4", "2026-11-28", "Red Hat Enterprise Linux 9.4: paid E4S support only until 2028-04-30"},
		{"rhel", "9", "2026-11-28", "Red Hat Enterprise Linux 9 (Plow): supported until 2027-05-31"},
		{"almalinux", "9.4", "2026-11-28", "AlmaLinux 9.4: support ended on 2024-11-18"},
		{"almalinux", "9.8", "2026-11-28", "AlmaLinux 9.8: supported until 2027-05-31"},
		{"rocky", "8.10", "2026-11-28", "Rocky Linux 8.10: security support until 2029-05-31"},
		{"ol", "9.6", "2026-11-28", "Oracle Linux 9.6: supported until 2032-06-30"},
		{"amzn", "2", "2026-11-28", "Amazon Linux 2: support ended on 2026-06-30"},
		{"sles", "15.6", "2026-11-28", "SUSE Linux Enterprise Server 15.6: paid LTSS support only until 2028-12-31"},
		{"sles", "12.5", "2028-01-01", "SUSE Linux Enterprise Server 12.5: paid LTSS-Core support only until 2030-10-31"},
		{"opensuse-leap", "16.0", "2026-11-28", "openSUSE Leap 16.0: supported until 2027-10-31"},
		{"mageia", "10", "2026-11-28", "Mageia 10: supported until 2028-03-31"},
		{"mageia", "9", "2026-11-28", "Mageia 9: support ended on 2026-09-29"},
		{"mandrake", "9.2", "2026-11-28", "Mandrake Linux 9.2 (FiveStar): support ended long ago"},
		{"mandriva", "2010.2", "2026-11-28", "Mandriva Linux 2010.2: support ended long ago"},
		{"slackware", "15.0", "2026-11-28", "Slackware 15.0: supported with no end announced"},
		{"slackware", "7.1", "2026-11-28", "Slackware 7.1: support ended before 2003-03-29"},
		{"freebsd", "14.1-RELEASE-p5", "2026-11-28", "FreeBSD 14.1-RELEASE-p5: support ended on 2025-03-31"},
		{"freebsd", "15.1-RELEASE", "2026-11-28", "FreeBSD 15.1-RELEASE: supported until 2027-03-31"},
		{"freebsd", "14.4-STABLE", "2026-11-28", "FreeBSD 14.4-STABLE: not released, under development"},
		{"freebsd", "16.0-CURRENT", "2026-11-28", "FreeBSD 16.0-CURRENT: not released, under development"},
		{"freebsd", "15.2", "2026-11-28", "FreeBSD 15.2: not released, under development"},
		{"freebsd", "14.9", "2026-11-28", "FreeBSD 14.9: support not known, because the table of 2026-11-28 does not list this release"},
		{"openbsd", "7.6-current", "2026-11-28", "OpenBSD 7.6-current: not released, under development"},
		{"openbsd", "7.6", "2026-11-28", "OpenBSD 7.6: support ended on 2025-10-22"},
		{"openbsd", "7.8", "2026-11-28", "OpenBSD 7.8: support has probably ended, about 2026-10"},
		{"openbsd", "7.9", "2026-11-28", "OpenBSD 7.9: supported until about 2027-05"},
		{"openbsd", "8.0", "2026-11-28", "OpenBSD 8.0: supported until about 2027-10"},
		{"rhel", "9.8", "2026-11-28", "Red Hat Enterprise Linux 9.8: supported until about 2026-11"},
		{"netbsd", "10.1", "2026-11-28", "NetBSD 10.1: supported with no end announced"},
		{"netbsd", "11.99.3", "2026-11-28", "NetBSD 11.99.3: not released, under development"},
		{"netbsd", "9.4", "2026-11-28", "NetBSD 9.4: support ended on 2026-09-06"},
		{"alpine", "3.22.1", "2026-11-28", "Alpine 3.22.1: supported until 2027-05-01"},
		{"alpine", "3.25.0_alpha20260805", "2026-11-28", "Alpine 3.25.0_alpha20260805: not released, under development"},
		{"arch", "", "2026-11-28", "Arch Linux: supported as long as it is kept up to date"},
		{"bsdos", "4.1", "2026-11-28", "BSD/OS 4.1: support ended long ago"},
		{"bsdos", "4.3.1", "2026-11-28", "BSD/OS 4.3.1: support ended on 2004-12-31"},
		{"plan9", "4", "2026-11-28", "plan9 4: support not known, because the table of 2026-11-28 does not list this release"},
	} {
		s := table.Support(System{ID: c.id, Version: c.version}, day(t, c.day))
		assert.Equal(t, c.want, s.String())
		assert.Equal(t, s.State == Unknown, s.Reason != "")
	}
}

func TestOneIDOfTwoSystemsIsToldApartByItsName(t *testing.T) {
	table := Builtin()
	for pretty, want := range map[string]string{
		"CentOS Linux 8":  "CentOS 8: support ended on 2021-12-31",
		"CentOS Stream 8": "CentOS Stream 8: support ended on 2024-05-31",
	} {
		assert.Equal(t, want, table.Support(System{ID: "centos", Version: "8", Pretty: pretty}, table.Dated).String())
	}
}

// An announced end does not become unknown because the table is old.
func TestAnOldTableKeepsWhatItKnows(t *testing.T) {
	table := Builtin()
	late := table.Dated.AddDate(2, 0, 0)
	assert.Equal(t, "Debian 13 (trixie): LTS support until 2030-06-30", table.Support(System{ID: "debian", Version: "13"}, late).String())
	f, ok := table.Support(System{ID: "debian", Version: "13"}, late).finding(late)
	require.True(t, ok)
	assert.Contains(t, f.Detail, "The dates are those that were known 2 years ago.")
	assert.Equal(t, Unknown, table.Support(System{ID: "fedora", Version: "50"}, late).State)
}

func TestCodenameCountsWhereThereIsNoVersion(t *testing.T) {
	table := Builtin()
	assert.Equal(t, "14", table.Support(System{ID: "debian", Codename: "forky"}, table.Dated).Release.Version)
	assert.Equal(t, Development, table.Support(System{ID: "debian", Codename: "sid"}, table.Dated).State)
	assert.Equal(t, Unknown, table.Support(System{ID: "debian", Version: "99", Codename: "forky"}, table.Dated).State)
	assert.Equal(t, Unknown, table.Support(System{ID: "debian"}, table.Dated).State)
}

const distroInfo = `version,codename,series,created,release,eol,eol-lts,eol-elts
12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2029-06-30,2033-06-30
14,Forky,forky,2025-08-09
,Sid,sid,1993-08-16
16,Next,next,2026-01-01,2027-01-01,2099-01-01
`

func machine(mtime string) *hosttest.Machine {
	return hosttest.New("distro-info: after documentation (debian-distro-info(1))\n" +
		"-- machine now=2027-03-01T00:00:00Z --\n-- / dir complete=tree --\n" +
		"-- /usr/share/distro-info/debian.csv mtime=" + mtime + " --\n" + distroInfo)
}

func TestTheHostsFileIsMergedRowByRow(t *testing.T) {
	sys := System{ID: "debian", Version: "12"}
	now := day(t, "2027-03-01")
	for mtime, want := range map[string]string{
		"2027-02-20T00:00:00Z": "Debian 12 (bookworm): LTS support until 2029-06-30",
		"2026-10-01T00:00:00Z": "Debian 12 (bookworm): LTS support until 2028-06-30",
		"2028-01-01T00:00:00Z": "Debian 12 (bookworm): LTS support until 2028-06-30",
	} {
		table, err := ForHost(t.Context(), machine(mtime).Host(), "debian")
		require.NoError(t, err)
		assert.Equal(t, want, table.Support(sys, now).String(), mtime)
		assert.Equal(t, "Debian 13 (trixie): supported until 2028-08-09", table.Support(System{ID: "debian", Version: "13"}, now).String(), "a row that the file lacks")
		assert.Equal(t, "Debian 16 (next): supported until 2099-01-01", table.Support(System{ID: "debian", Version: "16"}, now).String(), "a row that the table lacks")
	}
}

func TestDamagedFileOfTheHostIsAnErrorBesideTheTable(t *testing.T) {
	m := machine("2027-02-20T00:00:00Z")
	for _, text := range []string{"", "version,release\n12,soon\n", "version,\"x\n"} {
		require.NoError(t, m.WriteFile("/usr/share/distro-info/debian.csv", []byte(text), 0o644))
		require.NoError(t, m.SetStat("/usr/share/distro-info/debian.csv", host.Stat{
			Name: "debian.csv", Mode: host.ModeRegular | 0o644, Mtime: day(t, "2027-02-20").UnixNano(), Known: host.KnownMode | host.KnownMtime,
		}))
		table, err := ForHost(t.Context(), m.Host(), "debian")
		assert.Error(t, err, text)
		assert.Equal(t, Builtin(), table)
	}
}

func TestTablesThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"", "debian,12,,,,,\n", "# dated soon\n", "# dated 2026-01-01\ndebian,12\n", "# dated 2026-01-01\ndebian,12,,x,,,\n"} {
		_, err := ParseTable([]byte(text))
		assert.Error(t, err, text)
	}
}

func collect(t *testing.T, sys System) report.Result {
	t.Helper()
	set := suite.Suite{
		Checks: []report.Checker{OS{System: sys}},
		Clock:  func() time.Time { return time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC) },
	}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	return rep.Results[0]
}

func TestCheckerReportsEachState(t *testing.T) {
	for sys, want := range map[System]string{
		{ID: "debian", Version: "13"}:      "",
		{ID: "slackware", Version: "15.0"}: "",
		{ID: "debian", Version: "12"}: "notice pkgupdate.lifecycle.extended Debian 12 (bookworm) is in its LTS phase until 2028-06-30" +
			"; The newest release is 13. There is ELTS until 2033-06-30 by contract.",
		{ID: "ubuntu", Version: "20.04"}: "warning pkgupdate.lifecycle.paid Ubuntu 20.04 (focal) has only paid ESM support until 2030-04-23" +
			"; The newest release is 26.10. There is Legacy until 2035-04-26 by contract.",
		{ID: "debian", Version: "8"}: "critical pkgupdate.lifecycle.ended Debian 8 (jessie) has no security support: support ended on 2025-06-30; The newest release is 13.",
		{ID: "debian", Version: "14"}: "notice pkgupdate.lifecycle.development Debian 14 (forky) is under development, and no release" +
			"; The newest release is 13. There is security until about 2030, LTS until about 2032-06-30 and ELTS until about 2037-06-30 by contract.",
		{ID: "freebsd", Version: "14.4"}: "warning pkgupdate.lifecycle.ends-soon FreeBSD 14.4: the last support for everybody ends in 32 days, on 2026-12-31; The newest release is 15.1.",
	} {
		res := collect(t, sys)
		assert.Equal(t, report.OK, res.Status)
		assert.True(t, res.Covers("release"))
		got := ""
		for _, f := range res.Findings {
			got += f.Severity.String() + " " + f.Rule + " " + f.Title + "; " + f.Detail
			assert.Empty(t, f.Evidence, "the title says it in words")
			assert.Equal(t, report.Attr{Key: report.Release, Value: sys.ID + "-" + sys.Version}, f.Subject)
		}
		assert.Equal(t, want, got)
	}
}

func TestUnknownReleaseIsAProblemAndNotCovered(t *testing.T) {
	res := collect(t, System{ID: "freebsd", Version: "14.9"})
	assert.NotEqual(t, report.OK, res.Status)
	assert.False(t, res.Covers("release"))
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "FreeBSD 14.9: support not known")
	assert.Equal(t, report.Failed, collect(t, System{}).Status)
}

func TestRollingSystemIsSkippedSinceItHasNoReleases(t *testing.T) {
	for _, id := range []string{"arch", "opensuse-tumbleweed", "kali"} {
		res := collect(t, System{ID: id, Version: "20261120"})
		assert.Equal(t, report.Skipped, res.Status, id)
		assert.Contains(t, res.Reason, "has no releases")
	}
}

func TestCheckerPassesTheConformanceKit(t *testing.T) {
	h := machine("2026-10-01T00:00:00Z").Host()
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker {
		return OS{Host: h, System: System{ID: "debian", Version: "11"}}
	}, reporttest.Options{}))
}

// Only ends that were long past when the machine's file was made are compared.
func TestOurDatesAgreeWithDistroInfo(t *testing.T) {
	for _, id := range []string{"debian", "ubuntu"} {
		text, err := os.ReadFile("/usr/share/distro-info/" + id + ".csv")
		need.That(t, "distro-info-data", err == nil)
		theirs, err := ParseDistroInfo(id, text)
		require.NoError(t, err)
		ours, compared := Builtin(), 0
		for _, their := range theirs {
			if their.Version == "" || len(their.Phases) == 0 || !their.Phases[0].Until.Time.Before(day(t, "2024-01-01")) {
				continue
			}
			our, ok := ours.find(id, System{ID: id, Version: their.Version})
			require.True(t, ok, "%s %s", id, their.Version)
			compared++
			assert.Equal(t, their.Phases[0].Until.Text, our.Phases[0].Until.Text, "%s %s", id, their.Version)
		}
		assert.GreaterOrEqual(t, compared, 10)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(distroInfo))
	f.Add(releases)
	f.Fuzz(func(t *testing.T, text []byte) {
		if list, err := ParseDistroInfo("debian", text); err == nil {
			table := Builtin().merge(list, true)
			_ = table.Support(System{ID: "debian", Version: "12"}, time.Unix(0, 0)).String()
		}
		if table, err := ParseTable(text); err == nil && table.Dated.IsZero() {
			t.Fatal("a table without a date")
		}
	})
}

// Of every system that the service keeps, and of their kin, the newest release that is out
// has an answer, and so has each name that a branch in development goes by.
func TestTheNewestReleaseOfEverySystemHasAnAnswer(t *testing.T) {
	table := Builtin()
	for id, want := range map[string]State{
		"debian": Supported, "ubuntu": Supported, "fedora": Supported, "rhel": Supported, "almalinux": Supported, "rocky": Supported, "ol": Supported, "amzn": Supported,
		"centos": Ended, "centos-stream": Supported, "sles": Supported, "opensuse-leap": Supported, "opensuse": Ended, "mageia": Supported, "mandriva": Ended, "mandrake": Ended,
		"slackware": Supported, "freebsd": Supported, "openbsd": Supported, "netbsd": Supported, "alpine": Supported, "bsdos": Ended,
	} {
		newest, ok := table.newest(id, table.Dated)
		require.True(t, ok, id)
		sys := System{ID: id, Version: newest.Version}
		if id == "centos-stream" {
			sys.ID, sys.Pretty = "centos", "CentOS Stream "+newest.Version
		}
		s := table.Support(sys, table.Dated)
		assert.Equal(t, want, s.State, s.String())
		assert.Empty(t, s.Newest, s.String())
	}
	for _, sys := range []System{
		{ID: "debian", Codename: "sid"},
		{ID: "debian", Codename: "forky"},
		{ID: "fedora", Version: "rawhide"},
		{ID: "mageia", Version: "cauldron"},
		{ID: "slackware", Version: "15.0", Codename: "current"},
		{ID: "freebsd", Version: "16.0-CURRENT"},
		{ID: "freebsd", Version: "15.0-STABLE"},
		{ID: "openbsd", Version: "8.0-beta"},
		{ID: "openbsd", Version: "7.9-current"},
		{ID: "netbsd", Version: "11.99.1"},
		{ID: "alpine", Version: "3.25.0_alpha20260805"},
		{ID: "alpine", Codename: "edge"},
	} {
		assert.Equal(t, Development, table.Support(sys, table.Dated).State, "%v", sys)
	}
}

// A rule's end follows from the rows of newer releases, wherever they come from.
func TestARuleEndsAReleaseWhenSoManyNewerAreOut(t *testing.T) {
	const head = "# dated 2026-11-28\nx,7.8,,2025-10-22,fixes=+2,O,A\nx,7.9,,2026-05-19,fixes=+2+30d~2027-05,O,A\ny,9,,2020-01-01,,O,A\n"
	for rows, want := range map[string][2]string{
		"":                            {"x 7.8: supported with no end announced", "x 7.9: supported until about 2027-05"},
		"x,8.0,,~2026-10,,O,C\n":      {"x 7.8: support has probably ended, about 2026-10", "x 7.9: supported until about 2027-05"},
		"x,8.0,,2026-11-28,,O,A\n":    {"x 7.8: supported until 2026-11-28", "x 7.9: supported until about 2027-05"},
		"x,8.0,,2026-11-20,,O,A\n":    {"x 7.8: support ended on 2026-11-20", "x 7.9: supported until about 2027-05"},
		"x,8.0,,,,O,A\nx,10,,,,O,A\n": {"x 7.8: supported with no end announced", "x 7.9: supported until about 2027-05"},
		"x,10,,2026-11-20,,O,A\nx,8.0,,2026-10-01,,O,A\n": {"x 7.8: support ended on 2026-10-01", "x 7.9: supported until about 2026-12-20"},
	} {
		table, err := ParseTable([]byte(head + rows))
		require.NoError(t, err)
		for i, version := range []string{"7.8", "7.9"} {
			assert.Equal(t, want[i], table.Support(System{ID: "x", Version: version}, day(t, "2026-11-28")).String(), rows)
		}
	}
}

// The second list was taken by a program from notes on the same sources, apart from the
// table: each row says when a release came out and the ends of its phases, in their order.
func TestTheTableAgreesWithASecondListRowByRow(t *testing.T) {
	text, err := os.ReadFile("testdata/known.csv")
	require.NoError(t, err)
	table, known := Builtin(), map[string]string{}
	for line := range strings.Lines(string(text)) {
		if f := strings.SplitN(strings.TrimSpace(line), ",", 3); len(f) == 3 && !strings.HasPrefix(line, "#") {
			known[f[0]+" "+f[1]] = f[2]
		}
	}
	systems := map[string]bool{}
	for key := range known {
		id, _, _ := strings.Cut(key, " ")
		systems[id] = true
	}
	assert.Len(t, systems, 8)
	ours := map[string]string{}
	for _, r := range table.Releases {
		if !systems[r.ID] {
			continue
		}
		var ends []string
		for _, p := range table.ruled(r).Phases {
			end := dated(p.Until)
			if p.Open {
				end = "open"
			}
			ends = append(ends, cmp.Or(end, "?"))
		}
		ours[r.ID+" "+r.Version] = dated(r.Released) + "," + strings.Join(ends, " ")
	}
	assert.Equal(t, known, ours)
}

// dated gives a day as the tables write it.
func dated(d Day) string {
	if d.Projected {
		return "~" + d.Text
	}
	return d.Text
}

func TestEverySourceOfARowIsExplainedAboveTheTable(t *testing.T) {
	var head strings.Builder
	for line := range strings.Lines(string(releases)) {
		if strings.HasPrefix(line, "#") {
			head.WriteString(line)
		}
	}
	words := strings.FieldsFunc(head.String(), func(r rune) bool { return strings.ContainsRune(" ,.:\n", r) })
	for _, r := range Builtin().Releases {
		for key := range strings.FieldsFuncSeq(r.Source, func(c rune) bool { return c == '+' || c == '/' }) {
			assert.True(t, slices.Contains(words, key), "%s of %s %s", key, r.ID, r.Version)
		}
	}
}
