package apt

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

func machine(t testing.TB) *hosttest.Machine {
	t.Helper()
	text, err := os.ReadFile("testdata/debian-12.txtar")
	require.NoError(t, err)
	m, err := hosttest.Parse(text)
	require.NoError(t, err)
	return m
}

func deb(t testing.TB, text string) version.Version {
	t.Helper()
	v, err := version.Parse(version.Deb, text)
	require.NoError(t, err)
	return v
}

// edit changes the text of the machine's package database.
func edit(t testing.TB, m *hosttest.Machine, old, new string) {
	t.Helper()
	text, err := m.Host().ReadFile(t.Context(), dpkg.StatusFile, 0)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, m.WriteFile(dpkg.StatusFile, bytes.Replace(text, []byte(old), []byte(new), 1), 0o644))
}

const simulateUpgrade = "apt-get -s -o Debug::NoLocking=1 -o APT::Get::Show-User-Simulation-Note=no --with-new-pkgs upgrade"

func names(p pkgupdate.Pending) string {
	var out []string
	for _, u := range p.Upgrades {
		s := u.Pkg.Name + " " + u.Pkg.Version.String() + " " + u.To().String() + " " + u.Class.String()
		out = append(out, strings.TrimSpace(s+" "+string(u.Blocked)))
	}
	return strings.Join(out, "\n")
}

func TestRecordedMachinePassesTheConformanceKit(t *testing.T) {
	h := machine(t).Host()
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), &Manager{Host: h}))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &Manager{Host: h} }))
}

