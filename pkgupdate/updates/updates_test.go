package updates_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type packages = []pkgupdate.Package

var proof = time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)

func fake(list packages, upgrades ...pkgupdate.Upgrade) *pkgupdatetest.Manager {
	return &pkgupdatetest.Manager{
		Packages: pkgupdate.Proven(list, "a test", proof),
		Changes:  pkgupdatetest.Proven(proof, upgrades...),
		Faults:   pkgupdate.Proven[pkgupdate.Fault](nil, "a test", proof),
	}
}

func check(m ...pkgupdate.Manager) updates.Software { return updates.Software{Managers: m} }

func collect(t *testing.T, c report.Checker) report.Result {
	t.Helper()
	res, err := suite.Collect(t.Context(), c)
	require.NoError(t, err)
	for _, p := range res.Problems {
		require.NotEqual(t, report.CodeContract, p.Code, p.Message)
	}
	return res
}

func titles(res report.Result) string {
	var out []string
	for _, f := range res.Findings {
		out = append(out, f.Severity.String()+" "+strings.TrimPrefix(f.Rule, res.Check+".")+": "+f.Title)
	}
	return strings.Join(out, "\n")
}

func TestSecurityFixesAreOneFindingForEachSource(t *testing.T) {
	ssl, lib, bash := pkgupdatetest.Deb("openssl", "3.0.11-1"), pkgupdatetest.Deb("libssl3", "3.0.11-1"), pkgupdatetest.Deb("bash", "5.2-1")
	lib.Source = "openssl"
	res := collect(t, check(fake(packages{bash, lib, ssl},
		pkgupdatetest.Upgrade(lib, "3.0.13-1", pkgupdate.Security),
		pkgupdatetest.Upgrade(ssl, "3.0.13-1", pkgupdate.Security),
		pkgupdatetest.Upgrade(bash, "5.2-2", pkgupdate.Ordinary))))
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, "warning security-pending: Security update of openssl is pending: 3.0.11-1 to 3.0.13-1\n"+
		"notice stable-pending: 1 stable update is pending", titles(res))
	f := res.Findings[0]
	assert.Equal(t, report.Attr{Key: report.Package, Value: "deb:openssl"}, f.Subject)
	assert.Equal(t, [][]string{{"fake", "upgrade", "libssl3", "openssl"}}, f.Remedy.Do)
	assert.NotContains(t, f.Fix, "fake", "a command stands for itself")
	for _, a := range []report.Attr{
		{Key: report.Package, Value: "deb:libssl3"},
		{Key: report.Was, Value: "version=3.0.11-1"},
		{Key: report.Now, Value: "version=3.0.13-1"},
		{Key: report.Version, Value: "deb:3.0.13-1"},
	} {
		assert.Contains(t, f.Evidence, a)
	}
	assert.True(t, res.Covers("fake/pending/security") && res.Covers("fake/pending/stable") && res.Covers("fake/broken"))
	require.Len(t, res.Artifacts, 1)
	assert.Equal(t, "bash 5.2-1 -> 5.2-2\n", string(res.Artifacts[0].Data))
}

func TestTheFindingOfOrdinaryUpdatesIsTheSameFromDayToDay(t *testing.T) {
	a, b := pkgupdatetest.Deb("a1", "1"), pkgupdatetest.Deb("b1", "1")
	one := collect(t, check(fake(packages{a, b}, pkgupdatetest.Upgrade(a, "2", pkgupdate.Ordinary)))).Findings[0]
	two := collect(t, check(fake(packages{a, b}, pkgupdatetest.Upgrade(a, "3", pkgupdate.Ordinary), pkgupdatetest.Upgrade(b, "2", pkgupdate.Ordinary)))).Findings[0]
	assert.Equal(t, one.Fingerprint, two.Fingerprint)
	assert.Equal(t, one.State, two.State)
	assert.Equal(t, "2 stable updates are pending", two.Title)
}

// offers has one fix of a package on offer, in a repository dated at.
func offers(m *pkgupdatetest.Manager, from pkgupdate.Package, to string, at time.Time) {
	u := pkgupdatetest.Upgrade(from, to, pkgupdate.Security)
	u.Offered = at
	m.Changes = pkgupdatetest.Proven(proof, u)
}

// The day begins with the repository's date, for the fix is older than the look.
func TestFixThatIsOnOfferForMoreThanADayIsCritical(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pkgupdatetest.Deb("openssl", "1")
		m := fake(packages{p})
		run := runs(t, check(m))
		run()
		offers(m, p, "2", time.Now().Add(-2*time.Hour))
		first := run()
		assert.Equal(t, "critical security-pending: Security update of openssl is to be installed within 22 hours: 1 to 2", titles(first), "the next run is too late")
		assert.Contains(t, first.Findings[0].Detail, "on offer since 1999-12-31 22:00 UTC or longer")

		time.Sleep(22 * time.Hour)
		offers(m, p, "2", time.Now())
		assert.NotContains(t, titles(run()), "for more than one day", "it is one day, not more")
		time.Sleep(time.Minute)
		offers(m, p, "3", time.Now())
		late := run()
		assert.Equal(t, "critical security-pending: Security update of openssl has been pending for more than one day: 1 to 3", titles(late))
		assert.Equal(t, first.Findings[0].Fingerprint, late.Findings[0].Fingerprint)
		assert.Contains(t, late.Findings[0].Detail, "on offer since 1999-12-31 22:00 UTC or longer")

		m.Changes = pkgupdate.Pending{}.Unproven(errors.New("no index"))
		run()
		offers(m, p, "3", time.Now())
		assert.Contains(t, titles(run()), "critical", "a look without an answer forgets nothing")

		offers(m, pkgupdatetest.Deb("openssl", "3"), "4", time.Now())
		assert.Contains(t, titles(run()), "warning security-pending: Security update of openssl is pending", "the next fix has a day of its own")
	})
}

