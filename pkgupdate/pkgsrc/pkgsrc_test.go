package pkgsrc_test

import (
	"crypto/sha512"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgsrc"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

const machine = `netbsd: after documentation (pkgin(1), pkg_admin(1) and the form of pkg-vulnerabilities)
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /usr/pkg/pkgdb/htop-3.3.0/+CONTENTS --
-- /usr/pkg/pkgdb/openssl-3.4.0nb1/+CONTENTS --
-- /usr/pkg/pkgdb/php83-curl-8.3.1/+CONTENTS --
-- /usr/pkg/pkgdb/pkgin-23.8.1/+CONTENTS --
-- /usr/pkg/pkgdb/pkg-vulnerabilities mtime=2026-11-27T20:00:00Z --
# $NetBSD: pkg-vulnerabilities,v 1.500 2026/11/27 12:00:00 spz Exp $
#FORMAT 1.1.0
openssl<3.4.1	use-after-free	https://nvd.nist.gov/vuln/detail/CVE-2026-1
openssl<3.0	other	https://nvd.nist.gov/vuln/detail/CVE-2020-1
php{81,82,83}-curl<9	other	https://nvd.nist.gov/vuln/detail/CVE-2026-2
htop-[0-9]*	eol	https://ftp.netbsd.org/pub/eol-packages
-- /var/db/pkgin/pkgin.db mtime=2026-11-27T20:00:00Z --
-- $ ["pkgin", "-n", "full-upgrade"] --
calculating dependencies...done.

2 packages to upgrade:
  htop-3.4.0 openssl-3.4.1

0 to refresh, 2 to upgrade, 0 to install
`

// summed gives the list of vulnerabilities in a machine the checksum that it ends with: of
// its lines but for the revision.
func summed(text string) string {
	const head, end = "#FORMAT 1.1.0\n", "-- /var/db/pkgin/"
	i, j := strings.Index(text, head), strings.Index(text, end)
	return fmt.Sprintf("%s#CHECKSUM SHA512 %x\n%s", text[:j], sha512.Sum512([]byte(text[i:j])), text[j:])
}

func pending(p pkgupdate.Pending) (out []string) {
	for _, u := range p.Upgrades {
		out = append(out, strings.Join(strings.Fields(u.Pkg.Name+" "+u.Pkg.Version.String()+" "+u.To().String()+" "+u.Class.String()+" "+strings.Join(u.Advisories, ",")), " "))
	}
	return out
}

func TestWhatTheListOfVulnerabilitiesNamesIsASecurityUpdate(t *testing.T) {
	h := hosttest.New(summed(machine)).Host()
	m := &pkgsrc.Manager{Host: h}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &pkgsrc.Manager{Host: h} }))
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{"htop 3.3.0 3.4.0 ordinary", "openssl 3.4.0nb1 3.4.1 security CVE-2026-1", "php83-curl 8.3.1 security CVE-2026-2"}, pending(a.Value))
}

func TestNothingIsDueOnlyByAWholePlanOfFreshLists(t *testing.T) {
	quiet := machine[:strings.Index(machine, "2 packages to upgrade")] + "nothing to do.\n"
	quiet = strings.NewReplacer("openssl<3.4.1", "openssl<3.4", "php{81,82,83}-curl<9", "php{81,82,83}-curl<8").Replace(quiet)
	for text, want := range map[string]pkgupdate.State{
		quiet: pkgupdate.Empty,
		strings.NewReplacer("pkg-vulnerabilities mtime=2026-11-27", "pkg-vulnerabilities mtime=2026-11-20", "2026/11/27", "2026/11/20").Replace(quiet): pkgupdate.Unknown,
		strings.Replace(quiet, "pkgin.db mtime=2026-11-27", "pkgin.db mtime=2026-11-20", 1):                                                            pkgupdate.Empty, // it asked
		strings.Replace(quiet, `"full-upgrade"] --`, `"full-upgrade"] exit=1 --`, 1):                                                                   pkgupdate.Unknown,
		strings.Replace(quiet, "nothing to do.\n", "", 1):                                                                                              pkgupdate.Unknown,
		strings.Replace(machine, "htop-3.4.0 ", "", 1):                                                                                                 pkgupdate.Unknown,
		strings.Replace(quiet, "openssl<3.4\t", "openssl<\t", 1):                                                                                       pkgupdate.Unknown,
	} {
		assert.Equal(t, want, (&pkgsrc.Manager{Host: hosttest.New(summed(text)).Host()}).Pending(t.Context()).State)
	}
}

