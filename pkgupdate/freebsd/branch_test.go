package freebsd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/freebsd"
)

// The repositories have the form of the file that the system ships, and of pkg.conf(5).
const repositories = `-- /etc/pkg/FreeBSD.conf --
# To disable a repository, FreeBSD-base: { url: "x/base_latest" }, see below
FreeBSD: {
  url: "pkg+https://pkg.example.org/${ABI}/latest",
  enabled: yes
}
FreeBSD-base: {
  url: "pkg+https://pkg.example.org/${ABI}/base_release_${VERSION_MINOR}",
  enabled: no
}
-- /usr/local/etc/pkg/repos/base.conf --
FreeBSD-base {
    url = "https://pkg.example.org/${ABI}/base_latest";
    enabled = yes;
}
-- /var/db/pkg/repos/FreeBSD-base/db mtime=2026-11-27T20:00:00Z --
-- $ ["pkg", "query", "-a", "upkeep\t%n\t%R"] --
upkeep	curl	FreeBSD
upkeep	locked	FreeBSD-base
upkeep	mine	unknown-repository
upkeep	nginx	FreeBSD
upkeep	pkg	FreeBSD
`

func TestAPackageOfASnapshotOfTheBaseSystemIsAStrayOnARelease(t *testing.T) {
	strays := func(text string) (pkgupdate.Pending, pkgupdate.Answer[[]pkgupdate.Stray]) {
		m := &freebsd.Manager{Host: hosttest.New(text).Host()}
		sources := m.Pending(t.Context()).Value
		return sources, m.Strays(t.Context(), m.Installed(t.Context()).Value, sources.Sources)
	}
	p, a := strays(machine + repositories)
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "locked base_latest", a.Value[0].Pkg.Name+" "+a.Value[0].Branch)
	assert.Equal(t, map[string]string{"FreeBSD-base": "base_latest"}, pkgupdate.Branched(p.Sources))
	for name, c := range map[string]struct {
		from, to string
		state    pkgupdate.State
	}{
		"a system in development":      {"14.1-RELEASE-p5", "15.0-STABLE", pkgupdate.Empty},
		"the base of a release":        {"/base_latest\";\n    enabled = yes", "/base_release_3\";\n    enabled = yes", pkgupdate.Empty},
		"a package that is not listed": {"upkeep\tpkg\tFreeBSD\n", "", pkgupdate.Unknown},
		"a file that is not read":      {"-- /usr/local/etc/pkg/repos/base.conf --", "-- /usr/local/etc/pkg/repos/a.conf error=permission --\n-- /usr/local/etc/pkg/repos/base.conf --", pkgupdate.Unknown},
	} {
		_, a := strays(strings.Replace(machine+repositories, c.from, c.to, 1))
		assert.Equal(t, c.state, a.State, "%s: %v", name, a.Reason)
	}
	_, a = strays(machine)
	assert.Equal(t, pkgupdate.Empty, a.State)
}