func TestWhatTheFirstRunFindsHasADayFromThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pkgupdatetest.Deb("openssl", "1")
		m := fake(packages{p})
		run := runs(t, check(m))
		offers(m, p, "2", time.Now().Add(-72*time.Hour))
		first := run()
		assert.Equal(t, "warning security-pending: Security update of openssl is pending: 1 to 2", titles(first))
		assert.Contains(t, first.Findings[0].Detail, "on offer since 1999-12-29 00:00 UTC or longer")
		time.Sleep(time.Hour)
		assert.Contains(t, titles(run()), "warning", "the next run is early enough")
		time.Sleep(23 * time.Hour)
		assert.NotContains(t, titles(run()), "for more than one day")
		time.Sleep(time.Minute)
		assert.Contains(t, titles(run()), "critical security-pending: Security update of openssl has been pending for more than one day")

		offers(m, pkgupdatetest.Deb("openssl", "2"), "3", time.Now().Add(-25*time.Hour))
		assert.Contains(t, titles(run()), "critical", "nobody looked or fetched in time")
	})
}

func TestIndexThatWasNeverFetchedBeginsNoDay(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "1")
	m := fake(packages{p})
	m.Changes = pkgupdate.Pending{}.Unproven(pkgupdate.ErrNeverFetched)
	run := runs(t, check(m))
	run()
	offers(m, p, "2", time.Now().Add(-72*time.Hour))
	assert.Contains(t, titles(run()), "warning")
}

func TestFixOfUnknownDateCountsFromTheFirstLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pkgupdatetest.Deb("openssl", "1")
		run := runs(t, check(fake(packages{p}, pkgupdatetest.Upgrade(p, "2", pkgupdate.Security))))
		assert.Contains(t, titles(run()), "warning")
		time.Sleep(25 * time.Hour)
		assert.Contains(t, titles(run()), "critical")
	})
}

func TestDamagedDatesOfFixesAreAProblemAndCountAnew(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "1")
	store := &reporttest.Store{}
	set := &suite.Suite{Checks: []report.Checker{check(fake(packages{p}, pkgupdatetest.Upgrade(p, "2", pkgupdate.Security)))}, Store: store}
	_, err := set.Run(t.Context())
	require.NoError(t, err)
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	kept := saved.Kept["pkgupdate.updates"]
	require.Contains(t, kept, "offered-fake")
	kept["offered-fake"] = kept["offered-fake"][:len(kept["offered-fake"])-5]
	require.NoError(t, store.Save(t.Context(), saved))
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rep.Results[0].Problems, 1)
	assert.Contains(t, rep.Results[0].Problems[0].Message, "damaged")
	assert.True(t, rep.Results[0].Covers("fake/pending/security"))
}

func TestNewPackageComesWithTheUpgradeThatNeedsIt(t *testing.T) {
	meta := pkgupdatetest.Deb("linux-image-amd64", "6.1.187-1")
	meta.Source = "linux-signed-amd64"
	abi := pkgupdate.Upgrade{New: true, Pkg: pkgupdate.Package{Type: "deb", Name: "linux-image-6.1.0-52-amd64", Arch: "amd64"}, Candidate: pkgupdatetest.Deb("x1", "6.1.192-1").Version, Offer: pkgupdate.Offer{Class: pkgupdate.Security}}
	res := collect(t, check(fake(packages{meta}, abi, pkgupdatetest.Upgrade(meta, "6.1.192-1", pkgupdate.Security))))
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, "warning security-pending: Security update of linux-signed-amd64 (linux-image-amd64) is pending: 6.1.187-1 to 6.1.192-1", titles(res))
}

func TestUnknownClassesLeaveTheOtherUpdatesCovered(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "1")
	m := fake(packages{p})
	m.Changes = pkgupdate.Pending{Upgrades: []pkgupdate.Upgrade{pkgupdatetest.Upgrade(p, "2", pkgupdate.Unclassified)}}.Unproven(fmt.Errorf("%w: no repository", pkgupdate.ErrUnclassified))
	res := collect(t, check(m))
	assert.Equal(t, "notice stable-pending: 1 update is pending; which of them are security fixes is not known", titles(res))
	assert.True(t, res.Covers("fake/pending/stable"))
	assert.False(t, res.Covers("fake/pending/security"))
}

