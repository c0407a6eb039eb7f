package pkgsrc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgsrc"
)

// list is after documentation: pkg_create(1), and pkgin(1) for what is on offer.
const list = `-- /usr/pkg/pkgdb/htop-3.3.0/+CONTENTS --
@comment PKG_FORMAT_REVISION:1.1
@name htop-3.3.0
@cwd /usr/pkg
bin/htop
@comment MD5:4355a46b19d348dc2f57c046f8ef63d4
bin/top
@comment Symlink:htop
@pkgdir share/htop
@cwd .
@ignore
+BUILD_INFO
`

func TestAPackingListTellsFilesFoldersAndLinks(t *testing.T) {
	text := strings.Replace(machine, "-- /usr/pkg/pkgdb/htop-3.3.0/+CONTENTS --\n", list, 1)
	claims, err := (&pkgsrc.Manager{Host: hosttest.New(text).Host()}).Attest(t.Context(), []string{"/usr/pkg/bin/htop", "/usr/pkg/bin/top", "/usr/pkg/share/htop", "/usr/pkg/bin/mine", "/bin/sh"})
	require.NoError(t, err)
	of := host.Claim{Package: "pkgsrc:htop", Version: "3.3.0", Strength: host.StrengthDatabase}
	file, link, dir := of, of, of
	file.Algorithm, file.Digest = "md5", claims["/usr/pkg/bin/htop"].Digest
	link.Type, link.Link, dir.Type = host.ModeSymlink, "htop", host.ModeDir
	assert.Len(t, file.Digest, 16)
	assert.Equal(t, map[string]host.Claim{"/usr/pkg/bin/htop": file, "/usr/pkg/bin/top": link, "/usr/pkg/share/htop": dir, "/usr/pkg/bin/mine": {}}, claims)
}

func TestWhatNoRepositoryHasIsAnOrphan(t *testing.T) {
	const avail = `-- $ ["pkgin", "-p", "avail"] --
htop-3.4.0;Interactive process viewer
openssl-3.3.9;older than what is installed
pkgin-23.8.1;itself
`
	m := &pkgsrc.Manager{Host: hosttest.New(machine + avail).Host()}
	a := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
	require.NoError(t, a.Reason)
	var got []string
	for _, p := range a.Value {
		got = append(got, p.Name)
	}
	assert.Equal(t, []string{"openssl", "php83-curl"}, got)
	m = &pkgsrc.Manager{Host: hosttest.New(machine + "-- $ [\"pkgin\", \"-p\", \"avail\"] --\n").Host()}
	assert.Error(t, m.Orphans(t.Context(), nil).Reason)
}