func TestPendingUpgradesAreClassedByTheSecurityRepository(t *testing.T) {
	a := (&Manager{Host: machine(t).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, pkgupdate.Known, a.State)
	assert.Equal(t, "5 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.", a.Evidence)
	assert.Equal(t, time.Date(2026, 11, 24, 0, 34, 33, 0, time.UTC), a.AsOf, "the date of the security repository")
	assert.Equal(t, strings.TrimSpace(`
libgraphite2-3 1.3.14-1 1.3.14-1+deb12u1 ordinary
libpcre2-8-0 10.42-1 10.42-1+deb12u2 security
libssl3 3.0.19-1~deb12u2 3.0.22-1~deb12u2 security
openssl 3.0.19-1~deb12u2 3.0.22-1~deb12u2 security
unzip 6.0-28 6.0-28+deb12u1 security`), names(a.Value))
}

func TestPlanThatFailedKeepsNothingBack(t *testing.T) {
	m := machine(t)
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Exit: 100, Stderr: []byte("E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).\n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrBroken)
	assert.Contains(t, names(a.Value), "openssl 3.0.19-1~deb12u2 3.0.22-1~deb12u2 security")
	assert.NotContains(t, names(a.Value), "kept back")
}

func TestFixHiddenByANewerPointReleaseIsStillASecurityFix(t *testing.T) {
	m := machine(t)
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(
		"Inst openssl [3.0.19-1~deb12u2] (3.0.23-1~deb12u1 Debian:12.16/oldstable [amd64])\n" +
			"1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	i := strings.Index(names(a.Value), "openssl")
	require.GreaterOrEqual(t, i, 0)
	assert.True(t, strings.HasPrefix(names(a.Value)[i:], "openssl 3.0.19-1~deb12u2 3.0.22-1~deb12u2 security"))
	u := a.Value.Upgrades[slices.IndexFunc(a.Value.Upgrades, func(u pkgupdate.Upgrade) bool { return u.Pkg.Name == "openssl" })]
	assert.Equal(t, "3.0.23-1~deb12u1", u.Candidate.String())
	assert.Equal(t, [][]string{{"apt-get", "install", "--only-upgrade", "openssl=3.0.22-1~deb12u2"}}, u.Remedy.Do)
}

func TestHeldPackageWithASecurityFixIsPendingAndHeld(t *testing.T) {
	m := machine(t)
	edit(t, m, "Package: openssl\nStatus: install", "Package: openssl\nStatus: hold")
	kept := "The following packages have been kept back:\n  openssl\n0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n"
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(kept)}, nil)
	// Dist-upgrade leaves alone what is held, too: it is not asked.
	full := strings.Fields(strings.Replace(simulateUpgrade, "--with-new-pkgs upgrade", "dist-upgrade", 1))
	m.SetCommand(full, host.Output{Exit: 100, Stderr: []byte("E: asked for nothing\n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Contains(t, names(a.Value), "openssl 3.0.19-1~deb12u2 3.0.22-1~deb12u2 security held")
	for _, also := range []string{strings.Replace(kept, "openssl\n", "openssl unzip\n", 1), strings.Replace(kept, "and 1", "and 2", 1)} {
		m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(strings.Replace(also, "and 1", "and 2", 1))}, nil)
		assert.ErrorContains(t, (&Manager{Host: m.Host()}).Pending(t.Context()).Reason, "asked for nothing", "of one that is not held it may take more, or of one that is not named")
	}
	assert.Contains(t, names(a.Value), "libssl3 3.0.19-1~deb12u2 3.0.22-1~deb12u2 security kept back", "apt does not offer what the repository has")
}

func TestWhatDistUpgradeAddsIsKeptBack(t *testing.T) {
	m := machine(t)
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(
		"The following packages have been kept back:\n  unzip libgraphite2-3\n0 upgraded, 0 newly installed, 0 to remove and 2 not upgraded.\n")}, nil)
	m.SetCommand(strings.Fields(strings.Replace(simulateUpgrade, "--with-new-pkgs upgrade", "dist-upgrade", 1)), host.Output{Stdout: []byte(
		"The following packages have been kept back:\n  libgraphite2-3\nRemv zip [3.0-13]\nInst unzip [6.0-28] (6.0-28+deb12u1 Debian-Security:12/oldstable-security [amd64])\n" +
			"1 upgraded, 0 newly installed, 1 to remove and 1 not upgraded.\n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Contains(t, names(a.Value), "unzip 6.0-28 6.0-28+deb12u1 security needs a removal")
	assert.Contains(t, names(a.Value), "libgraphite2-3 1.3.14-1  ordinary kept back", "to what is not said")
}

func TestForeignArchitectureIsItsOwnUpgrade(t *testing.T) {
	m := machine(t)
	edit(t, m, "Package: unzip\n", "Package: libssl3\nStatus: install ok installed\nArchitecture: i386\nVersion: 3.0.19-1~deb12u2\n\nPackage: unzip\n")
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(
		"Inst libssl3:i386 [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [i386])\n" +
			"1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	require.Len(t, a.Value.Upgrades, 5, "and four that only the security repository names")
	assert.Equal(t, "deb:libssl3 kept back", a.Value.Upgrades[1].Pkg.ID()+" "+string(a.Value.Upgrades[1].Blocked))
	assert.Equal(t, "deb:libssl3:i386 security", a.Value.Upgrades[2].Pkg.ID()+" "+a.Value.Upgrades[2].Class.String()+string(a.Value.Upgrades[2].Blocked))
}

func TestForeignPackageThatIsKeptBackIsNotLost(t *testing.T) {
	m := machine(t)
	edit(t, m, "Package: unzip\n", "Package: libssl3\nStatus: install ok installed\nArchitecture: i386\nVersion: 3.0.19-1~deb12u2\n\nPackage: unzip\n")
	kept := func(name string) pkgupdate.Answer[pkgupdate.Pending] {
		out := host.Output{Stdout: []byte("The following upgrades have been deferred due to phasing:\n  " + name + "\n0 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.\n")}
		m.SetCommand(strings.Fields(simulateUpgrade), out, nil)
		m.SetCommand(strings.Fields(strings.Replace(simulateUpgrade, "--with-new-pkgs upgrade", "dist-upgrade", 1)), out, nil)
		return (&Manager{Host: m.Host()}).Pending(t.Context())
	}
	a := kept("libssl3:i386")
	require.NoError(t, a.Reason)
	assert.True(t, slices.ContainsFunc(a.Value.Upgrades, func(u pkgupdate.Upgrade) bool {
		return u.Pkg.ID() == "deb:libssl3:i386" && u.Blocked == pkgupdate.Phased
	}), names(a.Value))
	assert.ErrorContains(t, kept("vanished").Reason, `"vanished" is kept back, but not in the dpkg database`)
}

func TestFixesAreOnOfferSinceTheSecurityRepositoryIsDated(t *testing.T) {
	for _, u := range (&Manager{Host: machine(t).Host()}).Pending(t.Context()).Value.Upgrades {
		assert.Equal(t, u.Class == pkgupdate.Security, !u.Offered.IsZero(), u.Pkg.Name)
		if u.Class == pkgupdate.Security {
			assert.Equal(t, "2026-11-24T00:34:33Z", u.Offered.Format(time.RFC3339))
		}
	}
}

func TestPackagesThatAptDoesNotNameMakeTheAnswerUnknown(t *testing.T) {
	m := machine(t)
	out := host.Output{Stdout: []byte("0 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n")}
	m.SetCommand(strings.Fields(simulateUpgrade), out, nil)
	m.SetCommand(strings.Fields(strings.Replace(simulateUpgrade, "--with-new-pkgs upgrade", "dist-upgrade", 1)), out, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.EqualError(t, a.Reason, "apt-get -s: 3 packages are left alone, but 0 are named")
}

func TestEmptyDatabaseOfAnotherSystemIsNotPresent(t *testing.T) {
	m := machine(t)
	require.NoError(t, m.WriteFile(dpkg.StatusFile, nil, 0o644))
	assert.ErrorIs(t, (&Manager{Host: m.Host()}).Installed(t.Context()).Reason, pkgupdate.ErrAbsent)
	require.NoError(t, m.Remove(dpkg.StatusFile))
	_, err := (&Manager{Host: m.Host()}).Attest(t.Context(), []string{"/etc/passwd"})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorIs(t, (&Manager{Host: m.Host()}).Installed(t.Context()).Reason, pkgupdate.ErrAbsent)
	require.NoError(t, m.Add("-- "+dpkg.StatusFile+" error=permission --\n"))
	reason := (&Manager{Host: m.Host()}).Installed(t.Context()).Reason
	assert.ErrorIs(t, reason, fs.ErrPermission)
	assert.NotErrorIs(t, reason, pkgupdate.ErrAbsent, "nobody knows")
}

func TestIndexThatWasNeverFetchedIsUnknownAndNotEmpty(t *testing.T) {
	m := machine(t)
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")}, nil)
	entries, err := m.Host().ReadDir(t.Context(), listsDir)
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsRegular() {
			require.NoError(t, m.Remove(listsDir+"/"+e.Name))
		}
	}
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrNeverFetched)
	for _, s := range a.Value.Sources {
		assert.ErrorIs(t, s.Err, pkgupdate.ErrNeverFetched, s.ID)
	}
	m.SetCommand([]string{"apt-get", "indextargets", "-o", "Debug::NoLocking=1", "--format", targetFormat, "Created-By: Packages"}, host.Output{}, nil)
	a = (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.NotErrorIs(t, a.Reason, pkgupdate.ErrUnclassified, "what it would hold is not said")
}

func TestOneRepositoryThatWasNeverFetchedIsNamed(t *testing.T) {
	m := machine(t)
	require.NoError(t, m.Remove(listsDir+"/mirror.example.org_debian-security_dists_bookworm-security_InRelease"))
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorContains(t, a.Reason, "package source http://mirror.example.org/debian-security/dists/bookworm-security: its index was never fetched")
	assert.Len(t, a.Value.Upgrades, 5, "what is known stands all the same")
}

func TestOldIndexIsUnknownButKeepsWhatItShows(t *testing.T) {
	m := machine(t)
	m.SetNow(time.Date(2026, 11, 29, 17, 31, 0, 0, time.UTC))
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	var stale *pkgupdate.StaleError
	require.ErrorAs(t, a.Reason, &stale)
	assert.Contains(t, a.Reason.Error(), "bookworm-security: its index was last refreshed 5 days ago")
	assert.Len(t, a.Value.Upgrades, 5)
	fresh := (&Manager{Host: m.Host(), MaxAge: 150 * time.Hour}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Known, fresh.State)
	assert.NoError(t, m.WriteFile(successStamp, nil, 0o644))
	require.NoError(t, m.SetStat(successStamp, host.Stat{
		Name: "update-success-stamp", Mode: host.ModeRegular | 0o644, Mtime: time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC).UnixNano(),
		Known: host.KnownMode | host.KnownMtime,
	}))
	stamped := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Known, stamped.State, "%v", stamped.Reason)
}

func TestTimesInTheFutureAreNoSignOfARefresh(t *testing.T) {
	m := machine(t)
	m.SetNow(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) // the clock was set back, or the folders touched
	x, err := (&Manager{Host: m.Host()}).index(t.Context(), nil, "amd64")
	require.NoError(t, err)
	var stale *pkgupdate.StaleError
	require.ErrorAs(t, x.sources[0].Err, &stale)
	assert.ErrorIs(t, x.sources[1].Err, pkgupdate.ErrFuture)
	assert.Zero(t, x.asOf, "the security repository is of a day to come")
}

func TestExpiredRepositoryIsUnknownHoweverFreshTheFolders(t *testing.T) {
	m := machine(t)
	m.SetNow(time.Date(2026, 12, 2, 6, 0, 0, 0, time.UTC))
	a := (&Manager{Host: m.Host(), MaxAge: 1000 * time.Hour}).Pending(t.Context())
	require.Error(t, a.Reason)
	assert.Contains(t, a.Reason.Error(), "its index was valid until 2026-12-01")
}

// The security repository is made anew each day, and shows that the refresh
// worked; where a stamp says more, it has to say so of all.
func TestARepositoryWithoutADailyDateIsAsFreshAsTheSecurityFixesBesideIt(t *testing.T) {
	m := machine(t)
	stamp := func(at time.Time) {
		require.NoError(t, m.WriteFile(successStamp, nil, 0o644))
		require.NoError(t, m.SetStat(successStamp, host.Stat{
			Name: "update-success-stamp", Mode: host.ModeRegular | 0o644, Mtime: at.UnixNano(), Known: host.KnownMode | host.KnownMtime,
		}))
	}
	now := m.Host().Time()
	assert.Equal(t, pkgupdate.Known, (&Manager{Host: m.Host()}).Pending(t.Context()).State)
	stamp(now.Add(-10 * 24 * time.Hour))
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.ErrorContains(t, a.Reason, "dists/bookworm: its index was last refreshed 10 days ago", "an attempt since then did not take all")
	assert.NotContains(t, a.Reason.Error(), "bookworm-security")
	stamp(now.Add(-time.Hour))
	assert.Equal(t, pkgupdate.Known, (&Manager{Host: m.Host()}).Pending(t.Context()).State)
}

// apt names the lists that are configured as though none were there; those count that are,
// compressed or not, and none that was configured once.
func TestTheListsAreThoseThatAreConfiguredAndThere(t *testing.T) {
	const debian, security = "mirror.example.org_debian_dists_bookworm_main_binary-", "mirror.example.org_debian-security_dists_bookworm-security_main_binary-"
	m := machine(t)
	long := (&Manager{Host: m.Host()}).Pending(t.Context())
	require.NoError(t, long.Reason)
	m.SetCommand([]string{"apt-get", "indextargets", "-o", "Debug::NoLocking=1", "--format", targetFormat, "Created-By: Packages"}, host.Output{Exit: 100}, nil)
	quick := func(names ...string) pkgupdate.Answer[pkgupdate.Pending] {
		var said strings.Builder
		for _, name := range names {
			said.WriteString("/nonexistent/" + name + "_Packages\t\t\t\n")
		}
		m.SetCommand([]string{"apt-get", "indextargets", "-o", "Debug::NoLocking=1", "--no-release-info", "-o", "Dir::State::lists=/nonexistent", "--format", nameFormat, "Created-By: Packages"},
			host.Output{Stdout: []byte(said.String())}, nil)
		return (&Manager{Host: m.Host()}).Pending(t.Context())
	}
	for _, name := range []string{debian + "amd64_Packages", security + "amd64_Packages.lz4", "gone_dists_bookworm-security_main_binary-amd64_Packages"} {
		require.NoError(t, m.WriteFile(listsDir+"/"+name, []byte("x"), 0o644))
	}
	assert.Equal(t, long, quick(debian+"amd64", debian+"all", security+"amd64", security+"all"))
	x, err := (&Manager{Host: m.Host()}).index(t.Context(), []target{{file: "/nonexistent/" + debian + "amd64_Packages"}, {file: "/nonexistent/" + debian + "all_Packages"}, {file: "/nonexistent/" + security + "amd64_Packages"}}, "amd64")
	require.NoError(t, err)
	assert.Equal(t, []target{
		{listsDir + "/" + debian + "amd64_Packages", "bookworm", "oldstable", "Debian"},
		{listsDir + "/" + security + "amd64_Packages.lz4", "bookworm-security", "oldstable-security", "Debian-Security"},
	}, x.targets)

	contrib := strings.Replace(debian, "main", "contrib", 1)
	repo := listsDir + "/mirror.example.org_debian_dists_bookworm_InRelease"
	text, err := m.Host().ReadFile(t.Context(), repo, maxRelease)
	require.NoError(t, err)
	require.NoError(t, m.WriteFile(repo, append(text, "SHA256:\n 00 4096 contrib/binary-amd64/Packages\n 00 4096 main/binary-all/Packages\n"...), 0o644))
	assert.NotErrorIs(t, quick(debian+"amd64", debian+"all", security+"amd64").Reason, pkgupdate.ErrIncomplete, "contrib is not configured")
	assert.ErrorIs(t, quick(debian+"amd64", contrib+"amd64", security+"amd64").Reason, pkgupdate.ErrIncomplete, "no other source has contrib")
	require.NoError(t, m.WriteFile(repo, text, 0o644))

	require.NoError(t, m.Remove(listsDir+"/"+security+"amd64_Packages.lz4"))
	name := listsDir + "/mirror.example.org_debian-security_dists_bookworm-security_InRelease"
	text, err = m.Host().ReadFile(t.Context(), name, maxRelease)
	require.NoError(t, err)
	require.NoError(t, m.WriteFile(name, append(text, "SHA256:\n 00 4096 main/binary-amd64/Packages\n"...), 0o644))
	assert.ErrorIs(t, quick(debian+"amd64", security+"amd64").Reason, pkgupdate.ErrIncomplete, "the list is configured, but it is not there")
}

// A list that is missing on the disk gave "no updates".
func TestAListThatIsMissingIsNoListWithoutPackages(t *testing.T) {
	m := machine(t)
	m.SetCommand([]string{"apt-get", "indextargets", "-o", "Debug::NoLocking=1", "--format", targetFormat, "Created-By: Packages"}, host.Output{Stdout: []byte(
		"/var/lib/apt/lists/mirror.example.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4\tbookworm\toldstable\tDebian\n")}, nil)
	digests := func(size string) string {
		return "SHA256:\n 00 " + size + " main/binary-amd64/Packages\n 00 77 contrib/binary-amd64/Packages\n"
	}
	for size, want := range map[string]error{"0": nil, "4096": pkgupdate.ErrIncomplete} {
		name := listsDir + "/mirror.example.org_debian-security_dists_bookworm-security_InRelease"
		require.NoError(t, m.WriteFile(name, []byte("Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nCodename: bookworm-security\n"+
			"Date: Tue, 24 Nov 2026 22:31:09 UTC\nValid-Until: Tue, 01 Dec 2026 22:31:09 UTC\n"+digests(size)), 0o644))
		a := (&Manager{Host: m.Host()}).Pending(t.Context())
		if want == nil {
			assert.NotErrorIs(t, a.Reason, pkgupdate.ErrIncomplete, "a size of zero is an empty list, and contrib is not configured")
			continue
		}
		assert.ErrorIs(t, a.Reason, want)
		assert.Equal(t, pkgupdate.Unknown, a.State)
	}
}

// attempt is what a refresh that failed leaves: the folder of what is under way
// has changed, and the stamp that apt's own timer sets.
func attempt(t *testing.T, m *hosttest.Machine, now time.Time) {
	t.Helper()
	m.SetNow(now)
	require.NoError(t, m.WriteFile("/var/lib/apt/periodic/update-stamp", nil, 0o644))
	for _, st := range []struct {
		name, base string
		mode       uint32
	}{
		{listsDir + "/partial", "partial", host.ModeDir | 0o700}, {"/var/lib/apt/periodic/update-stamp", "update-stamp", host.ModeRegular | 0o644},
	} {
		require.NoError(t, m.SetStat(st.name, host.Stat{Name: st.base, Mode: st.mode, Mtime: now.UnixNano(), Known: host.KnownMode | host.KnownMtime}))
	}
}

func TestRefreshThatFailedIsNoProof(t *testing.T) {
	m := machine(t)
	attempt(t, m, time.Date(2026, 11, 29, 17, 31, 0, 0, time.UTC))
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	for _, s := range a.Value.Sources {
		var stale *pkgupdate.StaleError
		require.ErrorAs(t, s.Err, &stale, s.ID)
	}
}

func TestIndexThatAptRefusedIsUnverified(t *testing.T) {
	m := machine(t)
	require.NoError(t, m.WriteFile(listsDir+"/partial/mirror.example.org_debian-security_dists_bookworm-security_InRelease", []byte("tampered"), 0o644))
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnverified)
	assert.Equal(t, pkgupdate.Refused, a.Value.Sources[2].Signature)
	assert.Equal(t, pkgupdate.Signed, a.Value.Sources[0].Signature)
}

// release changes what apt has of the security repository.
func release(t *testing.T, m *hosttest.Machine, old, new string) {
	t.Helper()
	name := listsDir + "/mirror.example.org_debian-security_dists_bookworm-security_InRelease"
	text, err := m.Host().ReadFile(t.Context(), name, 0)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, m.WriteFile(name, bytes.ReplaceAll(text, []byte(old), []byte(new)), 0o644))
}

