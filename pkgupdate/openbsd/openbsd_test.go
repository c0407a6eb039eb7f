package openbsd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

const machine = `openbsd: after documentation and source (pkg_add(1), OpenBSD/PkgAdd.pm, syspatch(8), packages-specs(7))
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/db/pkg/bzip2-1.0.8p0/+CONTENTS --
-- /var/db/pkg/quirks-7.50/+CONTENTS --
-- /var/db/pkg/vim-9.1.1706-no_x11/+CONTENTS --
-- /var/db/pkg/p5-Net-SSLeay-1.94/+CONTENTS --
-- $ ["sysctl", "-n", "kern.version"] --
OpenBSD 7.9 (GENERIC.MP) #1: Tue May 19 10:00:00 MDT 2026
    deraadt@amd64.openbsd.org:/usr/src/sys/arch/amd64/compile/GENERIC.MP

-- $ ["pkg_add", "-u", "-v", "-n", "-x", "-I"] --
Update candidates: quirks-7.50 -> quirks-7.50
quirks-7.50 signed on 2026-11-20T08:37:06Z
Update candidates: bzip2-1.0.8p0 -> bzip2-1.0.8p1
bzip2-1.0.8p0->1.0.8p1 (extracting)(pretending) 
Adding bzip2-1.0.8p0->1.0.8p1(pretending) 
Update candidates: p5-Net-SSLeay-1.94 -> p5-Net-SSLeay-1.94
Update candidates: vim-9.1.1706-no_x11 -> vim-9.1.1800-no_x11
Adding vim-9.1.1800-no_x11:libiconv-1.17p1(pretending) 
Adding vim-9.1.1706-no_x11->9.1.1800-no_x11(pretending) 
The following new rcscripts were installed: /etc/rc.d/x
See rcctl(8) for details.
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
	assert.Equal(t, [][]string{{"syspatch"}}, a.Value.Patches[0].Remedy.Do)
}

// pkg_add names each package that it compared, itself where it is the newest.
func TestNothingIsDueOnlyWhenTheMirrorWasRead(t *testing.T) {
	var lines []string
	for line := range strings.Lines(strings.NewReplacer("-> bzip2-1.0.8p1", "-> bzip2-1.0.8p0", "-> vim-9.1.1800", "-> vim-9.1.1706", "003_kernel\n004_smtpd\n", "").Replace(machine)) {
		if !strings.Contains(line, "(pretending)") {
			lines = append(lines, line)
		}
	}
	quiet := strings.Join(lines, "")
	const stderr = "See rcctl(8) for details.\n-- stderr --\n"
	for name, c := range map[string]struct {
		from, to string
		want     pkgupdate.State
	}{
		"quiet":               {"", "", pkgupdate.Empty},
		"no mirror":           {"quirks-7.50 signed on", "https://mirror/: no such dir", pkgupdate.Unknown},
		"ambiguous":           {"Update candidates", "Ambiguous: choose package\nUpdate candidates", pkgupdate.Unknown},
		"an old syspatch":     {"OpenBSD 7.9 (", "OpenBSD 6.1 (", pkgupdate.Unknown},
		"syspatch fails":      {`["syspatch", "-c"] --`, `["syspatch", "-c"] exit=1 --`, pkgupdate.Unknown},
		"syspatch says odd":   {`["syspatch", "-c"] --`, "[\"syspatch\", \"-c\"] --\nftp: connect: timed out", pkgupdate.Unknown},
		"snapshot":            {"7.9 (GENERIC.MP)", "8.0-current (GENERIC.MP)", pkgupdate.Unknown},
		"harmless":            {"See rcctl(8) for details.\n", stderr + "pkg_add should be run as root\n", pkgupdate.Empty},
		"a list is not there": {"See rcctl(8) for details.\n", stderr + "https://mirror/pub/OpenBSD/7.9/packages-stable/amd64/: ftp: connect: Connection timed out\n", pkgupdate.Unknown},
		"not asked with -v":   {"Update candidates: bzip2-1.0.8p0 -> bzip2-1.0.8p0\nUpdate candidates: p5-Net-SSLeay-1.94 -> p5-Net-SSLeay-1.94\nUpdate candidates: vim-9.1.1706-no_x11 -> vim-9.1.1706-no_x11\n", "", pkgupdate.Unknown},
	} {
		text := strings.Replace(quiet, c.from, c.to, 1)
		require.True(t, c.from == c.to || text != quiet, name)
		a := (&openbsd.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		assert.Equal(t, c.want, a.State, "%s: %v", name, a.Reason)
	}
}

// answer is the machine with another answer of pkg_add, and other packages.
func answer(said string, packages ...string) *openbsd.Manager {
	text := machine[:strings.Index(machine, "-- /var/db/pkg/")]
	for _, p := range append(packages, "quirks-7.50") {
		text += "-- /var/db/pkg/" + p + "/+CONTENTS --\n"
	}
	_, rest, _ := strings.Cut(machine, "/p5-Net-SSLeay-1.94/+CONTENTS --\n")
	head, _, _ := strings.Cut(rest, "Update candidates")
	return &openbsd.Manager{Host: hosttest.New(text + head + said + "-- $ [\"syspatch\", \"-c\"] --\n").Host()}
}

// What the module "openbsdpkg" of Salt has among its tests: it asks without -v, and two
// lines are all that pkg_add says of an update that changes two packages.
func TestWhatPkgAddDoesNotSayIsNoAnswer(t *testing.T) {
	m := answer("quirks-7.50 signed on 2026-11-20T16:30:59Z\nRead shared items: ok\n", "vim-7.4.1467p1-gtk2", "ruby-2.3.1p1")
	a := m.Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrIncomplete)
	assert.ErrorIs(t, m.Orphans(t.Context(), m.Installed(t.Context()).Value).Reason, pkgupdate.ErrIncomplete)
	vim, ok := pkgupdate.Find(m.Installed(t.Context()).Value, "vim")
	require.True(t, ok)
	assert.Equal(t, "7.4.1467p1-gtk2", vim.Version.String())
}

// After upgrades from 6.1 to 6.4 and from 6.5 to 6.7 that others published (walkthroughs
// that ask with -uv): quirks is updated first, a package may be obsolete or have none at the mirror,
// names are those of packages, and totals stand at the end. A release before had "(ok)" behind a candidate.
func TestPublishedUpgradesOfPkgAddAreRead(t *testing.T) {
	m := answer(`Update candidates: quirks-7.50 -> quirks-7.61
