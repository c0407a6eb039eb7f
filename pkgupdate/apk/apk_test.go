package apk_test

import (
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
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

const machine = `alpine: after documentation (apk(8), and the form of the database)
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /lib/apk/db/installed --
C:Q1abc=
P:busybox
V:1.36.1-r28
A:x86_64
o:busybox
F:bin
R:busybox
Z:Q1def=

P:ssl_client
V:1.36.1-r28
A:x86_64
o:busybox
-- /etc/apk/repositories --
https://mirror.example.org/alpine/v3.22/main
-- /var/cache/apk/APKINDEX.0123abcd.tar.gz mtime=2026-11-27T20:00:00Z --
-- $ ["apk", "--no-network", "--simulate", "upgrade"] --
(1/3) Upgrading busybox (1.36.1-r28 -> 1.36.1-r29)
Executing busybox-1.36.1-r29.post-upgrade
(2/3) Upgrading ssl_client (1.36.1-r28 -> 1.36.1-r29)
(3/3) Installing libnew (1.0-r0)
OK: 12 MiB in 24 packages
Executing a commit hook
`

func TestWhatApkWouldUpgradeIsPendingOfNoKnownClass(t *testing.T) {
	h := hosttest.New(machine).Host()
	m := &apk.Manager{Host: h}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &apk.Manager{Host: h} }))
	a := m.Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	var got []string
	for _, u := range a.Value.Upgrades {
		got = append(got, strings.TrimSpace(u.Pkg.Name+" "+u.Pkg.Version.String()+" > "+u.Candidate.String()))
	}
	assert.Equal(t, []string{"busybox 1.36.1-r28 > 1.36.1-r29", "libnew  > 1.0-r0", "ssl_client 1.36.1-r28 > 1.36.1-r29"}, got)
	assert.Equal(t, "busybox", m.Installed(t.Context()).Value[1].Source)
}

func TestNothingToUpgradeIsEmptyOnlyByAWholePlanOfAFreshIndex(t *testing.T) {
	quiet := machine[:strings.Index(machine, "(1/3)")] + "OK: 12 MiB in 24 packages\n"
	for text, want := range map[string]pkgupdate.State{
		quiet: pkgupdate.Empty,
		strings.Replace(quiet, "mtime=2026-11-27", "mtime=2026-11-20", 1): pkgupdate.Unknown,
		strings.Replace(quiet, "APKINDEX.", "other.", 1):                  pkgupdate.Unknown,
		strings.Replace(machine, "(2/3) Upgrading", "(2/3) Odd", 1):       pkgupdate.Unknown,
	} {
		assert.Equal(t, want, (&apk.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).State)
	}
}

