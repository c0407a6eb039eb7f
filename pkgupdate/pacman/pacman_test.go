package pacman_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

const machine = `arch: after documentation (pacman(8), pacman-conf(8), and the folders of its database)
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/pacman/local/ALPM_DB_VERSION --
9
-- /var/lib/pacman/local/bash-5.2.037-1/desc --
-- /var/lib/pacman/local/gtk-update-icon-cache-1:4.16.7-1/desc --
-- /var/lib/pacman/local/mine-1.0-1/desc --
-- /var/lib/pacman/sync/core.db mtime=2026-11-27T20:00:00Z --
(packed)
-- /var/lib/pacman/sync/extra.db mtime=2026-11-20T20:00:00Z --
(packed)
-- $ ["pacman-conf"] --
[options]
RootDir = /
IgnorePkg = gtk-*
SigLevel = PackageRequired
SigLevel = DatabaseOptional
[core]
Usage = All
Server = https://me:secret@mirror.example.org/core/os/x86_64
[extra]
Usage = All
Server = https://mirror.example.org/extra/os/x86_64
-- $ ["pacman", "-Sl"] --
core bash 5.2.039-1 [installed: 5.2.037-1]
core zlib 1:1.3.1-2
extra bash 9.9-1
extra gtk-update-icon-cache 1:4.16.7-1 [installed]
`

func TestWhatTheRepositoriesHaveNewerIsPending(t *testing.T) {
	h := hosttest.New(machine).Host()
	m := &pacman.Manager{Host: h}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &pacman.Manager{Host: h} }))
	a := m.Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	require.Len(t, a.Value.Upgrades, 1, "the first repository counts")
	assert.Equal(t, "https://mirror.example.org/core/os/x86_64", a.Value.Sources[0].URL)
	assert.Equal(t, "bash 5.2.037-1 5.2.039-1", a.Value.Upgrades[0].Pkg.Name+" "+a.Value.Upgrades[0].Pkg.Version.String()+" "+a.Value.Upgrades[0].Candidate.String())
}

func TestNothingIsDueOnlyByAWholeListOfAFreshRepository(t *testing.T) {
	quiet := strings.Replace(machine, "core bash 5.2.039-1", "core bash 5.2.037-1", 1)
	for text, want := range map[string]pkgupdate.State{
		quiet: pkgupdate.Empty,
		strings.Replace(quiet, "mtime=2026-11-27", "mtime=2026-11-20", 1): pkgupdate.Unknown,
		quiet[:strings.Index(quiet, "core bash")]:                         pkgupdate.Unknown,
		quiet[:len(quiet)-5]: pkgupdate.Unknown,
		strings.Replace(quiet, "2026-11-20T20:00:00Z --", "2026-11-10T20:00:00Z --", 1): pkgupdate.Unknown, // extra never rests so long
		strings.Replace(quiet, "/extra.db", "/mine.db", 1):                              pkgupdate.Unknown, // and is missing here
	} {
		assert.Equal(t, want, (&pacman.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).State)
	}
}

func TestWhatNoRepositoryHasIsAnOrphan(t *testing.T) {
	orphans := func(text string) pkgupdate.Answer[[]pkgupdate.Package] {
		m := &pacman.Manager{Host: hosttest.New(text).Host()}
		installed := m.Installed(t.Context())
		require.NoError(t, installed.Reason)
		return m.Orphans(t.Context(), installed.Value)
	}
	names := func(a pkgupdate.Answer[[]pkgupdate.Package]) (out []string) {
		for _, p := range a.Value {
			out = append(out, p.Name)
		}
		return out
	}
	a := orphans(machine)
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{"mine"}, names(a))
	assert.Equal(t, []string{"gtk-update-icon-cache", "mine"}, names(orphans(strings.Replace(machine, "extra gtk-update-icon-cache 1:4.16.7-1", "extra gtk-update-icon-cache 1:4.16.6-1", 1))), "newer than any")
	// A list that lacks a repository makes nothing an orphan.
	a = orphans(strings.Replace(machine, `"-Sl"] --`, `"-Sl"] exit=1 --`, 1))
	assert.Equal(t, pkgupdate.Unknown, a.State)
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrIncomplete)
	assert.Empty(t, a.Value)
	assert.Equal(t, pkgupdate.Unknown, orphans(machine[:len(machine)-5]).State)
}

