package openbsd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
)

// The annotations are those that the source of pkg_add writes into a packing list.
func TestAPackageOfASnapshotIsAStrayOnARelease(t *testing.T) {
	text := strings.NewReplacer(
		"bzip2-1.0.8p0/+CONTENTS --\n", "bzip2-1.0.8p0/+CONTENTS --\n@name bzip2-1.0.8p0\n@url https://cdn.openbsd.org/pub/OpenBSD/snapshots/packages/amd64/bzip2-1.0.8p0.tgz\n@signer openbsd-79-pkg\n",
		"quirks-7.50/+CONTENTS --\n", "quirks-7.50/+CONTENTS --\n@name quirks-7.50\n@signer openbsd-79-pkg\n",
		"vim-9.1.1706-no_x11/+CONTENTS --\n", "vim-9.1.1706-no_x11/+CONTENTS --\n@name vim-9.1.1706-no_x11\n@signer openbsd-80-pkg\n",
		"p5-Net-SSLeay-1.94/+CONTENTS --\n", "p5-Net-SSLeay-1.94/+CONTENTS --\n@name p5-Net-SSLeay-1.94\n@signer openbsd-79-pkg\n"+strings.Repeat("lib/x\n", 20000),
	).Replace(machine)
	m := &openbsd.Manager{Host: hosttest.New(text).Host()}
	a := m.Strays(t.Context(), m.Installed(t.Context()).Value, nil)
	require.NoError(t, a.Reason)
	var names []string
	for _, s := range a.Value {
		names = append(names, s.Pkg.Name+" "+s.Branch)
	}
	assert.Equal(t, []string{"bzip2 snapshots", "vim snapshots"}, names)

	m = &openbsd.Manager{Host: hosttest.New(strings.Replace(text, "OpenBSD 7.9 (", "OpenBSD 8.0-current (", 1)).Host()}
	assert.Equal(t, pkgupdate.Empty, m.Strays(t.Context(), m.Installed(t.Context()).Value, nil).State)
	m = &openbsd.Manager{Host: hosttest.New(strings.Replace(text, "OpenBSD 7.9 (", "Something (", 1)).Host()}
	assert.Equal(t, pkgupdate.Unknown, m.Strays(t.Context(), m.Installed(t.Context()).Value, nil).State)
	broken := m.Installed(t.Context()).Value
	broken[0].Name = "gone"
	m = &openbsd.Manager{Host: hosttest.New(text).Host()}
	a = m.Strays(t.Context(), broken, nil)
	assert.Len(t, a.Value, 1, "one list that cannot be read blinds nothing else")
	assert.Error(t, a.Reason)
}