func TestHeldSecurityFixIsItsOwnFinding(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "1")
	p.Held = true
	u := pkgupdatetest.Upgrade(p, "2", pkgupdate.Security)
	u.Blocked = pkgupdate.Held
	res := collect(t, check(fake(packages{p}, u)))
	assert.Equal(t, "warning security-held: Security update of openssl is on hold: 1 is installed, 2 has the fix", titles(res))
	assert.Equal(t, [][]string{{"fake", "unhold", "openssl"}, {"fake", "upgrade", "openssl"}}, res.Findings[0].Remedy.Do)
}

func TestKeptBackSecurityFixSaysWhichCommandTakesIt(t *testing.T) {
	u := pkgupdatetest.Upgrade(pkgupdatetest.Deb("openssl", "1"), "2", pkgupdate.Security)
	u.Blocked = pkgupdate.KeptBack
	f := collect(t, check(fake(packages{u.Pkg}, u))).Findings[0]
	assert.Equal(t, "Find out why it is left out; then install it", f.Fix)
}

// sources has one source that nobody knows beside the good ones.
func sources(kind pkgupdate.SourceKind, err error) []pkgupdate.Source {
	return append(pkgupdatetest.Sources(), pkgupdate.Source{ID: "bad", Kind: kind, Err: err})
}

// The repositories of dnf, zypper, apk and pacman have fixes and other updates together.
func TestWithoutASourceOfFixesAStaleOneOfTheSystemLeavesThemUnknown(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("openssl", "1")})
	m.Changes = pkgupdate.Pending{Sources: []pkgupdate.Source{
		{ID: "appstream", Kind: pkgupdate.OfSystem, State: pkgupdate.Known},
		{ID: "baseos", Kind: pkgupdate.OfSystem, Err: &pkgupdate.StaleError{Age: 96 * time.Hour}},
	}}.Proven("a test", proof)
	res := collect(t, check(m))
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("fake/pending/security"), "a fix that was told of yesterday is not gone")
	assert.False(t, res.Covers("fake/pending/stable"))
	assert.Contains(t, titles(res), "out of date for 1 package source")
}

func TestStaleSourceIsAFindingWithARemedyAndItsUpgradesAreFindings(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "1")
	m := fake(packages{p})
	m.Changes = pkgupdate.Pending{
		Upgrades: []pkgupdate.Upgrade{pkgupdatetest.Upgrade(p, "2", pkgupdate.Security)},
		Sources:  sources(pkgupdate.OfSecurity, &pkgupdate.StaleError{Age: 96 * time.Hour}),
	}.Unproven(errors.New("and more"))
	res := collect(t, check(m))
	assert.Equal(t, report.Partial, res.Status)
	assert.Equal(t, "warning security-pending: Security update of openssl is pending: 1 to 2\n"+
		"warning source-unusable: The index is out of date for 1 package source", titles(res))
	stale := res.Findings[1]
	assert.Equal(t, "bad: its index was last refreshed 4 days ago.", stale.Detail)
	assert.Equal(t, [][]string{{"fake", "refresh"}}, stale.Remedy.Do)
	assert.False(t, res.Covers("fake/pending/security") || res.Covers("fake/pending/stable"))
	assert.True(t, res.Covers("fake/broken") && res.Covers("fake/sources"))
	require.Len(t, res.Problems, 2, "one for each reason")
}

func TestEachFaultOfASourceIsAFindingWithAWayOut(t *testing.T) {
	const fetch = "Fetch the index and read what the package manager says. Remove a source that is gone."
	for _, c := range []struct {
		err        error
		title, fix string
	}{
		{pkgupdate.ErrUnverified, "What was fetched last does not verify for 1 package source", fetch},
		{&pkgupdate.RolledBackError{}, "The index is older than it was for 1 package source", fetch},
		{pkgupdate.ErrOtherRelease, "The security fixes are those of another release in 1 package source", "Configure the security repository of the release that is installed"},
		{pkgupdate.ErrIncomplete, "A list of packages is missing for 1 package source", fetch},
		{pkgupdate.ErrNeverFetched, "No index was ever fetched for 1 package source", fetch},
		{&pkgupdate.StaleError{}, "The index is out of date for 1 package source", fetch},
	} {
		m := fake(nil)
		m.Changes = pkgupdate.Pending{Sources: sources(pkgupdate.OfSecurity, fmt.Errorf("x: %w", c.err))}.Proven("a test", proof)
		res := collect(t, check(m))
		require.Len(t, res.Findings, 1, c.title)
		assert.Equal(t, c.title, res.Findings[0].Title)
		assert.Equal(t, c.fix, res.Findings[0].Fix)
		assert.Equal(t, c.fix == fetch, res.Findings[0].Remedy != nil)
		assert.False(t, res.Covers("fake/pending/security"))
	}
}