func TestPasswordOfASourceIsNotItsName(t *testing.T) {
	list := parseURIs([]byte("'https://me:hunter22@mirror.example.org/pro/dists/x/InRelease' mirror_InRelease 0 \n"))
	require.Len(t, list, 1)
	assert.Equal(t, "https://mirror.example.org/pro/dists/x", list[0].uri)
}

func TestSourcesSayWhatTheyAreFor(t *testing.T) {
	kinds := func(m *hosttest.Machine) (out []pkgupdate.SourceKind) {
		for _, s := range (&Manager{Host: m.Host()}).Pending(t.Context()).Value.Sources {
			out = append(out, s.Kind)
		}
		return out
	}
	m := machine(t)
	assert.Equal(t, []pkgupdate.SourceKind{pkgupdate.OfSystem, pkgupdate.OfSystem, pkgupdate.OfSecurity}, kinds(m))
	release(t, m, "Origin: Debian", "Origin: Vendor")
	assert.Equal(t, []pkgupdate.SourceKind{pkgupdate.OfOthers, pkgupdate.OfOthers, pkgupdate.OfOthers}, kinds(m), "of a vendor, for nothing that is here")
}

func TestSecurityRepositoryOfAnotherReleaseDoesNotCount(t *testing.T) {
	m := machine(t)
	release(t, m, "Codename: bookworm-security", "Codename: bullseye-security")
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	assert.ErrorIs(t, a.Value.Sources[2].Err, pkgupdate.ErrOtherRelease)
	assert.Contains(t, names(a.Value), "libgraphite2-3 1.3.14-1 1.3.14-1+deb12u1 unclassified")
	for _, s := range (&Manager{Host: machine(t).Host()}).Pending(t.Context()).Value.Sources {
		require.NoError(t, s.Err, "of this release it counts")
	}
}

