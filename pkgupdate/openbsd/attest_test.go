package openbsd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
)

// list is after documentation: pkg_create(1) and package(5).
const list = `-- /var/db/pkg/bzip2-1.0.8p0/+CONTENTS --
@name bzip2-1.0.8p0
@cwd /usr/local
@bin bin/bzip2
@sha Q1WkaxnTSNwvV8BG+O9j1FOOu5NgAPPJ7pVKJ0YN2GU=
@size 3
bin/bunzip2
@symlink bzip2
@mode 0640
@group _x
@owner root
etc/bzip2.conf
@sha Q1WkaxnTSNwvV8BG+O9j1FOOu5NgAPPJ7pVKJ0YN2GU=
@mode
share/doc/bzip2/
@sample /etc/bzip2.conf
`

func TestAPackingListTellsFilesFoldersAndLinks(t *testing.T) {
	text := strings.Replace(machine, "-- /var/db/pkg/bzip2-1.0.8p0/+CONTENTS --\n", list, 1)
	claims, err := (&openbsd.Manager{Host: hosttest.New(text).Host()}).Attest(t.Context(), []string{
		"/usr/local/bin/bzip2", "/usr/local/bin/bunzip2", "/usr/local/etc/bzip2.conf", "/usr/local/share/doc/bzip2", "/usr/local/bin/mine", "/bin/sh",
	})
	require.NoError(t, err)
	of := host.Claim{Package: "openbsd:bzip2", Version: "1.0.8p0", Strength: host.StrengthDatabase}
	file, link, dir, conf := of, of, of, of
	file.Algorithm, file.Digest = "sha256", claims["/usr/local/bin/bzip2"].Digest
	link.Type, link.Link = host.ModeSymlink, "bzip2"
	conf.Algorithm, conf.Digest, conf.Mode, conf.HasMode, conf.Owner = "sha256", file.Digest, 0o640, true, "root:_x"
	dir.Type, dir.Owner = host.ModeDir, "root:_x"
	assert.Len(t, file.Digest, 32)
	assert.Equal(t, map[string]host.Claim{
		"/usr/local/bin/bzip2": file, "/usr/local/bin/bunzip2": link, "/usr/local/etc/bzip2.conf": conf, "/usr/local/share/doc/bzip2": dir, "/usr/local/bin/mine": {},
	}, claims, "the base system is of no package")
	text = strings.Replace(text, "-- /var/db/pkg/quirks-7.50/+CONTENTS --\n", "-- /var/db/pkg/quirks-7.50/+CONTENTS error=permission --\n", 1)
	claims, err = (&openbsd.Manager{Host: hosttest.New(text).Host()}).Attest(t.Context(), []string{"/usr/local/bin/bzip2", "/usr/local/bin/mine"})
	require.Error(t, err)
	assert.NotContains(t, claims, "/usr/local/bin/mine")
	assert.Contains(t, claims, "/usr/local/bin/bzip2")
}

func TestWhatPkgAddFindsNoUpdatesForIsAnOrphan(t *testing.T) {
	text := strings.Replace(machine, "The following new", "Couldn't find updates for vim-9.1.1706-no_x11\nThe following new", 1)
	m := &openbsd.Manager{Host: hosttest.New(text).Host()}
	require.NoError(t, m.Pending(t.Context()).Reason)
	a := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "vim", a.Value[0].Name)
	text = strings.Replace(text, "quirks-7.50 signed on 2026-11-20T08:37:06Z\n", "", 1)
	assert.Error(t, (&openbsd.Manager{Host: hosttest.New(text).Host()}).Orphans(t.Context(), nil).Reason)
}