func TestWhatIsIgnoredIsPendingAndHeld(t *testing.T) {
	text := strings.Replace(machine, "extra gtk-update-icon-cache 1:4.16.7-1 [installed]", "extra gtk-update-icon-cache 1:4.18.0-1 [installed: 1:4.16.7-1]", 1)
	a := (&pacman.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	require.Len(t, a.Value.Upgrades, 2)
	assert.Empty(t, a.Value.Upgrades[0].Blocked)
	assert.Equal(t, pkgupdate.Held, a.Value.Upgrades[1].Blocked)
}

func TestWhatOnlyATestingRepositoryHasIsAStray(t *testing.T) {
	text := strings.Replace(machine, "[core]\nUsage", "[core-testing]\nUsage = All\n[core]\nUsage", 1) + "core-testing bash 5.2.037-1\ncore-testing gtk-update-icon-cache 1:4.16.7-1\n"
	m := &pacman.Manager{Host: hosttest.New(text).Host()}
	a := m.Strays(t.Context(), m.Installed(t.Context()).Value, m.Pending(t.Context()).Value.Sources)
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "bash testing", a.Value[0].Pkg.Name+" "+a.Value[0].Branch)
}

// The forms are those of a recording of pacman 6 that the module "pacman" of a collection for
// Ansible has among its tests; the names are others.
func TestPublishedListsOfPacmanAreRead(t *testing.T) {
	text := strings.Replace(machine, "core zlib 1:1.3.1-2\n", "core zlib 1:1.3.1-2\ncore ucode 20261027.1d00989-1\ncore keyring 20261028-1 [installed]\ncode tool 1.9.8.p2-3 [installed: 1.9.8.p1-1]\n", 1)
	text = strings.Replace(text, "-- /var/lib/pacman/local/mine", "-- /var/lib/pacman/local/tool-1.9.8.p1-1/desc --\n-- /var/lib/pacman/local/mine", 1)
	const odd = "-- stderr --\nwarning: config file /etc/pacman.conf, line 34: directive 'TotalDownload' in section 'options' not recognized.\n"
	a := (&pacman.Manager{Host: hosttest.New(text + odd).Host()}).Pending(t.Context())
	require.Len(t, a.Value.Upgrades, 2)
	assert.Equal(t, "tool 1.9.8.p2-3", a.Value.Upgrades[1].Pkg.Name+" "+a.Value.Upgrades[1].Candidate.String())
	assert.NotErrorIs(t, a.Reason, pkgupdate.ErrIncomplete, "a word that it does not know takes nothing from the lists")
	a = (&pacman.Manager{Host: hosttest.New(text + odd + "error: failed retrieving file 'core.db'\n").Host()}).Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrIncomplete)
}

// A package is installed, whatever its version says.
func TestAPackageWithAnOddVersionIsListedAllTheSame(t *testing.T) {
	m := &pacman.Manager{Host: hosttest.New("-- /var/lib/pacman/local/ dir complete --\n-- /var/lib/pacman/local/odd-a:1-1/ dir complete --\n" +
		"-- /var/lib/pacman/local/tree-2.1.1-1/ dir complete --\n").Host()}
	got := m.Installed(t.Context())
	var record *pkgupdate.RecordError
	require.ErrorAs(t, got.Reason, &record)
	require.Len(t, got.Value, 2)
	assert.Equal(t, "odd", got.Value[0].Name)
	assert.True(t, got.Value[0].Version.IsZero())
}
