package lifecycle

import (
	"os"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
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
	assert.Equal(t, "2026-11-25", table.Dated.Format(time.DateOnly))
	seen := map[System]bool{}
	for _, r := range table.Releases {
		k := System{ID: r.ID, Version: r.Version}
		assert.False(t, seen[k], "%v stands twice", k)
		seen[k] = true
		assert.Contains(t, names, r.ID)
		assert.NotEmpty(t, r.Version)
		assert.False(t, !r.Ended.IsZero() && r.Ended.Before(r.Released), "%v ends before it begins", k)
		assert.False(t, !r.Extended.IsZero() && (r.Extended.Before(r.Ended) || r.By == ""), "%v: longer support", k)
		assert.False(t, r.Released.After(table.Dated))
	}
}

func TestSupportOnEachSideOfEachDate(t *testing.T) {
	table := Builtin()
	for _, c := range []struct{ id, version, day, want string }{
		{"debian", "12", "2026-07-11", "Debian 12 (bookworm): supported until 2026-07-11"},
		{"debian", "12", "2026-07-12", "Debian 12 (bookworm): LTS support until 2028-06-30"},
		{"debian", "12.11", "2026-11-25", "Debian 12.11 (bookworm): LTS support until 2028-06-30"},
		{"debian", "11", "2026-08-31", "Debian 11 (bullseye): LTS support until 2026-08-31"},
		{"debian", "11", "2026-09-01", "Debian 11 (bullseye): support ended on 2026-08-31"},
		{"debian", "13", "2026-11-25", "Debian 13 (trixie): supported until 2028-08-09"},
		{"debian", "14", "2026-11-25", "Debian 14 (forky): not yet released"},
		{"ubuntu", "20.04", "2026-11-25", "Ubuntu 20.04 (focal): Ubuntu Pro support until 2030-04-23"},
		{"ubuntu", "24.04.2", "2026-11-25", "Ubuntu 24.04.2 (noble): supported until 2029-05-31"},
		{"freebsd", "14.1-RELEASE-p5", "2026-11-25", "FreeBSD 14.1-RELEASE-p5: support ended on 2025-03-31"},
		{"freebsd", "14.1-STABLE", "2026-11-25", "FreeBSD 14.1-STABLE: support not known, because the table of 2026-11-25 does not list this release"},
		{"openbsd", "7.6-current", "2026-11-25", "OpenBSD 7.6-current: support not known, because the table of 2026-11-25 does not list this release"},
		{"openbsd", "7.6", "2026-11-25", "OpenBSD 7.6: support ended on 2025-10-22"},
		{"alpine", "3.22.1", "2026-11-25", "Alpine 3.22.1: supported until 2027-05-01"},
		{"almalinux", "9.4", "2026-11-25", "AlmaLinux 9.4: supported until 2032-05-31"},
		{"openbsd", "7.8", "2026-11-25", "OpenBSD 7.8: support not known, because no end of support is known for this release"},
		{"freebsd", "14.9", "2026-11-25", "FreeBSD 14.9: support not known, because the table of 2026-11-25 does not list this release"},
		{"plan9", "4", "2026-11-25", "plan9 4: support not known, because the table of 2026-11-25 does not list this release"},
	} {
		s := table.Support(System{ID: c.id, Version: c.version}, day(t, c.day))
		assert.Equal(t, c.want, s.String())
		assert.Equal(t, s.State == Unknown, s.Reason != "")
	}
}

func TestOldTableKnowsOnlyWhatHadEndedByThen(t *testing.T) {
	table := Builtin()
	late := table.Dated.Add(MaxAge + 24*time.Hour)
	for version, want := range map[string]State{"12": Unknown, "13": Unknown, "11": Ended, "8": Ended, "14": Unknown} {
		assert.Equal(t, want, table.Support(System{ID: "debian", Version: version}, late).State, version)
	}
	assert.Equal(t, Extended, table.Support(System{ID: "debian", Version: "12"}, table.Dated.Add(MaxAge)).State)
}

func TestCodenameCountsWhereThereIsNoVersion(t *testing.T) {
	table := Builtin()
	assert.Equal(t, "14", table.Support(System{ID: "debian", Codename: "forky"}, table.Dated).Release.Version)
	assert.Equal(t, Unknown, table.Support(System{ID: "debian", Version: "99", Codename: "forky"}, table.Dated).State)
	assert.Equal(t, Unknown, table.Support(System{ID: "debian"}, table.Dated).State)
}

const distroInfo = `version,codename,series,created,release,eol,eol-lts,eol-elts
12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2029-06-30,2033-06-30
14,Forky,forky,2025-08-09
,Sid,sid,1993-08-16
`