quirks-7.61 signed on 2026-11-20T15:26:25Z
quirks-7.50->7.61: ok
Update candidates: icon-theme-3.26.1 -> icon-theme-3.28.0p1 (ok)
Update candidates: update-icon-cache-3.22.29 -> update-icon-cache-3.22.30p1
Update candidates: hicolor-0.17 -> hicolor-0.17
Merging update-icon-cache-3.22.29->3.22.30p1 (ok)
Update Set update-icon-cache-3.22.29+icon-theme-3.26.1->update-icon-cache-3.22.30p1+icon-theme-3.28.0p1 runs exec commands
Running tags: ok
Read shared items: ok
--- -icon-theme-3.26.1 -------------------
You should also run rm -f /var/db/icons/mapping.db
Obsolete package: mozjs17-17.0p4 (no longer maintained and full of security holes)
Couldn't find updates for mine-2.6.2p0 mozjs17-17.0p4
Extracted 2124668768 from 2265411565
`, "icon-theme-3.26.1", "update-icon-cache-3.22.29", "hicolor-0.17", "mozjs17-17.0p4", "mine-2.6.2p0", ".libs1-hicolor-0.15")
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{
		"icon-theme 3.26.1 3.28.0p1 security", "quirks 7.50 7.61 ordinary", "update-icon-cache 3.22.29 3.22.30p1 security",
	}, pending(a.Value))
	orphans := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
	require.NoError(t, orphans.Reason)
	require.Len(t, orphans.Value, 2)
	assert.Equal(t, "mine mozjs17", orphans.Value[0].Name+" "+orphans.Value[1].Name)
}

// A stem may be installed in several versions, as Python is; what a mirror calls insecure
// is so without an update, too.
func TestEachVersionOfAStemIsItself(t *testing.T) {
	m := answer(`quirks-7.50 signed on 2026-11-20T15:26:25Z
