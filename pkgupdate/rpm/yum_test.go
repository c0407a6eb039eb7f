package rpm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

const enterprise = `rhel 7: after documentation (yum(8), repoquery(1), yum.conf(5))` + inventory + `-- $ ["dnf"] notfound --
-- $ ["zypper"] notfound --
-- $ ["urpmq"] notfound --
-- $ ["yum", "-C", "repolist", "enabled"] --
Loaded plugins: product-id, search-disabled-repos
repo id                                  repo name                        status
!rhel-7-server-rpms/7Server/x86_64       Red Hat Enterprise Linux 7       34,012
local                                    Local packages                       12
repolist: 34,024
-- /var/cache/yum/x86_64/7Server/rhel-7-server-rpms/repomd.xml mtime=2026-11-27T20:00:00Z --
<data type="updateinfo"/>
-- /var/cache/yum/x86_64/7Server/local/repomd.xml mtime=2026-11-01T20:00:00Z --
-- /var/cache/yum/x86_64/7Server/local/cachecookie mtime=2026-11-27T20:00:00Z --
-- /etc/yum.conf --
[main]
cachedir=/var/cache/yum/$basearch/$releasever
#exclude=kernel*
-- $ ["repoquery", "-C", "--plugins", "--all", "--pkgnarrow=updates", "--qf", "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"] --
upkeep	bash	0	5.1.8	10.el9	x86_64	rhel-7-server-rpms

upkeep	openssl-libs	1	3.2.2	7.el9	x86_64	rhel-7-server-rpms

-- $ ["yum", "-C", "-q", "updateinfo", "list", "updates"] --
RHSA-2026:0001 Important/Sec. openssl-libs-1:3.2.2-7.el9.x86_64
RHBA-2026:0002 bugfix         bash-5.1.8-10.el9.x86_64
updateinfo list done
-- $ ["yum", "-C", "-q", "updateinfo", "list", "updates", "security"] --
RHSA-2026:0001 Important/Sec. openssl-libs-1:3.2.2-7.el9.x86_64
updateinfo list done
`

func yum(text string) *rpm.Manager {
	return &rpm.Manager{Host: hosttest.New(text).Host(), Family: "redhat"}
}

func TestYumOfAnOldReleaseTellsItsUpdates(t *testing.T) {
	m := yum(enterprise)
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), m.Host, func(h host.Host) pkgupdate.Manager { return &rpm.Manager{Host: h, Family: "redhat"} }))
	a := m.Pending(t.Context())
	require.NoError(t, a.Reason)
	var got []string
	for _, u := range a.Value.Upgrades {
		got = append(got, u.Pkg.Name+" "+u.To().String()+" "+u.Class.String()+" "+strings.Join(u.Remedy.Do[0], " "))
	}
	assert.Equal(t, []string{"bash 5.1.8-10.el9 ordinary yum update bash", "openssl-libs 1:3.2.2-7.el9 security yum update --advisory=RHSA-2026:0001"}, got)
	require.Len(t, a.Value.Sources, 2)
	assert.Equal(t, "rhel-7-server-rpms", a.Value.Sources[0].ID)
	assert.Equal(t, time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC), a.Value.Sources[1].Fetched)
}

func TestWhatYumCannotTellIsNotKnown(t *testing.T) {
	none := strings.NewReplacer(
		"upkeep\tbash\t0\t5.1.8\t10.el9\tx86_64\trhel-7-server-rpms\n\n", "", "upkeep\topenssl-libs\t1\t3.2.2\t7.el9\tx86_64\trhel-7-server-rpms\n\n", "",
		"RHSA-2026:0001 Important/Sec. openssl-libs-1:3.2.2-7.el9.x86_64\n", "", "RHBA-2026:0002 bugfix         bash-5.1.8-10.el9.x86_64\n", "").Replace(enterprise)
	none = strings.Replace(none, "\n\n-- $ [\"yum\", \"-C\", \"-q\"", "\n-- $ [\"yum\", \"-C\", \"-q\"", 1)
	require.Equal(t, pkgupdate.Empty, yum(none).Pending(t.Context()).State)
	const query = `-- $ ["repoquery", "-C", "--plugins", "--all", "--pkgnarrow=updates", "--qf", "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"]`
	for name, c := range map[string][2]string{
		"yum-utils is not there":         {query + " --\n", "-- $ [\"repoquery\"] notfound --\n"},
		"Python fails at a letter":       {query + " --\n", query + " exit=1 --\n-- stderr --\nUnicodeDecodeError: 'ascii' codec can't decode byte\n"},
		"a banner":                       {query + " --\n", query + " --\nThis system is not registered.\n"},
		"a repository was never fetched": {"/var/cache/yum/x86_64/7Server/rhel-7-server-rpms/", "/var/cache/yum/x86_64/7Server/other/"},
		"a repository is old":            {"rhel-7-server-rpms/repomd.xml mtime=2026-11-27", "rhel-7-server-rpms/repomd.xml mtime=2026-11-07"},
		"the list is cut":                {"repolist: 34,024\n", ""},
		"no repository":                  {"!rhel-7-server-rpms/7Server/x86_64       Red Hat Enterprise Linux 7       34,012\nlocal                                    Local packages                       12\n", ""},
		"updates are excluded":           {"#exclude=kernel*", "exclude=kernel* openssl*"},
	} {
		text := strings.Replace(none, c[0], c[1], 1)
		require.NotEqual(t, none, text, name)
		a := yum(text).Pending(t.Context())
		assert.Equal(t, pkgupdate.Unknown, a.State, name)
	}
	silent := strings.NewReplacer("RHSA-2026:0001 Important/Sec. openssl-libs-1:3.2.2-7.el9.x86_64\n", "", "RHBA-2026:0002 bugfix         bash-5.1.8-10.el9.x86_64\n", "").Replace(enterprise)
	assert.ErrorIs(t, yum(silent).Pending(t.Context()).Reason, pkgupdate.ErrUnclassified, "CentOS has no advisories")
}