// By its list of changes and its source (update_db, pkg_db_mtime): since 0.10 pkgin asks the
// repositories before an upgrade and ends where one does not answer; before, its database is
// of the last refresh, or of its next run after a change of the packages here.
func TestAnOldPkginIsAsFreshAsItsDatabase(t *testing.T) {
	const changed = "-- /usr/pkg/pkgdb/ dir mtime=%s --\n-- /usr/pkg/pkgdb/htop"
	quiet := machine[:strings.Index(machine, "2 packages to upgrade")] + "nothing to do.\n"
	quiet = strings.NewReplacer("openssl<3.4.1", "openssl<3.4", "php{81,82,83}-curl<9", "php{81,82,83}-curl<8").Replace(quiet)
	for _, c := range []struct {
		version, written, changed string
		want                      pkgupdate.State
	}{
		{"0.9.4", "2026-11-27T20", "2026-11-20T20:00:00Z", pkgupdate.Empty},
		{"0.9.4", "2026-11-20T20", "2026-11-10T20:00:00Z", pkgupdate.Unknown},
		{"0.9.4", "2026-11-27T20", "2026-11-27T10:00:00Z", pkgupdate.Unknown}, // of its run after the change
		{"0.9.4", "2026-11-27T20", "2026-11-27T21:00:00Z", pkgupdate.Empty},   // of before
		{"0.10.0", "2026-11-20T20", "2026-11-27T10:00:00Z", pkgupdate.Empty},
		{"20.8.0", "2026-11-20T20", "2026-11-27T10:00:00Z", pkgupdate.Empty},
	} {
		text := strings.NewReplacer("pkgin-23.8.1", "pkgin-"+c.version, "pkgin.db mtime=2026-11-27T20", "pkgin.db mtime="+c.written, "-- /usr/pkg/pkgdb/htop", fmt.Sprintf(changed, c.changed)).Replace(quiet)
		a := (&pkgsrc.Manager{Host: hosttest.New(summed(text)).Host()}).Pending(t.Context())
		assert.Equal(t, c.want, a.State, "%+v: %v", c, a.Reason)
	}
}