func machine(mtime string) *hosttest.Machine {
	return hosttest.New("distro-info: after documentation (debian-distro-info(1))\n" +
		"-- machine now=2027-03-01T00:00:00Z --\n-- / dir complete=tree --\n" +
		"-- /usr/share/distro-info/debian.csv mtime=" + mtime + " --\n" + distroInfo)
}

func TestNewerFileOfTheHostReplacesTheTable(t *testing.T) {
	sys := System{ID: "debian", Version: "12"}
	now := day(t, "2027-03-01")
	for mtime, want := range map[string]string{
		"2027-02-20T00:00:00Z": "Debian 12 (bookworm): LTS support until 2029-06-30",
		"2026-10-01T00:00:00Z": "Debian 12 (bookworm): support not known, because the table of releases is 96 days old",
		"2028-01-01T00:00:00Z": "Debian 12 (bookworm): support not known, because the table of releases is 96 days old",
	} {
		table, err := ForHost(t.Context(), machine(mtime).Host(), "debian")
		require.NoError(t, err)
		assert.Equal(t, want, table.Support(sys, now).String(), mtime)
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
	suite := report.Suite{
		Checks: []report.Checker{&Checker{System: sys}},
		Clock:  func() time.Time { return time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC) },
	}
	rep, err := suite.Run(t.Context())
	require.NoError(t, err)
	return rep.Results[0]
}

func TestCheckerReportsEachState(t *testing.T) {
	for sys, want := range map[System]string{
		{ID: "debian", Version: "13"}:    "",
		{ID: "debian", Version: "12"}:    "notice release-extended Debian 12 (bookworm) has only LTS support, until 30 June 2028",
		{ID: "ubuntu", Version: "20.04"}: "warning release-extended Ubuntu 20.04 (focal) has only Ubuntu Pro support, until 23 April 2030",
		{ID: "debian", Version: "8"}:     "critical release-ended Debian 8 (jessie) has had no security support since 30 June 2020",
		{ID: "debian", Version: "14"}:    "notice release-not-released Debian 14 (forky) is not released yet",
	} {
		res := collect(t, sys)
		assert.Equal(t, report.OK, res.Status)
		assert.True(t, res.Covers("release"))
		got := ""
		for _, f := range res.Findings {
			got += f.Severity.String() + " " + f.Rule + " " + f.Title
			assert.Empty(t, f.Evidence, "the title says it in words")
			assert.Equal(t, report.Attr{Key: report.Release, Value: sys.ID + "-" + sys.Version}, f.Subject)
		}
		assert.Equal(t, want, got)
	}
}

func TestUnknownReleaseIsAProblemAndNotCovered(t *testing.T) {
	res := collect(t, System{ID: "openbsd", Version: "7.8"})
	assert.NotEqual(t, report.OK, res.Status)
	assert.False(t, res.Covers("release"))
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "OpenBSD 7.8: support not known")
	assert.Equal(t, report.Failed, collect(t, System{}).Status)
}

func TestRollingSystemIsSkippedSinceItHasNoReleases(t *testing.T) {
	for _, id := range []string{"arch", "opensuse-tumbleweed"} {
		res := collect(t, System{ID: id, Version: "20261120"})
		assert.Equal(t, report.Skipped, res.Status, id)
		assert.Contains(t, res.Reason, "has no releases")
	}
}

func TestCheckerPassesTheConformanceKit(t *testing.T) {
	h := machine("2026-10-01T00:00:00Z").Host()
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker {
		return &Checker{Host: h, System: System{ID: "debian", Version: "11"}}
	}, reporttest.Options{}))
}

// Only ends that were long past when the machine's file was made are compared.
func TestOurDatesAgreeWithDistroInfo(t *testing.T) {
	for _, id := range []string{"debian", "ubuntu"} {
		text, err := os.ReadFile("/usr/share/distro-info/" + id + ".csv")
		need.That(t, "distro-info-data", err == nil)
		theirs, err := ParseDistroInfo(id, text)
		require.NoError(t, err)
		table := Table{Releases: theirs}
		compared := 0
		for _, r := range Builtin().Releases {
			their, ok := table.find(System{ID: r.ID, Version: r.Version})
			if !ok || r.ID != id || !r.Ended.Before(day(t, "2024-01-01")) {
				continue
			}
			compared++
			assert.Equal(t, their.Ended, r.Ended, "%s %s ended", r.ID, r.Version)
			assert.Equal(t, their.Extended, r.Extended, "%s %s extended", r.ID, r.Version)
		}
		assert.GreaterOrEqual(t, compared, 4)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(distroInfo))
	f.Add(releases)
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := ParseDistroInfo("debian", text)
		if err == nil {
			for _, r := range list {
				r.state(time.Unix(0, 0))
			}
		}
		if table, err := ParseTable(text); err == nil && table.Dated.IsZero() {
			t.Fatal("a table without a date")
		}
	})
}