func TestUpdateOfAThirdPartyIsUnclassified(t *testing.T) {
	m := machine(t)
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(
		"Inst unzip [6.0-28] (9.0 Vendor:1/stable [amd64])\nInst libgraphite2-3 [1.3.14-1] (1.3.14-1+deb12u1 Debian:12.12/oldstable [amd64])\n" +
			"2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Contains(t, names(a.Value), "libgraphite2-3 1.3.14-1 1.3.14-1+deb12u1 ordinary")
	m.SetCommand(strings.Fields(simulateUpgrade), host.Output{Stdout: []byte(
		"Inst libgraphite2-3 [1.3.14-1] (9.0 Vendor:1/stable [amd64])\n1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")}, nil)
	a = (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Contains(t, names(a.Value), "libgraphite2-3 1.3.14-1 9.0 unclassified")
}

func TestMissingSecurityRepositoryLeavesUpgradesUnclassified(t *testing.T) {
	m := machine(t)
	m.SetCommand([]string{"apt-get", "indextargets", "-o", "Debug::NoLocking=1", "--format", targetFormat, "Created-By: Packages"},
		host.Output{Stdout: []byte("/var/lib/apt/lists/x_Packages\tbookworm\toldstable\tDebian\n")}, nil)
	empty := (&Manager{Host: m.Host()}).Pending(t.Context())
	require.NoError(t, empty.Reason, "the security repository is there, and its list is empty")

	m.SetCommand([]string{"apt-get", "update", "--print-uris", "-o", "Debug::NoLocking=1"}, host.Output{Stdout: []byte(
		"'http://mirror.example.org/debian/dists/bookworm/InRelease' mirror.example.org_debian_dists_bookworm_InRelease 0 \n")}, nil)
	a := (&Manager{Host: m.Host()}).Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	assert.Contains(t, names(a.Value), "libgraphite2-3 1.3.14-1 1.3.14-1+deb12u1 unclassified")
}

func TestImageHasAnInventoryButNoPendingUpdates(t *testing.T) {
	h := machine(t).Host()
	h.Exec = nil
	m := &Manager{Host: h}
	assert.Equal(t, pkgupdate.Known, m.Installed(t.Context()).State)
	a := m.Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorIs(t, a.Reason, errors.ErrUnsupported)
}

// The texts are those of apt 2.6 and of older ones, which name no holder.
func TestFailuresOfAptAreErrorsThatCallersCanTest(t *testing.T) {
	locked := host.Output{Exit: 100, Stderr: []byte("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 5833 (apt-get)\nN: Be aware\n")}
	var l *pkgupdate.LockedError
	require.ErrorAs(t, failure(locked), &l)
	assert.Equal(t, pkgupdate.LockedError{Path: "/var/lib/dpkg/lock-frontend", PID: 5833, Holder: "apt-get"}, *l)
	old := host.Output{Exit: 100, Stderr: []byte("E: Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)\nE: Unable to lock the administration directory\n")}
	assert.ErrorAs(t, failure(old), &l)
	assert.ErrorIs(t, failure(host.Output{Exit: 100, Stderr: []byte("E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n")}), pkgupdate.ErrInterrupted)
	assert.ErrorIs(t, failure(host.Output{Exit: 100, Stderr: []byte("E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).\n")}), pkgupdate.ErrBroken)
	assert.EqualError(t, failure(host.Output{Exit: 100, Stderr: []byte("W: odd\nE: The list of sources could not be read.\n")}), "exit status 100: E: The list of sources could not be read.")
	assert.ErrorIs(t, failure(host.Output{Truncated: true}), host.ErrTruncated)
	assert.NoError(t, failure(host.Output{}))
}

func TestInstalledPackagesComeFromTheDatabase(t *testing.T) {
	a := (&Manager{Host: machine(t).Host()}).Installed(t.Context())
	require.NoError(t, a.Reason)
	assert.Len(t, a.Value, 11)
	assert.Equal(t, "11 packages in /var/lib/dpkg/status", a.Evidence)
	ssl := a.Value[7]
	want := pkgupdate.Package{Type: "deb", Name: "libssl3", Arch: "amd64", Version: deb(t, "3.0.19-1~deb12u2"), Source: "openssl"}
	assert.Equal(t, want, ssl)
	assert.Equal(t, "deb:libssl3", ssl.ID())
}

func TestHalfDoneWorkIsAFaultOnceDpkgIsNotWriting(t *testing.T) {
	m := machine(t)
	manager := &Manager{Host: m.Host()}
	assert.Equal(t, pkgupdate.Empty, manager.Audit(t.Context()).State)

	edit(t, m, "Package: unzip\nStatus: install ok installed", "Package: unzip\nStatus: install ok half-configured")
	st, err := m.Host().Lstat(t.Context(), dpkg.StatusFile)
	require.NoError(t, err)
	m.SetNow(st.ModTime().Add(30 * time.Second))
	busy := manager.Audit(t.Context())
	assert.ErrorIs(t, busy.Reason, pkgupdate.ErrBusy)
	assert.Empty(t, busy.Value)

	require.NoError(t, m.WriteFile(dpkg.JournalDir+"/0007", nil, 0o644))
	m.SetNow(st.ModTime().Add(time.Hour))
	left := manager.Audit(t.Context())
	require.NoError(t, left.Reason)
	require.Len(t, left.Value, 2)
	assert.Contains(t, left.Value[0].What, "1 changes in /var/lib/dpkg/updates")
	assert.Equal(t, "unzip half-configured", left.Value[1].Pkg.Name+" "+left.Value[1].What)
}

func TestHistoryIsInTheHostsTimeZone(t *testing.T) {
	list, err := (&Manager{Host: machine(t).Host()}).History(t.Context(), time.Time{})
	require.NoError(t, err)
	require.NotEmpty(t, list)
	assert.Equal(t, "openssl", list[0].Events[0].Name)
	assert.Equal(t, "3.0.19-1~deb12u2", list[0].Events[0].To)
	assert.Equal(t, time.Date(2026, 11, 24, 22, 30, 1, 0, time.UTC), list[0].Begin.UTC())
	last := list[len(list)-1].Events
	assert.Equal(t, pkgupdate.Removed, last[len(last)-1].Kind())
}

// The form is that of apt's own log, written after its documentation.
const history = `
Start-Date: 2026-11-25  06:25:13
Commandline: apt-get -y upgrade
Requested-By: anna (1000)
Install: libnew:amd64 (1.0-1, automatic), tree:amd64 (2.1.0-1)
Upgrade: openssl:amd64 (3.0.16-1, 3.0.17-1), libssl3:amd64 (3.0.16-1, 3.0.17-1)
Remove: old:i386 (0.9)
Error: Sub-process /usr/bin/dpkg returned an error code (1)
End-Date: 2026-11-25  06:25:48

Start-Date: soon
Commandline: damaged

Start-Date: 2026-11-26  06:25:13
Commandline: /usr/bin/unattended-upgrade
Upgrade: -evil:amd64 (1, 2), tzdata:all (2026a, 2026b)
`

func TestRunsOfAptAreTransactionsAndWhatDpkgDidOutsideIsOneToo(t *testing.T) {
	list := ParseHistory([]byte(history), time.UTC)
	require.Len(t, list, 2, "a damaged stanza hides no other")
	first := list[0]
	assert.Equal(t, "apt-2026-11-25T06:25:13Z apt-get -y upgrade anna", first.ID+" "+first.Command+" "+first.By)
	assert.Equal(t, 35*time.Second, first.End.Sub(first.Begin))
	assert.Contains(t, first.Failed, "error code")
	var got []string
	for _, e := range first.Events {
		got = append(got, e.Name+":"+e.Arch+" "+e.From+">"+e.To)
	}
	assert.Equal(t, []string{"libnew:amd64 >1.0-1", "tree:amd64 >2.1.0-1", "openssl:amd64 3.0.16-1>3.0.17-1", "libssl3:amd64 3.0.16-1>3.0.17-1", "old:i386 0.9>"}, got)
	assert.Len(t, list[1].Events, 1, "a name that no package has is passed over")

	log := `2026-11-25 06:25:20 upgrade openssl:amd64 3.0.16-1 3.0.17-1
2026-11-25 09:00:00 install local:all <none> 1.0
2026-11-25 09:00:30 remove gone:amd64 2.0 <none>
2026-11-25 10:00:00 install later:all <none> 1.0
`
	rest := outside(list, dpkg.ParseLog([]byte(log), time.UTC, time.Time{}))
	require.Len(t, rest, 2)
	assert.Equal(t, []string{"local", "gone", "later"}, []string{rest[0].Events[0].Name, rest[0].Events[1].Name, rest[1].Events[0].Name})
	assert.Equal(t, "dpkg-2026-11-25T09:00:00Z", rest[0].ID)
}

func TestClaimsNameOwnerVersionAndDigest(t *testing.T) {
	ctx := t.Context()
	paths := []string{
		"/usr/bin/openssl", "/etc/ssl/openssl.cnf", "/bin/unzip", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/local/bin/mine",
		"/usr/bin", "relative", "/usr/../etc", "/",
	}
	claims, err := (&Manager{Host: machine(t).Host()}).Attest(ctx, paths)
	require.NoError(t, err)
	assert.NotContains(t, claims, "relative")
	assert.NotContains(t, claims, "/usr/../etc")
	c := claims["/usr/bin/openssl"]
	assert.Equal(t, "deb:openssl 3.0.19-1~deb12u2 md5", c.Package+" "+c.Version+" "+c.Algorithm)
	assert.Equal(t, host.StrengthDatabase, c.Strength)
	assert.Equal(t, "fe1993ec22f6b8a46cb9706acd8fc68f", hex.EncodeToString(claims["/etc/ssl/openssl.cnf"].Digest), "from the status database")
	assert.Equal(t, "deb:unzip", claims["/bin/unzip"].Package, "by the path through the link /bin")
	assert.Equal(t, host.Claim{}, claims["/usr/local/bin/mine"], "owned by none")
	assert.Contains(t, claims, "/usr/local/bin/mine")
	assert.Equal(t, "deb:openssl", claims["/usr/bin"].Package)
	assert.Equal(t, "deb:libbz2-1.0", claims["/"].Package, "the first by the name of its list")
}

func TestUnreadableListLeavesUnownedPathsUnknown(t *testing.T) {
	m := machine(t)
	require.NoError(t, m.Remove("/var/lib/dpkg/info/unzip.list"))
	require.NoError(t, m.Add("-- /var/lib/dpkg/info/unzip.list error=permission --\n"))
	claims, err := (&Manager{Host: m.Host()}).Attest(t.Context(), []string{"/usr/bin/unzip", "/usr/bin/openssl"})
	assert.ErrorIs(t, err, fs.ErrPermission)
	assert.NotContains(t, claims, "/usr/bin/unzip")
	assert.Equal(t, "deb:openssl", claims["/usr/bin/openssl"].Package)
}

func TestDivertedFileBelongsToItsOwnerUnderTheNewName(t *testing.T) {
	m := machine(t)
	require.NoError(t, m.WriteFile("/var/lib/dpkg/diversions", []byte("/usr/bin/unzip\n/usr/bin/unzip.distrib\nbusybox\n/usr/bin/openssl\n/usr/bin/openssl.other\nopenssl\n"), 0o644))
	require.NoError(t, m.WriteFile("/var/lib/dpkg/statoverride", []byte("root ssl-cert 4750 /usr/bin/unzip.distrib\n"), 0o644))
	claims, err := (&Manager{Host: m.Host()}).Attest(t.Context(), []string{"/usr/bin/unzip", "/bin/unzip.distrib", "/usr/bin/openssl"})
	require.NoError(t, err)
	assert.Equal(t, "deb:openssl", claims["/usr/bin/openssl"].Package, "it diverts the files of others")
	assert.Empty(t, claims["/usr/bin/unzip"].Package)
	c := claims["/bin/unzip.distrib"]
	assert.Equal(t, "deb:unzip root:ssl-cert", c.Package+" "+c.Owner)
	assert.True(t, c.HasMode)
	assert.Equal(t, uint32(0o4750), c.Mode)
	assert.NotEmpty(t, c.Digest)
}

// A command that goes wrong may weaken a claim; it never makes a wrong one.
func TestCommandThatGoesWrongNeverMakesAFileUnowned(t *testing.T) {
	m := machine(t)
	paths := []string{"/usr/bin/openssl", "/usr/bin/unzip", "/usr/local/bin/mine", "/"}
	want, err := (&Manager{Host: m.Host()}).Attest(t.Context(), paths)
	require.NoError(t, err)
	for _, f := range pkgupdatetest.Faults() {
		h := m.Host()
		h.Exec = pkgupdatetest.Faulty{Runner: h.Exec, Fault: f}
		got, err := (&Manager{Host: h}).Attest(t.Context(), paths)
		require.NoError(t, err, f.Name)
		for _, p := range paths {
			assert.Equal(t, want[p].Package, got[p].Package, "%s: %s", f.Name, p)
			assert.Contains(t, got, p, f.Name)
		}
	}
}

func TestCancelledContextIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := &Manager{Host: machine(t).Host()}
	assert.ErrorIs(t, m.Installed(ctx).Reason, context.Canceled)
	assert.ErrorIs(t, m.Pending(ctx).Reason, context.Canceled)
	assert.ErrorIs(t, m.Audit(ctx).Reason, context.Canceled)
}