// apk goes on without a repository that has no index, and calls the rest OK: the words
// are those of users' reports.
func TestARepositoryThatApkPassesOverLeavesThePlanUnknown(t *testing.T) {
	plan := machine[strings.Index(machine, "(1/3)"):]
	good := strings.Replace(machine, plan, "OK: 12 MiB in 24 packages\n", 1)
	two := strings.Replace(good, "v3.22/main\n", "v3.22/main\n#https://x.example.org\n@edge https://mirror.example.org/alpine/edge/testing\n/media/cdrom/apks\n", 1)
	second := func(date string) string {
		return strings.Replace(two, "-- /var/cache/apk/", "-- /var/cache/apk/APKINDEX.4567cdef.tar.gz mtime="+date+"T20:00:00Z --\n-- /var/cache/apk/", 1)
	}
	for text, want := range map[string]pkgupdate.State{
		good: pkgupdate.Empty,
		strings.Replace(good, "OK:", "WARNING: Ignoring APKINDEX.0123abcd.tar.gz: No such file or directory\nOK:", 1):      pkgupdate.Unknown,
		strings.Replace(good, "OK:", "WARNING: This apk-tools is OLD! Some packages might not function properly.\nOK:", 1): pkgupdate.Empty,
		two:                  pkgupdate.Unknown,
		second("2026-11-20"): pkgupdate.Empty,
		second("2026-10-20"): pkgupdate.Unknown,
	} {
		a := (&apk.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		assert.Equal(t, want, a.State, "%v: %s", a.Reason, text)
	}
}

func TestOneOddRecordHidesNoOther(t *testing.T) {
	text := strings.Replace(machine, "V:1.36.1-r28\nA:x86_64\no:busybox\nF:bin", "V:odd\nA:x86_64\no:busybox\nF:bin", 1)
	a := (&apk.Manager{Host: hosttest.New(text).Host()}).Installed(t.Context())
	var record *pkgupdate.RecordError
	assert.ErrorAs(t, a.Reason, &record)
	assert.Len(t, a.Value, 2)
}

func FuzzParseDatabase(f *testing.F) {
	f.Add([]byte("P:a\nV:1\n\nP:b\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, _ := apk.ParseDatabase((&apk.Manager{}).Info(), text)
		for _, p := range list {
			assert.NotEmpty(t, p.Name)
		}
	})
}

func TestWhatNoIndexHasIsAnOrphan(t *testing.T) {
	const compared = machine + `-- $ ["apk", "--no-network", "version", "-v", "-l", "<=>?"] --
Installed:                                Available:
busybox-1.36.1-r28                      < 1.36.1-r29 @main
ssl_client-1.36.1-r28                   ? 
`
	m := &apk.Manager{Host: hosttest.New(compared).Host()}
	a := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "ssl_client", a.Value[0].Name)
	m = &apk.Manager{Host: hosttest.New(strings.Replace(compared, "ssl_client-1.36.1-r28                   ?", "x", 1)).Host()}
	assert.Error(t, m.Orphans(t.Context(), m.Installed(t.Context()).Value).Reason, "one that is not listed is not known")
}

func TestPackagesByTheTagOfEdgeAreStrays(t *testing.T) {
	const release = "https://mirror.example.org/alpine/v3.22/main\n"
	tagged := strings.Replace(machine, release, release+"@edge https://mirror.example.org/alpine/edge/main\n-- /etc/apk/world --\nbusybox@edge\nssl_client>1\nlost@edge\n", 1)
	ask := func(text string) (pkgupdate.Source, pkgupdate.Answer[[]pkgupdate.Stray]) {
		m := &apk.Manager{Host: hosttest.New(text).Host()}
		sources := m.Pending(t.Context()).Value.Sources
		return sources[0], m.Strays(t.Context(), m.Installed(t.Context()).Value, sources)
	}
	s, a := ask(tagged)
	assert.Equal(t, "edge", s.Branch)
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "busybox edge", a.Value[0].Pkg.Name+" "+a.Value[0].Branch)

	_, a = ask(strings.Replace(tagged, "@edge https", "https", 1))
	assert.Error(t, a.Reason, "what came from one without a tag is not told")
	s, a = ask(strings.Replace(machine, "v3.22", "edge", 1))
	assert.Equal(t, "", s.Branch, "the system is edge")
	assert.Equal(t, pkgupdate.Empty, a.State)
}

