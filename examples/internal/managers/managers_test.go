package managers

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A Debian on which somebody keeps programs with rpm has two managers; empty databases of
// tools that came with packages are none.
func TestEveryManagerWithADatabaseIsAsked(t *testing.T) {
	h := hosttest.New(`after documentation (rpm(8), dpkg(1))
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/dpkg/status --
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.22

-- /var/lib/rpm/rpmdb.sqlite --
-- /var/lib/pacman/local/ALPM_DB_VERSION --
-- /lib/apk/db/installed --
-- $ ["rpm", "-qa", "--queryformat", "upkeep\t%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n", "--dbpath", "/var/lib/rpm"] --
upkeep	agent	(none)	1.0	1	x86_64	agent-1.0-1.src.rpm
`).Host()
	system := facts.System{ID: "debian", Family: "debian", Version: "12"}
	var got []string
	for _, m := range For(h, system, 0) {
		a := m.Installed(t.Context())
		if errors.Is(a.Reason, pkgupdate.ErrAbsent) {
			continue
		}
		require.NoError(t, a.Reason)
		require.Len(t, a.Value, 1)
		got = append(got, m.Info().ID+" "+a.Value[0].Name)
	}
	assert.Equal(t, []string{"apt dpkg", "rpm agent"}, got)
}