func TestOneSourceBlindsOnlyWhatItIsFor(t *testing.T) {
	for kind, want := range map[pkgupdate.SourceKind][2]bool{
		pkgupdate.OfSecurity: {false, true}, pkgupdate.OfSystem: {true, false}, pkgupdate.OfOthers: {true, false}, "": {false, false},
	} {
		m := fake(nil)
		m.Changes = pkgupdate.Pending{Sources: sources(kind, pkgupdate.ErrNeverFetched)}.Proven("a test", proof)
		res := collect(t, check(m))
		assert.Equal(t, report.Partial, res.Status, kind)
		assert.Equal(t, want, [2]bool{res.Covers("fake/pending/security"), res.Covers("fake/pending/stable")}, kind)
	}
}

func TestSourceThatFailsForAnUnknownReasonIsNoFinding(t *testing.T) {
	m := fake(nil)
	m.Changes = pkgupdate.Pending{Sources: sources(pkgupdate.OfSystem, errors.New("the connection dropped"))}.Proven("a test", proof)
	res := collect(t, check(m))
	assert.Empty(t, res.Findings)
	assert.False(t, res.Covers("fake/sources"))
}

func TestPatchWithoutVersionsIsPendingAndHasItsDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := fake(nil)
		m.Changes = pkgupdate.Pending{Sources: pkgupdatetest.Sources(), Patches: []pkgupdate.Patch{
			{Type: "syspatch", ID: "020_ftpd", Title: "ftpd(8) may crash", Offer: pkgupdate.Offer{Class: pkgupdate.Ordinary}},
			{Type: "syspatch", ID: "021_smtpd", Offer: pkgupdate.Offer{
				Class: pkgupdate.Security, Advisories: []string{"CVE-2026-1234"}, Remedy: &report.Remedy{Do: [][]string{{"syspatch"}}},
			}},
		}}.Proven("a test", proof)
		run := runs(t, check(m))
		res := run()
		assert.Equal(t, "warning security-pending: Security update of 021_smtpd is pending\n"+
			"notice stable-pending: 1 stable update is pending", titles(res))
		assert.Equal(t, [][]string{{"syspatch"}}, res.Findings[0].Remedy.Do)
		assert.Contains(t, res.Findings[0].Detail, "It fixes CVE-2026-1234.")
		assert.Equal(t, report.Attr{Key: report.Package, Value: "syspatch:021_smtpd"}, res.Findings[0].Subject)
		assert.Equal(t, "020_ftpd ftpd(8) may crash\n", string(res.Artifacts[0].Data))
		time.Sleep(25 * time.Hour)
		assert.Contains(t, titles(run()), "critical security-pending: Security update of 021_smtpd has been pending")
	})
}

func TestPackageWithoutAVersionIsPendingAllTheSame(t *testing.T) {
	p := pkgupdate.Package{Type: "deb", Name: "base", Arch: "amd64"}
	u := pkgupdate.Upgrade{Pkg: p, Fix: pkgupdatetest.Deb("base", "2").Version, Offer: pkgupdate.Offer{Class: pkgupdate.Security}}
	assert.Equal(t, "warning security-pending: Security update of base is pending: 2", titles(collect(t, check(fake(packages{p}, u)))))
}

// The candidate of another source is not what an advisory asks for.
func TestTitleAndCommandNameTheFixAndNotTheCandidate(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "1.0")
	u := pkgupdatetest.Upgrade(p, "1.0+fix", pkgupdate.Security)
	u.Candidate = pkgupdatetest.Deb("openssl", "9.0").Version
	u.Remedy = &report.Remedy{Do: [][]string{{"fake", "install", "openssl=1.0+fix"}}}
	f := collect(t, check(fake(packages{p}, u))).Findings[0]
	assert.Equal(t, "Security update of openssl is pending: 1.0 to 1.0+fix", f.Title)
	assert.Equal(t, [][]string{{"fake", "install", "openssl=1.0+fix"}}, f.Remedy.Do)
	assert.NotContains(t, f.Title+f.Detail+f.Fix, "9.0")
}

func TestWayToAFixFitsWhatIsInTheWay(t *testing.T) {
	const byHand = "Remove what is in the way by hand, or put a work-around on record"
	for block, want := range map[pkgupdate.Block]struct{ fix, do string }{
		"":                      {"Install the update within one day and restart the services that use it, or put a work-around on record.", "fake upgrade openssl"},
		pkgupdate.Held:          {"Find out why it is held; to have the fix, release it and install it", "fake unhold openssl; fake upgrade openssl"},
		pkgupdate.NeedsRemoval:  {"See what it would remove; then upgrade all", "fake upgrade-all"},
		pkgupdate.Phased:        {"It reaches this system by itself in some days, and can be had now", "fake upgrade openssl"},
		pkgupdate.KeptBack:      {"Find out why it is left out; then install it", "fake upgrade openssl"},
		pkgupdate.Pinned:        {byHand, ""},
		pkgupdate.Uninstallable: {byHand, ""},
	} {
		u := pkgupdatetest.Upgrade(pkgupdatetest.Deb("openssl", "1"), "2", pkgupdate.Security)
		u.Blocked = block
		f := collect(t, check(fake(packages{u.Pkg}, u))).Findings[0]
		assert.Equal(t, want.fix, f.Fix, block)
		assert.Contains(t, f.Detail, string(block))
		var do []string
		if f.Remedy != nil {
			for _, command := range f.Remedy.Do {
				do = append(do, strings.Join(command, " "))
			}
		}
		assert.Equal(t, want.do, strings.Join(do, "; "), block)
	}
}