// After upgrades that others published: of Alpine 3.3 (a package changes its tag), of 3.19
// (a script speaks between the steps), and of 3.23, whose apk-tools 3 aligns the numbers.
func TestPublishedUpgradesOfApkAreRead(t *testing.T) {
	i := strings.Index(machine, "(1/3)")
	ask := func(plan string) pkgupdate.Answer[pkgupdate.Pending] {
		return (&apk.Manager{Host: hosttest.New(machine[:i] + plan).Host()}).Pending(t.Context())
	}
	var aligned strings.Builder
	for n := 1; n <= 8; n++ {
		fmt.Fprintf(&aligned, "( %d/10) Installing extra%d (1.0-r%d)\n", n, n, n)
	}
	aligned.WriteString("( 9/10) Upgrading ssl_client (1.36.1-r28 -> 1.36.1-r29)\n  Executing busybox-1.36.1-r29.pre-upgrade\n * Caching service dependencies ... [ ok ]\n(10/10) Upgrading busybox (1.36.1-r28 -> 1.36.1-r29)\nExecuting busybox-1.36.1-r29.trigger\nOK: 438.2 MiB in 143 packages\n")
	a := ask(aligned.String())
	assert.NotContains(t, a.Reason.Error(), "not whole")
	assert.Len(t, a.Value.Upgrades, 10)

	a = ask("(1/3) Updating pinning busybox (1.36.1-r28)\n(2/3) [APK unavailable, skipped] Reinstalling busybox (1.36.1-r28)\n(3/3) Upgrading ssl_client@edge (1.36.1-r28 -> 1.37.0-r1)\nOK: 13 MiB in 17 packages\n")
	assert.NotContains(t, a.Reason.Error(), "not whole")
	require.Len(t, a.Value.Upgrades, 1)
	assert.Equal(t, "ssl_client 1.37.0-r1", a.Value.Upgrades[0].Pkg.Name+" "+a.Value.Upgrades[0].Candidate.String())
	assert.ErrorContains(t, ask("(1/1) [APK unavailable, skipped] Reinstalling busybox (1.36.1-r28)\n1 errors; 164 MiB in 56 packages\n").Reason, "not whole")
}

// After databases that syft has among the tests of its cataloger: one begins with a line of
// nothing, the other has empty lists of what is needed and provided.
func TestADatabaseThatBeginsWithNonsenseIsReadBehindIt(t *testing.T) {
	list, errs := apk.ParseDatabase((&apk.Manager{}).Info(), []byte("this is no database\n\nC:Q1abc=\nP:layout-data\nV:3.2.0-r22\nA:x86_64\no:layout\nr:layout\nF:etc\nR:mtab\na:0:0:777\nZ:Q1def=\n\n"+
		"P:other-data\nV:3.4.0-r0\nA:x86_64\nL:GPL-2.0-only\nD:\np:\ni:[]\nk:0\nF:etc\n"))
	require.Len(t, errs, 1)
	var record *pkgupdate.RecordError
	assert.ErrorAs(t, errs[0], &record)
	require.Len(t, list, 2)
	assert.Equal(t, "layout-data 3.2.0-r22 layout, other-data 3.4.0-r0", list[0].Name+" "+list[0].Version.String()+" "+list[0].Source+", "+list[1].Name+" "+list[1].Version.String())
}

// The odd records are those of a database that trivy has among the tests of its reader: one
// without a version, lines of modes and of checksums, and no newline at the end.
func TestAPublishedDatabaseIsReadAndAnOddRecordHidesNoOther(t *testing.T) {
	list, errs := apk.ParseDatabase((&apk.Manager{}).Info(), []byte("C:Q1abc=\nP:musl\nV:1.1.14-r10\nA:x86_64\no:musl\nL:MIT (and more)\nD:!other so:libc\nF:lib\nM:0:0:755\nR:ld.so\na:0:0:755\nZ:Q1def=\n\nP:odd\nA:x86_64\n\nP:busybox\nV:1.24.2-r9\nA:x86_64"))
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "odd")
	require.Len(t, list, 3)
	assert.Equal(t, "musl 1.1.14-r10, odd , busybox 1.24.2-r9", list[0].Name+" "+list[0].Version.String()+", "+list[1].Name+" "+list[1].Version.String()+", "+list[2].Name+" "+list[2].Version.String())
}

