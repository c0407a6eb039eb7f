package openbsd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

const machine = `openbsd: after documentation (pkg_add(1), syspatch(8), packages-specs(7))
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/db/pkg/bzip2-1.0.8p0/+CONTENTS --
-- /var/db/pkg/quirks-7.50/+CONTENTS --
-- /var/db/pkg/vim-9.1.1706-no_x11/+CONTENTS --
-- /var/db/pkg/p5-Net-SSLeay-1.94/+CONTENTS --
-- $ ["sysctl", "-n", "kern.version"] --
OpenBSD 7.9 (GENERIC.MP) #1: Tue May 19 10:00:00 MDT 2026
    deraadt@amd64.openbsd.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP

-- $ ["pkg_add", "-u", "-n", "-x", "-I"] --
quirks-7.50 signed on 2026-11-20T08:37:06Z
Update candidates: quirks-7.50 -> quirks-7.50
bzip2-1.0.8p0->1.0.8p1: ok
vim-9.1.1706-no_x11->9.1.1800-no_x11: ok
The following new rcscripts were installed: /etc/rc.d/x
-- $ ["syspatch", "-c"] --
003_kernel
004_smtpd
`

func pending(p pkgupdate.Pending) (out []string) {
	for _, u := range p.Upgrades {
		out = append(out, u.Pkg.Name+" "+u.Pkg.Version.String()+" "+u.To().String()+" "+u.Class.String())
	}
	for _, patch := range p.Patches {
		out = append(out, patch.ID)
	}
	return out
}

func TestUpdatesOfAReleaseAreFixesAndPatchesHaveNames(t *testing.T) {
	h := hosttest.New(machine).Host()
	m := &openbsd.Manager{Host: h}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &openbsd.Manager{Host: h} }))
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{"bzip2 1.0.8p0 1.0.8p1 security", "vim 9.1.1706-no_x11 9.1.1800-no_x11 security", "003_kernel", "004_smtpd"}, pending(a.Value))
	assert.True(t, a.Value.Patches[0].Reboot)
}

// An arrow behind "Update candidates" is no update.
func TestNothingIsDueOnlyWhenTheMirrorWasRead(t *testing.T) {
	quiet := strings.NewReplacer("bzip2-1.0.8p0->1.0.8p1: ok\n", "", "vim-9.1.1706-no_x11->9.1.1800-no_x11: ok\n", "", "003_kernel\n004_smtpd\n", "").Replace(machine)
	for text, want := range map[string]pkgupdate.State{
		quiet: pkgupdate.Empty,
		strings.Replace(quiet, "quirks-7.50 signed on", "https://mirror/: no such dir", 1):                       pkgupdate.Unknown,
		strings.Replace(quiet, "Update candidates", "Ambiguous: choose package\nUpdate candidates", 1):           pkgupdate.Unknown,
		strings.Replace(quiet, `["syspatch", "-c"] --`, `["syspatch", "-c"] exit=1 --`, 1):                       pkgupdate.Unknown,
		strings.Replace(quiet, `["syspatch", "-c"] --`, "[\"syspatch\", \"-c\"] --\nftp: connect: timed out", 1): pkgupdate.Unknown,
		strings.Replace(quiet, "7.9 (GENERIC.MP)", "8.0-current (GENERIC.MP)", 1):                                pkgupdate.Unknown,
	} {
		assert.Equal(t, want, (&openbsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).State)
	}
}

// The forms are those that the module "openbsdpkg" of Salt has among its tests: a flavor
// stands behind the version, and where nothing is due two lines are all.
func TestPublishedOutputsOfPkgAddAreRead(t *testing.T) {
	text := strings.NewReplacer("vim-9.1.1706-no_x11/+", "vim-7.4.1467p1-gtk2/+", "bzip2-1.0.8p0/+", "ruby-2.3.1p1/+").Replace(machine)
	i, j := strings.Index(text, "Update candidates"), strings.Index(text, "-- $ [\"syspatch\"")
	text = strings.Replace(text[:i]+"Read shared items: ok\n"+text[j:], "003_kernel\n004_smtpd\n", "", 1)
	m := &openbsd.Manager{Host: hosttest.New(text).Host()}
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, pkgupdate.Empty, a.State)
	vim, ok := pkgupdate.Find(m.Installed(t.Context()).Value, "vim")
	require.True(t, ok)
	assert.Equal(t, "7.4.1467p1-gtk2", vim.Version.String())
}
