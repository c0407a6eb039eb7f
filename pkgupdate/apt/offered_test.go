package apt_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
)

const offers = `-- /var/lib/dpkg/status --
Package: both
Status: install ok installed
Architecture: amd64
Version: 5

Package: mine
Status: install ok installed
Architecture: amd64
Version: 1

Package: unsigned
Status: install ok installed
Architecture: amd64
Version: 1

Package: newer
Status: install ok installed
Architecture: amd64
Version: 2

-- /var/lib/apt/lists dir complete --
-- /var/lib/apt/lists/partial dir complete --
-- /var/lib/apt/lists/deb.example_debian_dists_bookworm_InRelease --
Origin: Debian
Suite: stable
Date: Sat, 28 Nov 2026 10:00:00 UTC
MD5Sum:
-- /var/lib/apt/lists/own.example_debian_dists_bookworm_Release --
Origin: Own
Suite: stable
Date: Sat, 28 Nov 2026 10:00:00 UTC
MD5Sum:
-- $ ["apt-get", "update", "--print-uris", "-o", "Debug::NoLocking=1"] --
'http://deb.example/debian/dists/bookworm/InRelease' deb.example_debian_dists_bookworm_InRelease 0 
'http://own.example/debian/dists/bookworm/InRelease' own.example_debian_dists_bookworm_InRelease 0 
-- $ ["apt-cache", "policy", "both:amd64", "mine:amd64", "newer:amd64", "unsigned:amd64"] --
both:
  Installed: 5
  Candidate: 5
  Version table:
 *** 5 500
        500 http://deb.example/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
mine:
  Installed: 1
  Candidate: 1
  Version table:
 *** 1 100
        100 /var/lib/dpkg/status
newer:
  Installed: 2
  Candidate: 3
  Version table:
     3 500
        500 http://deb.example/debian bookworm/main amd64 Packages
 *** 2 100
        100 /var/lib/dpkg/status
unsigned:
  Installed: 1
  Candidate: 1
  Version table:
 *** 1 500
        500 http://own.example/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
`

func TestOnlyASignedIndexOffersAPackageInItsVersion(t *testing.T) {
	m := &apt.Manager{Host: hosttest.New(offers).Host()}
	got, err := m.Offered(t.Context(), []string{"deb:both", "deb:mine", "deb:unsigned", "deb:newer", "deb:nowhere"})
	require.NoError(t, err)
	for name, want := range map[string]bool{"deb:both": true, "deb:mine": false, "deb:unsigned": false, "deb:newer": false, "deb:nowhere": false} {
		assert.Equal(t, want, got[name], name)
	}
	odd := strings.Replace(offers, "Package: newer\nStatus: install ok installed", "Package: newer\nStatus: ???", 1)
	require.NotEqual(t, offers, odd)
	odd = strings.Replace(odd, "mine:amd64\", \"newer:amd64", "mine:amd64", 1)
	got, err = (&apt.Manager{Host: hosttest.New(odd).Host()}).Offered(t.Context(), []string{"deb:both", "deb:mine", "deb:unsigned", "deb:newer"})
	require.Error(t, err, "a package that cannot be read is not known to be of nobody")
	assert.True(t, got["deb:both"])
	h := m.Host
	h.Exec = nil
	_, err = (&apt.Manager{Host: h}).Offered(t.Context(), []string{"deb:both"})
	assert.Error(t, err, "who cannot ask does not know")
}