// Indexes that apk fetches for the answer need no age of the system's own, which here is
// weeks; a repository that it passes over then is no answer.
func TestARefreshOfItsOwnLeavesTheSystemsIndexesAlone(t *testing.T) {
	aged := strings.NewReplacer("mtime=2026-11-27", "mtime=2026-11-01", "--no-network", "--no-cache").Replace(machine)
	h := hosttest.New(aged).Host()
	m := &apk.Manager{Host: h}
	require.Error(t, m.Pending(t.Context()).Reason)
	fresh, err := m.Refreshed(t.Context(), "")
	require.NoError(t, err)
	a := fresh.Pending(t.Context())
	require.Len(t, a.Value.Upgrades, 3)
	assert.Equal(t, pkgupdate.Known, a.Value.Sources[0].State)
	assert.Equal(t, h.Time(), a.Value.Sources[0].Fetched)

	passed := strings.Replace(aged, "OK: 12", "WARNING: Ignoring https://mirror.example.org/alpine/v3.22/main: network error (check Internet connection and firewall)\nOK: 12", 1)
	_, err = (&apk.Manager{Host: hosttest.New(passed).Host()}).Refreshed(t.Context(), "")
	assert.ErrorIs(t, err, pkgupdate.ErrIncomplete)
}

// After apk-tools' source (src/print.c, src/commit.c).
func TestARunOfApkIsOneActWithItsCommand(t *testing.T) {
	log := "(2/2) Installing cut (1.0-r0)\nOK: 1 MiB in 2 packages\n\nRunning `apk add nmap` at 2026-11-27 10:00:00\n( 1/10) Installing nmap (7.95-r1)\n(10/10) Updating pinning busybox@edge (1.36.1-r29)\nExecuting busybox-1.36.1-r29.trigger\nOK: 13 MiB in 25 packages\n" +
		"\nRunning `apk del nmap` at 2026-11-27 11:00:00\n(1/1) Purging nmap (7.95-r1)\nOK: 12 MiB in 24 packages\n\nRunning `apk update` at 2026-11-27 11:30:00\nOK: 25 distinct packages available\n" +
		"\nRunning `apk upgrade` at 2026-11-27 12:00:00\n(1/2) Upgrading busybox@edge (1.36.1-r28 -> 1.36.1-r29)\n(2/2) [APK unavailable, skipped] Reinstalling x (1.0-r0)\n1 errors; 12 MiB in 24 packages\n"
	m := &apk.Manager{Host: hosttest.New(machine + "-- /var/log/apk.log --\n" + log).Host()}
	list, err := m.History(t.Context(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	var got []string
	for _, x := range list {
		for _, e := range x.Events {
			got = append(got, strings.Join([]string{x.Begin.Format(time.TimeOnly), x.Command, x.Failed, e.Name, e.From, e.To}, "|"))
		}
	}
	assert.Equal(t, []string{
		"10:00:00|apk add nmap||nmap||7.95-r1", "11:00:00|apk del nmap||nmap|7.95-r1|", "12:00:00|apk upgrade|1 errors|busybox|1.36.1-r28|1.36.1-r29",
	}, got)
	list, err = (&apk.Manager{Host: hosttest.New(machine).Host()}).History(t.Context(), time.Time{})
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestAPackageThatTheDatabaseMarksIsAFault(t *testing.T) {
	mark := func(mark, changed string) pkgupdate.Answer[[]pkgupdate.Fault] {
		text := strings.Replace(machine, "-- /lib/apk/db/installed --", "-- /lib/apk/db/installed mtime="+changed+" --", 1)
		text = strings.Replace(text, "o:busybox\nF:bin", "o:busybox\nf:"+mark+"\nF:bin", 1)
		return (&apk.Manager{Host: hosttest.New(text).Host()}).Audit(t.Context())
	}
	a := mark("fs", "2026-11-27T10:00:00Z")
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "busybox its files could not be written", a.Value[0].Pkg.Name+" "+a.Value[0].What)
	assert.Equal(t, pkgupdate.Empty, mark("S", "2026-11-27T10:00:00Z").State, "which sum it has")
	assert.ErrorIs(t, mark("s", "2026-11-28T05:59:50Z").Reason, pkgupdate.ErrBusy)
}