Update candidates: quirks-7.50 -> quirks-7.50
Update candidates: python-2.7.18p11 -> python-2.7.18p11
Update candidates: python-3.12.9 -> python-3.12.10
Update candidates: ruby-3.3.1 -> ruby-3.3.2
Update candidates: py3-old-1.0 -> py3-new-1.0
Couldn't install ruby-3.3.2
-- stderr --
Package python-2.7.18p11 found, matching insecure python-<3v0
Ambiguous: autoconf-2.69 could be autoconf-2.71 autoconf-2.72
`, "python-2.7.18p11", "python-3.12.9", "ruby-3.3.1", "py3-old-1.0", "autoconf-2.69")
	a := m.Pending(t.Context())
	assert.ErrorContains(t, a.Reason, "autoconf-2.69")
	assert.Equal(t, []string{
		"py3-old 1.0  security", "python 2.7.18p11  security", "python 3.12.9 3.12.10 security", "ruby 3.3.1 3.3.2 security",
	}, pending(a.Value))
	u := a.Value.Upgrades
	assert.Equal(t, []pkgupdate.Block{"", "no version with a fix is offered", "", pkgupdate.Uninstallable}, []pkgupdate.Block{u[0].Blocked, u[1].Blocked, u[2].Blocked, u[3].Blocked})
	assert.Equal(t, []string{"python-<3v0"}, u[1].Advisories)
	assert.Equal(t, pkgupdate.Known, a.Value.Sources[1].State, "one package that is not clear hides no other")
}

// After pkg_add's source (syslog in AddDelete.pm, print in UpdateSet.pm) and lines of
// /var/log/messages that others published.
func TestWhatPkgAddToldSyslogIsOneActARun(t *testing.T) {
	const said = `Nov 26 22:33:35 box /bsd: /tmp force dirty (dangling 164 inflight 0)
Nov 26 22:33:35 box pkg_add: Added chocolate-doom-3.0.0
Nov 27 10:00:01 box pkg_add: Added bzip2-1.0.8p0->1.0.8p1
Nov 27 10:00:09 box pkg_add: Added [libiconv-1.17]gtk+3-3.24.43+icons-1.0->gtk+3-3.24.44+icons-1.1
Nov 27 10:00:20 box pkg_add: Added g++-11.2.0p9->11.2.0p10
Nov 27 10:00:30 box pkg_add: Added py3-old-1.0->py3-new-1.0
Nov 27 10:00:31 box pkg_add: Added qt-base+qt-docs-6.8.1
Nov 27 11:00:00 box pkg_delete: Removed vim-9.1.1706-no_x11
Nov 27 11:00:01 box pkg_info: Removed nothing-1.0
`
	m := &openbsd.Manager{Host: hosttest.New(machine + "-- /var/log/messages mtime=2026-11-28T06:00:00Z --\n" + said).Host()}
	list, err := m.History(t.Context(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, list, 2)
	var got []string
	for _, x := range list {
		for _, e := range x.Events {
			got = append(got, x.Command+" "+e.Name+" "+e.From+">"+e.To)
		}
	}
	assert.Equal(t, []string{
		"pkg_add bzip2 1.0.8p0>1.0.8p1", "pkg_add gtk+3 3.24.43>3.24.44", "pkg_add icons 1.0>1.1", "pkg_add g++ 11.2.0p9>11.2.0p10",
		"pkg_add py3-old 1.0>", "pkg_add py3-new >1.0", "pkg_add qt-base >6.8.1", "pkg_add qt-docs >6.8.1", "pkg_delete vim 9.1.1706-no_x11>",
	}, got)
	list, err = m.History(t.Context(), time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	assert.Len(t, list, 3)
}

func TestAPackageThatPkgAddCouldNotFinishIsAFault(t *testing.T) {
	audit := func(changed string) pkgupdate.Answer[[]pkgupdate.Fault] {
		text := strings.Replace(machine, "-- /var/db/pkg/bzip2", "-- /var/db/pkg/ dir mtime="+changed+" --\n-- /var/db/pkg/partial-curl-8.11.0/+CONTENTS --\n-- /var/db/pkg/bzip2", 1)
		return (&openbsd.Manager{Host: hosttest.New(text).Host()}).Audit(t.Context())
	}
	a := audit("2026-11-27T10:00:00Z")
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "partial-curl", a.Value[0].Pkg.Name)
	assert.ErrorIs(t, audit("2026-11-28T05:59:50Z").Reason, pkgupdate.ErrBusy)
}