// bare is a manager that has no command which releases what is held.
type bare struct{ *pkgupdatetest.Manager }

func (b bare) Info() pkgupdate.Info {
	info := b.Manager.Info()
	info.Commands.Unhold = nil
	return info
}

func TestWhatNoCommandReleasesIsReleasedByHand(t *testing.T) {
	u := pkgupdatetest.Upgrade(pkgupdatetest.Deb("openssl", "1"), "2", pkgupdate.Security)
	u.Blocked = pkgupdate.Held
	f := collect(t, check(bare{fake(packages{u.Pkg}, u)})).Findings[0]
	assert.Equal(t, "Find out why it is held, and release it by hand; then install it", f.Fix)
	assert.Nil(t, f.Remedy, "that command alone installs nothing")
}

func TestNameThatLooksLikeAnOptionIsGivenToNoCommand(t *testing.T) {
	u := pkgupdatetest.Upgrade(pkgupdatetest.Deb("--allow-downgrades", "1"), "2", pkgupdate.Security)
	f := collect(t, check(fake(packages{u.Pkg}, u))).Findings[0]
	assert.Equal(t, [][]string{{"fake", "upgrade"}}, f.Remedy.Do)
}

func TestUnmetDependenciesAreAFinding(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("openssl", "1")})
	m.Changes = pkgupdate.Pending{}.Unproven(fmt.Errorf("apt-get: %w", pkgupdate.ErrBroken))
	res := collect(t, check(m))
	assert.Equal(t, "warning dependencies-unmet: Installed packages lack what they depend on", titles(res))
	assert.True(t, res.Covers("fake/dependencies"))
	assert.False(t, res.Covers("fake/pending"))
}

func TestSystemWithoutAnAdapterIsUnsupportedAndNeverOK(t *testing.T) {
	c := check(&pkgupdatetest.Manager{Packages: pkgupdate.Unproven[packages](nil, fmt.Errorf("no database: %w", pkgupdate.ErrAbsent))})
	c.System = "OpenBSD 7.8"
	res := collect(t, c)
	assert.NotEqual(t, report.OK, res.Status)
	assert.NotEqual(t, report.Skipped, res.Status)
	require.Len(t, res.Problems, 1)
	assert.Equal(t, report.CodeUnsupported, res.Problems[0].Code)
	assert.Contains(t, res.Problems[0].Message, "no package manager with an adapter was found on OpenBSD 7.8 (there is one yet for: fake): installed software and pending updates are not known")
}

// A host can have several managers: one that is not there is passed over, one that does not
// answer blinds no other, and what each had at the last run is its own.
func TestSeveralManagersOfOneHostSpeakForThemselves(t *testing.T) {
	old := packages{pkgupdatetest.Deb("bash", "5.2-1")}
	debs, others := fake(old), fake(old, pkgupdatetest.Upgrade(old[0], "5.2-2", pkgupdate.Security))
	debs.ID, others.ID = "deb", "other"
	absent := &pkgupdatetest.Manager{ID: "absent", Packages: pkgupdate.Unproven[packages](nil, fmt.Errorf("no database: %w", pkgupdate.ErrAbsent))}
	run := runs(t, check(absent, debs, others))
	res := run()
	require.Len(t, res.Findings, 1)
	assert.Contains(t, res.Findings[0].Title, "bash")
	assert.Equal(t, "other/pending/security", res.Findings[0].Scope)
	assert.Contains(t, res.Covered, "deb/pending")
	assert.Contains(t, res.Covered, "other/pending")
	assert.Empty(t, res.Problems)

	debs.Packages = pkgupdate.Proven(packages{pkgupdatetest.Deb("bash", "5.2-3")}, "a test", proof)
	others.Packages, others.Changes = pkgupdate.Unproven[packages](nil, errors.New("the database is locked")), pkgupdate.Answer[pkgupdate.Pending]{}
	res = run()
	assert.Equal(t, "info package-upgraded: bash was upgraded from 5.2-1 to 5.2-3", titles(res))
	assert.Contains(t, res.Covered, "deb/pending")
	assert.NotContains(t, res.Covered, "other/pending")
	require.NotEmpty(t, res.Problems)
	assert.Contains(t, res.Problems[0].Message, "the database is locked")
}

func TestManagerThatKnowsNothingCoversNothing(t *testing.T) {
	res := collect(t, check(&pkgupdatetest.Manager{}))
	assert.Empty(t, res.Covered)
	assert.Empty(t, res.Findings)
	assert.Len(t, res.Problems, 3)
}

func TestHalfConfiguredPackageAndInterruptedManager(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("unzip", "6.0-28")})
	m.Faults = pkgupdate.Proven([]pkgupdate.Fault{{What: "3 changes were not written"}, {Pkg: m.Packages.Value[0], What: "half-configured"}}, "a test", proof)
	res := collect(t, check(m))
	assert.Equal(t, "warning manager-interrupted: An earlier run of fake did not end: 3 changes were not written\n"+
		"warning package-broken: Package unzip is not properly installed: half-configured", titles(res))
}