func TestAListOfVulnerabilitiesThatWasCutIsNone(t *testing.T) {
	text := strings.Replace(summed(machine), "php{81,82,83}-curl<9\tother\thttps://nvd.nist.gov/vuln/detail/CVE-2026-2\n", "", 1)
	a := (&pkgsrc.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	assert.ErrorContains(t, a.Reason, "its own checksum does not fit")
}

func TestAnUpgradeThatHasNotTheFixIsNone(t *testing.T) {
	text := summed(strings.Replace(machine, "openssl<3.4.1\tuse", "openssl<3.4.2\tuse", 1))
	a := (&pkgsrc.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	u := a.Value.Upgrades[1]
	assert.Equal(t, "openssl no version with a fix is offered", u.Pkg.Name+" "+string(u.Blocked))
	assert.True(t, u.Fix.IsZero())
}

// After plans that others published, of pkgin 9 to 23 (walkthroughs of NetBSD 9 and 10):
// the newer ones count what is to be removed as well, and names are wrapped.
func TestPublishedPlansOfPkginAreRead(t *testing.T) {
	newer := strings.NewReplacer(
		"  htop-3.4.0 openssl-3.4.1\n", "  htop-3.4.0\n  openssl-3.4.1\n\n3 packages to install:\n  libidn2-2.3.4 libunistring-1.1\n  nghttp2-1.56.0\n\n1 package to remove:\n  xmlcatmgr-2.2nb1\n",
		"0 to refresh, 2 to upgrade, 0 to install\n", "1 to remove, 0 to refresh, 2 to upgrade, 3 to install\n36M to download, 97M of additional disk space will be used\n",
		"calculating dependencies...done.\n", "processing remote summary (http://ftp.example.org/pub/pkgsrc/packages/NetBSD/earmv6hf/9.3/All)...\npkg_summary.bz2                               100% 3169KB  19.1KB/s   02:46    \ncalculating dependencies...done.\n").Replace(machine)
	a := (&pkgsrc.Manager{Host: hosttest.New(summed(newer)).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{"htop 3.3.0 3.4.0 ordinary", "openssl 3.4.0nb1 3.4.1 security CVE-2026-1", "php83-curl 8.3.1 security CVE-2026-2"}, pending(a.Value))
	other := strings.Replace(newer, "2 to upgrade, 3", "3 to upgrade, 3", 1)
	assert.ErrorContains(t, (&pkgsrc.Manager{Host: hosttest.New(summed(other)).Host()}).Pending(t.Context()).Reason, "2 upgrades were read")
}

// After NetBSDfr/pkgin issue 128 and pull request 85: all names stand on one line, packages
// that were only built anew are counted by themselves, and libraries that are not there are
// told before.
func TestPlansInReportsOfPkginAreRead(t *testing.T) {
	const plan = "  htop-3.4.0 openssl-3.4.1\n"
	text := strings.NewReplacer(
		"calculating dependencies...done.\n", "pkg_summary.xz                                                 100%   56KB  55.6KB/s   00:00\ncalculating dependencies...done.\n"+
			"/usr/lib/libssl.so.12, needed by curl-7.63.0nb1 is not present in this system.\n\n3 packages to refresh:\n  php83-curl-8.3.1 pkgin-23.8.1 bash-completion-2.11\n",
		"0 to refresh, 2 to upgrade, 0 to install\n", "3 to refresh, 2 to upgrade, 0 to install\n0B to download, 294K to install\n",
	).Replace(machine)
	require.Contains(t, text, plan)
	m := &pkgsrc.Manager{Host: hosttest.New(summed(text)).Host()}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{
		"htop 3.3.0 3.4.0 ordinary", "openssl 3.4.0nb1 3.4.1 security CVE-2026-1", "php83-curl 8.3.1 security CVE-2026-2", "pkgin 23.8.1 23.8.1 ordinary",
	}, pending(a.Value), "what was built anew is pending, and mends no hole of its own")
	assert.Equal(t, pkgupdate.Block("no version with a fix is offered"), a.Value.Upgrades[2].Blocked)
	fewer := strings.Replace(text, " pkgin-23.8.1", "", 1)
	assert.ErrorContains(t, (&pkgsrc.Manager{Host: hosttest.New(summed(fewer)).Host()}).Pending(t.Context()).Reason, "2 to refresh")
	cut := text[:strings.Index(text, "3 to refresh, 2")]
	assert.ErrorContains(t, (&pkgsrc.Manager{Host: hosttest.New(summed(cut)).Host()}).Pending(t.Context()).Reason, "no summary")
}

// After the demonstration of fmlorg/netbsd-modular-userland: the first upgrade of a base
// system made of packages installs 29, wrapped, and upgrades none.
func TestPublishedInstallationsOfPkginAreNoUpgrades(t *testing.T) {
	i, j := strings.Index(machine, "2 packages to upgrade"), strings.Index(machine, "0 to refresh")
	text := machine[:i] + "29 packages to install:\n  base-cron-bin-8.0.20181120 base-ext2fs-root-8.0.20181120\n  base-mk-share-8.0.20181120 htop-3.4.0\n\n" +
		strings.Replace(machine[j:], "2 to upgrade, 0 to install", "0 to upgrade, 29 to install", 1)
	a := (&pkgsrc.Manager{Host: hosttest.New(summed(text)).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{"openssl 3.4.0nb1 security CVE-2026-1", "php83-curl 8.3.1 security CVE-2026-2"}, pending(a.Value))
}
