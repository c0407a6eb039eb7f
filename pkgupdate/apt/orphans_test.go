package apt_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

// policy was recorded live with apt 2.6.1, and names were replaced.
const policy = `apt: recorded live (debian:12, 2026-11-29)
-- $ ["apt-cache", "policy", "both:amd64", "gone:amd64", "newer:amd64", "older:amd64"] --
both:
  Installed: 5.2.15-2+b8
  Candidate: 5.2.15-2+b13
  Version table:
     5.2.15-2+b13 500 (phased 10%)
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
 *** 5.2.15-2+b8 100
        100 /var/lib/dpkg/status
gone:
  Installed: 1.0-1
  Candidate: 1.0-1
  Version table:
 *** 1.0-1 100
        100 /var/lib/dpkg/status
newer:
  Installed: 2.0-1
  Candidate: 2.0-1
  Version table:
 *** 2.0-1 100
        100 /var/lib/dpkg/status
     1.0-1 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
older:
  Installed: 1.0-1
  Candidate: 1.0-1
  Version table:
 *** 1.0-1 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
`

func TestWhatNoSourceHasInThisVersionOrANewerOneIsAnOrphan(t *testing.T) {
	deb := pkgupdatetest.Deb
	m := &apt.Manager{Host: hosttest.New(policy).Host()}
	a := m.Orphans(t.Context(), []pkgupdate.Package{deb("both", "5.2.15-2+b8"), deb("gone", "1.0-1"), deb("newer", "2.0-1"), deb("older", "1.0-1")})
	require.NoError(t, a.Reason)
	assert.Equal(t, []pkgupdate.Package{deb("gone", "1.0-1"), deb("newer", "2.0-1")}, a.Value)
	text := "-- $ [\"apt-cache\", \"policy\", \"both:amd64\", \"x:amd64\"] --\nboth:\n"
	a = (&apt.Manager{Host: hosttest.New(text).Host()}).Orphans(t.Context(), []pkgupdate.Package{deb("both", "1"), deb("x", "1")})
	assert.Error(t, a.Reason, "one that is not told of is not known")
}