// runs runs a Suite of c, again and again with one memory.
func runs(t *testing.T, c report.Checker) func() report.Result {
	set := &suite.Suite{Checks: []report.Checker{c}, Store: &reporttest.Store{}}
	return func() report.Result {
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		return rep.Results[0]
	}
}

func TestChangesSinceTheLastRunAreEvents(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("bash", "5.2-1"), pkgupdatetest.Deb("openssl", "3.0.11"), pkgupdatetest.Deb("zip", "3.0-13")})
	run := runs(t, check(m))
	assert.Empty(t, run().Findings, "the first run takes the inventory")
	assert.Empty(t, run().Findings)

	at := time.Now().UTC().Truncate(time.Second)
	m.Packages = pkgupdate.Proven(packages{
		pkgupdatetest.Deb("bash", "5.1-1"), pkgupdatetest.Deb("openssl", "3.0.13"), pkgupdatetest.Deb("unzip", "6.0-28"),
	}, "a test", proof)
	m.Transactions = []pkgupdate.Transaction{{
		ID: "apt-1", Begin: at, End: at.Add(time.Minute), Command: "apt-get -y  upgrade", By: "anna",
		Events: []pkgupdate.Event{{At: at, Name: "openssl", Arch: "amd64", From: "3.0.11", To: "3.0.13"}},
	}}
	res := run()
	assert.Equal(t, "warning package-downgraded: bash was downgraded from 5.2-1 to 5.1-1\n"+
		"notice package-installed: unzip 6.0-28 was installed\n"+
		"notice package-removed: zip 3.0-13 was removed\n"+
		"info transaction: openssl was upgraded by apt-get -y upgrade, asked for by anna", titles(res))
	up := res.Findings[3]
	assert.Equal(t, report.Event, up.Kind)
	assert.Equal(t, report.Transaction.Of("deb:apt-1"), up.Subject)
	for _, a := range []report.Attr{report.Package.Of("deb:openssl"), report.AtTime(at), report.AtTime(at.Add(time.Minute)), report.User.Of("anna")} {
		assert.Contains(t, up.Evidence, a)
	}
	assert.Equal(t, at, up.First)
	assert.Equal(t, "Changed: openssl 3.0.11 → 3.0.13.", up.Detail)
	assert.Contains(t, res.Findings[0].Detail, "does not say when")
	assert.Empty(t, run().Findings, "each change is reported once")
}

// An install of a service brings many packages; it is one thing that somebody did.
func TestAnActOfManyPackagesIsOneFindingAndNamesThemAll(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("aa", "1")})
	run := runs(t, check(m))
	run()
	at := time.Now().UTC().Truncate(time.Second)
	tr := pkgupdate.Transaction{ID: "apt-2", Begin: at, Command: "apt-get install office"}
	list := packages{pkgupdatetest.Deb("aa", "2")}
	for i := range 150 {
		name := fmt.Sprintf("office%03d", i)
		tr.Events = append(tr.Events, pkgupdate.Event{At: at, Name: name, To: "1"})
		list = append(list, pkgupdatetest.Deb(name, "1"))
	}
	tr.Events = append(tr.Events, pkgupdate.Event{At: at, Name: "aa", From: "1", To: "2"})
	m.Packages, m.Transactions = pkgupdate.Proven(list, "a test", proof), []pkgupdate.Transaction{tr}
	res := run()
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, "info transaction: 150 packages were installed and 1 upgraded by apt-get install office", titles(res))
	assert.Contains(t, res.Findings[0].Evidence, report.Package.Of("deb:office149"))
}

func TestAnActIsAsGraveAsWhatItDid(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Second)
	for _, c := range []struct {
		name   string
		events []pkgupdate.Event
		failed string
		want   string
	}{
		{"goes back", []pkgupdate.Event{{Name: "aa", From: "2", To: "1"}}, "", "warning transaction: aa was downgraded by apt"},
		{"removes", []pkgupdate.Event{{Name: "aa", From: "1"}, {Name: "bb", To: "1"}}, "", "notice transaction: 1 package was removed and 1 installed by apt"},
		{"fails", []pkgupdate.Event{{Name: "aa", To: "1"}}, "dpkg returned an error code", "warning transaction: aa was installed by apt, which failed"},
		{"came and went", []pkgupdate.Event{{Name: "nmap", To: "1"}, {Name: "nmap", From: "1"}}, "", "notice transaction: 1 package was removed and 1 installed by apt"},
	} {
		m := fake(nil)
		run := runs(t, check(m))
		run()
		m.Transactions = []pkgupdate.Transaction{{ID: "apt-3", Begin: at.Add(time.Second), Command: "apt", Failed: c.failed, Events: c.events}}
		assert.Equal(t, c.want, titles(run()), c.name)
	}
}

