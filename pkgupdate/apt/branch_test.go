package apt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// The answer of apt-cache is in the form of apt 2.6.1, with the places of two releases.
func TestAPackageThatOnlyABranchInDevelopmentHasIsAStray(t *testing.T) {
	m := &Manager{Host: hosttest.New(`apt: after a recording of apt 2.6.1
-- $ ["apt-cache", "policy", "both:amd64", "gone:amd64", "stray:amd64"] --
both:
  Installed: 1.0-1
  Version table:
 *** 1.0-1 500
        500 http://mirror.example.org/debian bookworm/main amd64 Packages
        500 http://mirror.example.org/debian sid/main amd64 Packages
        100 /var/lib/dpkg/status
gone:
  Installed: 1.0-1
  Version table:
     2.0-1 500
        500 http://mirror.example.org/debian sid/main amd64 Packages
 *** 1.0-1 100
        100 /var/lib/dpkg/status
stray:
  Installed: 2.0-1
  Version table:
 *** 2.0-1 500
        500 http://mirror.example.org/debian sid/main amd64 Packages
        100 /var/lib/dpkg/status
     1.0-1 500
        500 http://mirror.example.org/debian bookworm/main amd64 Packages
`).Host()}
	deb := pkgupdatetest.Deb
	installed := []pkgupdate.Package{deb("both", "1.0-1"), deb("gone", "1.0-1"), deb("stray", "2.0-1")}
	sources := []pkgupdate.Source{{ID: "http://mirror.example.org/debian/dists/sid", Branch: "sid"}, {ID: "http://mirror.example.org/debian/dists/bookworm"}}
	a := m.Strays(t.Context(), installed, sources)
	require.NoError(t, a.Reason)
	assert.Equal(t, []pkgupdate.Stray{{Pkg: installed[2], Branch: "sid"}}, a.Value)

	a = m.Strays(t.Context(), installed, sources[1:])
	assert.Equal(t, pkgupdate.Empty, a.State)
	assert.Error(t, m.Strays(t.Context(), installed[:1], sources).Reason, "a command that fails is no answer")
}

func TestASourceHasABranchWhereItsMakerHasAReleaseBesideIt(t *testing.T) {
	for name, c := range map[string]struct {
		releases []Release
		want     []string
	}{
		"sid beside a release": {[]Release{{Origin: "Debian", Suite: "oldstable", Codename: "bookworm"}, {Origin: "Debian", Suite: "unstable", Codename: "sid"}}, []string{"", "unstable"}},
		"sid alone":            {[]Release{{Origin: "Debian", Suite: "unstable", Codename: "sid"}, {Origin: "Docker", Codename: "bookworm"}}, []string{"", ""}},
		"backports": {
			[]Release{{Origin: "Debian", Codename: "bookworm"}, {Origin: "Debian", Suite: "oldstable-backports", Codename: "bookworm-backports"}, {Origin: "Debian", Suite: "oldstable-backports-sloppy", Codename: "bookworm-backports-sloppy"}},
			[]string{"", "", "oldstable-backports-sloppy"},
		},
		"a name of any length": {[]Release{{Origin: "Debian", Codename: "bookworm"}, {Origin: "Debian", Suite: strings.Repeat("x", 1<<20) + "-proposed"}}, []string{"", prose.Clip(strings.Repeat("x", 1<<20), 60)}},
	} {
		x := index{sources: make([]pkgupdate.Source, len(c.releases)), releases: c.releases}
		x.branches()
		var got []string
		for _, s := range x.sources {
			got = append(got, s.Branch)
		}
		assert.Equal(t, c.want, got, name)
	}
}

// The answer of apt-cache was recorded live with apt 2.6.1, and names were replaced.
func TestAFixThatAPreferencePassesOverIsPinned(t *testing.T) {
	m := &Manager{Host: hosttest.New(`apt: recorded live (debian:12, 2026-11-29)
-- $ ["apt-cache", "policy", "kept:amd64", "toy:amd64"] --
kept:
  Installed: 1.0
  Candidate: 2.0
  Version table:
     2.0 500
        500 http://mirror.example.org/debian bookworm-security/main amd64 Packages
 *** 1.0 100
        100 /var/lib/dpkg/status
toy:
  Installed: 1.0
  Candidate: 1.0
  Version table:
     2.0 500
        500 http://mirror.example.org/debian bookworm-security/main amd64 Packages
 *** 1.0 1001
        100 /var/lib/dpkg/status
`).Host()}
	kept, toy := pkgupdatetest.Deb("kept", "1.0"), pkgupdatetest.Deb("toy", "1.0")
	p := newPlan([]pkgupdate.Package{kept, toy})
	p.addFixes(map[key]version.Version{keyOf(kept): deb(t, "2.0"), keyOf(toy): deb(t, "2.0")}, true)
	m.pins(t.Context(), p)
	assert.Equal(t, pkgupdate.KeptBack, p.upgrades[keyOf(kept)].Blocked)
	assert.Equal(t, pkgupdate.Pinned, p.upgrades[keyOf(toy)].Blocked)
	assert.Equal(t, [][]string{{"apt-get", "install", "--only-upgrade", "toy=2.0"}}, p.upgrades[keyOf(toy)].Remedy.Do)
}