func TestTheFrontEndOfAReleaseIsNamed(t *testing.T) {
	for release, want := range map[string]string{
		"rhel 7.9": "yum", "rhel 8.10": "dnf", "rhel 5": "yum", "centos 6.10": "yum", "centos 9": "dnf", "ol 7.9": "yum", "amzn 2018.03": "yum", "amzn 2": "yum",
		"amzn 2023": "dnf", "fedora 21": "yum", "fedora 22": "dnf", "almalinux 8.10": "dnf", "rocky 9": "dnf", "rhel ": "dnf", "redhat 7.3": "",
	} {
		id, ver, _ := strings.Cut(release, " ")
		m := &rpm.Manager{Family: "redhat", Front: rpm.Front(id, ver)}
		got := ""
		if of := m.Info().Commands.UpgradeSome; of != nil {
			got = of[0]
			assert.Equal(t, got, m.Info().Commands.Refresh[0][0])
		}
		assert.Equal(t, want, got, release)
	}
	assert.Equal(t, "zypper", (&rpm.Manager{Family: "suse", Front: rpm.Front("sles", "12.5")}).Info().Commands.UpgradeSome[0])
}

// After lists of repositories that others published (insights-core, of RHEL 7 with a
// satellite): several banners, an id with one part behind it, names that are cut, and a
// number that touches them.
func TestPublishedRepositoriesOfYumAreRead(t *testing.T) {
	head, tail := enterprise[:strings.Index(enterprise, "Loaded plugins")], enterprise[strings.Index(enterprise, "-- /var/cache/yum/"):]
	text := head + `Loaded plugins: product-id, rhnplugin, search-disabled-repos, security, subscription-
              : manager
This system is receiving updates from RHN Classic or RHN Satellite.
repo id                                         repo name                status
!rhel-7-server-rpms/7Server/x86_64              Red Hat Enterprise Linux 10415
local/x86_64                                    Local packages (f          660
repolist: 11075
` + tail
	a := yum(text).Pending(t.Context())
	require.NoError(t, a.Reason)
	var ids []string
	for _, s := range a.Value.Sources {
		ids = append(ids, s.ID)
	}
	assert.Equal(t, []string{"rhel-7-server-rpms", "local"}, ids)
}

// After lists of advisories that others published: dnf 4 and dnf 5 side by side (the
// tests of dnf itself), and yum of Fedora 32 (insights-core): a colon in the id, an epoch
// in the middle of a name, no severity, one advisory on many lines.
func TestPublishedAdvisoriesAreRead(t *testing.T) {
	const all = `"--disableexcludes=all", "updateinfo", "list"] --
`
	for name, lines := range map[string]string{
		"dnf 4": "ALSA-2999:002-02     enhancement bash-5.1.8-10.el9.x86_64\nALSA-2999:0001 Important/Sec. openssl-libs-1:3.2.2-7.el9.x86_64\nALSA-2999:0001 Important/Sec. openssl-devel-1:3.2.2-7.el9.x86_64\n",
		"yum":   "ALBA-2999-777f43619c bugfix         bash-5.1.8-10.el9.x86_64\nALSA-2999:0001 security       openssl-libs-1:3.2.2-7.el9.x86_64\nALSA-2999:0001 Moderate/Sec.  iwl2000-firmware-18.168.6.1-115.fc32.noarch\n",
		"dnf 5": "Name                   Type        Severity                   Package              Issued\nALBA-2999-318f184000 bugfix      none     bash-5.1.8-10.el9.x86_64 2029-01-17 00:00:00\nALSA-2999:0001 security Moderate  openssl-libs-1:3.2.2-7.el9.x86_64 2029-01-17 00:00:00\n",
	} {
		i, j := strings.Index(alma, all), strings.LastIndex(alma, "-- $ [")
		text := alma[:i] + all + lines + alma[j:strings.LastIndex(alma, "ALSA-2026")] + lines[strings.Index(lines, "ALSA-2999:0001"):]
		a := (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		require.NoError(t, a.Reason, name)
		var got []string
		for _, u := range a.Value.Upgrades {
			got = append(got, strings.TrimSpace(u.Pkg.Name+" "+u.Class.String()+" "+strings.Join(u.Advisories, ",")))
		}
		assert.Equal(t, []string{"bash ordinary", "openssl-libs security ALSA-2999:0001"}, got, name)
	}
}