// What the log has of the time before the first run is no news, and what ends
// between two runs is told once, whenever it began.
func TestAnActIsToldOnce(t *testing.T) {
	m := fake(nil)
	run := runs(t, check(m))
	done := pkgupdate.Transaction{ID: "apt-4", Begin: time.Now().Add(-2 * time.Hour), End: time.Now().Add(-time.Hour), Events: []pkgupdate.Event{{Name: "aa", To: "1"}}}
	m.Transactions = []pkgupdate.Transaction{done}
	assert.Empty(t, titles(run()))
	assert.Empty(t, titles(run()))
	late := pkgupdate.Transaction{ID: "apt-5", Begin: done.Begin, End: time.Now(), Events: []pkgupdate.Event{{Name: "bb", To: "1"}}}
	m.Transactions = append(m.Transactions, late)
	assert.Equal(t, "info transaction: bb was installed", titles(run()))
	assert.Empty(t, titles(run()))
}

func TestPackagesOfOneSourceChangeInOneEvent(t *testing.T) {
	binary := func(name, ver, source, sourceVersion string) pkgupdate.Package {
		p := pkgupdatetest.Deb(name, ver)
		p.Source = source
		if sourceVersion != "" {
			p.SourceVersion = pkgupdatetest.Deb(source, sourceVersion).Version
		}
		return p
	}
	m := fake(packages{
		binary("dmsetup", "2:1.02.1-1", "lvm2", "2.03.1-1"), binary("gone1", "1-1", "gone", ""), binary("gone2", "1-1", "gone", ""),
		binary("libssl3", "3.0.11", "openssl", ""), binary("lvm2", "2.03.1-1", "", ""), pkgupdatetest.Deb("openssl", "3.0.11"),
	})
	run := runs(t, check(m))
	run()
	m.Packages = pkgupdate.Proven(packages{
		binary("dmsetup", "2:1.02.2-1", "lvm2", "2.03.2-1"), binary("libssl3", "3.0.13", "openssl", ""),
		binary("lvm2", "2.03.2-1", "", ""), pkgupdatetest.Deb("openssl", "3.0.13"),
	}, "a test", proof)
	res := run()
	assert.Equal(t, "notice package-removed: gone (2 packages) 1-1 was removed\n"+
		"info package-upgraded: lvm2 (2 packages) was upgraded to 2.03.2-1\n"+
		"info package-upgraded: openssl (2 packages) was upgraded from 3.0.11 to 3.0.13", titles(res))
	up := res.Findings[2]
	assert.Equal(t, report.Attr{Key: report.Package, Value: "deb:openssl"}, up.Subject)
	assert.Equal(t, []report.Attr{{Key: report.Version, Value: "deb:3.0.13"}}, up.Identity)
	assert.Contains(t, up.Evidence, report.Package.Of("deb:libssl3"))
	assert.True(t, strings.HasPrefix(up.Detail, "The packages are libssl3 and openssl. It happened since"), up.Detail)
}

func TestSourceOfManyPackagesStaysWithinTheBoundsOfAFinding(t *testing.T) {
	m := fake(nil)
	run := runs(t, check(m))
	run()
	var list packages
	for i := range 90 {
		p := pkgupdatetest.Deb(fmt.Sprintf("office%02d", i), fmt.Sprintf("1:%d", i))
		p.Source, p.SourceVersion = "office", pkgupdatetest.Deb("office", "1").Version
		list = append(list, p)
	}
	m.Packages = pkgupdate.Proven(list, "a test", proof)
	res := run()
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, "notice package-installed: office (90 packages) 1 was installed", titles(res))
	assert.Contains(t, res.Findings[0].Detail, "and 78 more")
}

func TestBoundOfEventsLeavesOutUpgradesFirst(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("aa", "1"), pkgupdatetest.Deb("zz", "2")})
	c := check(m)
	c.MaxEvents = 1
	run := runs(t, c)
	run()
	m.Packages = pkgupdate.Proven(packages{pkgupdatetest.Deb("aa", "2"), pkgupdatetest.Deb("zz", "1")}, "a test", proof)
	assert.Equal(t, "warning package-downgraded: zz was downgraded from 2 to 1\n"+
		"info packages-changed: And 1 more package changed since the last run", titles(run()))
}

// A version with a '_', or one that no parser takes, blinded everything for ever.
func TestOneOddRecordBlindsNothingElse(t *testing.T) {
	odd := pkgupdate.Package{Type: "deb", Name: "odd", Arch: "amd64"}
	record := &pkgupdate.RecordError{Record: "dpkg database", Err: errors.New("package odd: malformed version")}
	p := pkgupdatetest.Deb("openssl", "1")
	m := fake(packages{odd, p})
	m.Packages = pkgupdate.Unproven(packages{odd, p}, record)
	m.Changes = pkgupdate.Pending{Upgrades: []pkgupdate.Upgrade{pkgupdatetest.Upgrade(p, "2", pkgupdate.Security)}}.Unproven(record)
	run := runs(t, check(m))
	first := run()
	assert.Contains(t, titles(first), "Security update of openssl")
	assert.True(t, first.Covers("fake/pending/security"))
	assert.True(t, first.Covers("fake/changes/x"))
	assert.False(t, first.Covers("fake/pending/records"))
	m.Packages = pkgupdate.Unproven(packages{odd, p, pkgupdatetest.Deb("unzip", "1")}, record)
	assert.Contains(t, titles(run()), "unzip 1 was installed")
}

