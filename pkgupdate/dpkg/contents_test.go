package dpkg_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

const database = `-- /var/lib/dpkg/status --
Package: sudo
Status: install ok installed
Architecture: amd64
Version: 1.9
Conffiles:
 /etc/sudoers 0123456789abcdef0123456789abcdef
 /etc/old 0123456789abcdef0123456789abcdee obsolete

Package: libz
Status: install ok installed
Architecture: i386
Version: 2

Package: half
Status: install ok unpacked
Architecture: amd64
Version: 3
Conffiles:
 /etc/half newconffile

Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 4

-- /var/lib/dpkg/info dir complete --
-- /var/lib/dpkg/info/sudo.md5sums --
00000000000000000000000000000000  usr/bin/sudo
-- /var/lib/dpkg/info/libz:i386.md5sums --
00000000000000000000000000000000  usr/lib/libz
`

func TestTheContentsOfAPackageAreItsSumsAndItsConfiguration(t *testing.T) {
	contents := func(more string) map[string]host.Claim {
		m := hosttest.New(database)
		require.NoError(t, m.Add(more))
		got, err := dpkg.Database{Host: m.Host()}.Contents(t.Context())
		require.NoError(t, err)
		return got
	}
	got := contents("")
	assert.Equal(t, []string{"deb:dpkg", "deb:libz:i386", "deb:sudo", "deb:sudo /etc/old", "deb:sudo /etc/sudoers"}, slices.Sorted(maps.Keys(got)))
	assert.Equal(t, "1.9", got["deb:sudo /etc/sudoers"].Version)
	assert.Equal(t, "deb:sudo", got["deb:sudo /etc/sudoers"].Package)
	assert.NotEqual(t, got["deb:sudo"].Digest, got["deb:dpkg"].Digest, "which has no sums")

	edited := contents("-- /var/lib/dpkg/info/libz:i386.md5sums --\n00000000000000000000000000000001  usr/lib/libz\n")
	assert.NotEqual(t, got["deb:libz:i386"], edited["deb:libz:i386"])
	assert.Equal(t, got["deb:sudo"], edited["deb:sudo"])
}

func TestContentsThatAreOddLeaveTheOthers(t *testing.T) {
	m := hosttest.New("-- /var/lib/dpkg/status --\nPackage: ../evil\nStatus: install ok installed\nVersion: 1\n\nPackage: good\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n-- /var/lib/dpkg/info dir complete --\n")
	got, err := dpkg.Database{Host: m.Host()}.Contents(t.Context())
	assert.Error(t, err)
	assert.Contains(t, got, "deb:good")
}