func TestUnknownInventoryKeepsTheOldOne(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("openssl", "3.0.11")})
	run := runs(t, check(m))
	run()
	m.Packages = pkgupdate.Unproven[packages](nil, errors.New("unreadable"))
	assert.False(t, run().Covers("fake/changes"))
	m.Packages = pkgupdate.Proven(packages{pkgupdatetest.Deb("openssl", "3.0.13")}, "a test", proof)
	assert.Contains(t, titles(run()), "openssl was upgraded from 3.0.11 to 3.0.13")
}

func TestManyChangesAreBounded(t *testing.T) {
	m := fake(nil)
	c := check(m)
	c.MaxEvents = 5
	run := runs(t, c)
	run()
	var list packages
	for i := range 40 {
		list = append(list, pkgupdatetest.Deb(fmt.Sprintf("pkg%02d", i), "1"))
	}
	m.Packages = pkgupdate.Proven(list, "a test", proof)
	res := run()
	assert.Len(t, res.Findings, 6)
	assert.Contains(t, titles(res), "info packages-changed: And 35 more packages changed since the last run")
	assert.Equal(t, 35, strings.Count(string(res.Artifacts[0].Data), "\n"))
}

func TestDamagedInventoryIsAProblemAndIsTakenAnew(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("openssl", "3.0.11")})
	store := &reporttest.Store{}
	set := &suite.Suite{Checks: []report.Checker{check(m)}, Store: store}
	_, err := set.Run(t.Context())
	require.NoError(t, err)
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	kept := saved.Kept["pkgupdate.updates"]
	require.NotEmpty(t, kept["installed-fake"])
	kept["installed-fake"][20] ^= 0xff
	require.NoError(t, store.Save(t.Context(), saved))
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	res := rep.Results[0]
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "damaged")
	assert.False(t, res.Covers("fake/changes"))
	rep, err = set.Run(t.Context())
	require.NoError(t, err)
	assert.Empty(t, rep.Results[0].Problems)
}

func TestFakePassesTheKitAndTheKitFindsBadManagers(t *testing.T) {
	p := pkgupdatetest.Deb("openssl", "2")
	good := fake(packages{pkgupdatetest.Deb("bash", "1"), p}, pkgupdatetest.Upgrade(p, "3", pkgupdate.Security))
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), good))

	bad := fake(packages{p, pkgupdatetest.Deb("bash", "1")}, pkgupdatetest.Upgrade(p, "1", pkgupdate.Security),
		pkgupdatetest.Upgrade(pkgupdatetest.Deb("absent", "1"), "2", pkgupdate.Security))
	bad.Packages.Evidence = ""
	err := pkgupdatetest.TestManager(t.Context(), bad)
	require.Error(t, err)
	for _, want := range []string{"Installed is not sorted", "Pending is not sorted", "without evidence", "2 to 1 goes back", "absent: 1 is not what is installed"} {
		assert.Contains(t, err.Error(), want)
	}
}

func TestCheckerPassesTheConformanceKit(t *testing.T) {
	ssl := pkgupdatetest.Deb("openssl", "3.0.11-1")
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker {
		return check(fake(packages{ssl}, pkgupdatetest.Upgrade(ssl, "3.0.13-1", pkgupdate.Security)))
	}, reporttest.Options{}))
}

// The latest stable versions are installed in the weekly maintenance: what misses one is
// a warning, unless it is left out of the usual upgrade.
func TestAStableUpdateThatMissesItsWeekIsAWarning(t *testing.T) {
	bash, zip := pkgupdatetest.Deb("bash", "5.2-1"), pkgupdatetest.Deb("zip", "3.0-13")
	held := pkgupdatetest.Upgrade(zip, "3.0-14", pkgupdate.Ordinary)
	held.Blocked = pkgupdate.Held
	m := fake(packages{bash, zip}, held)
	now := proof
	set := &suite.Suite{Checks: []report.Checker{check(m)}, Store: &reporttest.Store{}, Clock: func() time.Time { return now }}
	run := func(days int) string {
		now = proof.Add(time.Duration(days) * 24 * time.Hour)
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		return titles(rep.Results[0])
	}
	require.Equal(t, "notice stable-pending: 1 stable update is pending", run(0))
	m.Changes = pkgupdatetest.Proven(proof, pkgupdatetest.Upgrade(bash, "5.2-2", pkgupdate.Ordinary), held)
	assert.Equal(t, "notice stable-pending: 2 stable updates are pending", run(1))
	m.Changes = pkgupdatetest.Proven(proof, pkgupdatetest.Upgrade(bash, "5.2-3", pkgupdate.Ordinary), held)
	assert.Equal(t, "notice stable-pending: 2 stable updates are pending", run(9), "the next version of it is as old as the first")
	assert.Equal(t, "warning stable-pending: 2 stable updates are pending; 1 of them for more than 8 days", run(10))
	m.Changes = pkgupdatetest.Proven(proof, pkgupdatetest.Upgrade(bash, "5.2-4", pkgupdate.Security), held)
	assert.NotContains(t, run(11), "critical", "as a fix it is new")
}
