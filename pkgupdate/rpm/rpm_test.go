package rpm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

const inventory = `
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/rpm/rpmdb.sqlite --
-- $ ["rpm", "-qa", "--queryformat", "upkeep\t%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n"] --
rpm: RPM should not be used directly install RPM packages, use Alien instead!
upkeep	bash	(none)	5.1.8	9.el9	x86_64	bash-5.1.8-9.el9.src.rpm
upkeep	gpg-pubkey	(none)	1d1e034b	2b8d7d4e	(none)	(none)
upkeep	kernel-core	(none)	5.14.0	570.el9	x86_64	kernel-5.14.0-570.el9.src.rpm
upkeep	kernel-core	(none)	5.14.0	503.el9	x86_64	kernel-5.14.0-503.el9.src.rpm
upkeep	openssl-libs	1	3.2.2	6.el9	x86_64	openssl-3.2.2-6.el9.src.rpm
upkeep	glibc	(none)	2.34	125.el9	i686	glibc-2.34-125.el9.src.rpm
upkeep	glibc	(none)	2.34	125.el9	x86_64	glibc-2.34-125.el9.src.rpm
`

const alma = `alma: after documentation (rpm(8), dnf(8) of dnf 4)` + inventory + `-- $ ["dnf", "-q", "-C", "repolist", "--enabled"] --
repo id                  repo name
appstream                AlmaLinux 9 - AppStream
baseos                   AlmaLinux 9 - BaseOS
-- /var/cache/dnf/baseos-0123456789abcdef/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --
<data type="updateinfo"/>
-- /var/cache/dnf/appstream-0123456789abcdef/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --
-- $ ["dnf", "-q", "-C", "repoquery", "--upgrades", "--qf", "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"] --
upkeep	bash	0	5.1.8	10.el9	x86_64	baseos

upkeep	openssl-libs	1	3.2.2	7.el9	x86_64	baseos
upkeep	kernel-core	0	5.14.0	570.el9	x86_64	baseos
-- $ ["dnf", "-q", "-C", "--disableexcludes=all", "repoquery", "--upgrades", "--qf", "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"] --
upkeep	bash	0	5.1.8	10.el9	x86_64	baseos
upkeep	openssl-libs	1	3.2.2	7.el9	x86_64	baseos
-- $ ["dnf", "-q", "-C", "--disableexcludes=all", "updateinfo", "list"] --
ALSA-2026:0001 Important/Sec. openssl-libs-3.2.2-7.el9.x86_64
ALBA-2026:0002 bugfix         bash-5.1.8-10.el9.x86_64
-- $ ["dnf", "-q", "-C", "--disableexcludes=all", "updateinfo", "list", "--security"] --
ALSA-2026:0001 Important/Sec. openssl-libs-3.2.2-7.el9.x86_64
`

const suse = `suse: after documentation (rpm(8), zypper(8) and its XML)` + inventory + `-- $ ["dnf"] notfound --
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "repos"] --
<?xml version='1.0'?>
<stream>
<repo-list>
<repo alias="repo-sle-update" name="Update" type="rpm-md" enabled="1" autorefresh="1"><url>https://mirror.example.org/update</url></repo>
<repo alias="repo-debug" name="Debug" type="rpm-md" enabled="0"><url>https://mirror.example.org/debug</url></repo>
</repo-list>
</stream>
-- /var/cache/zypp/raw/repo-sle-update/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "list-updates"] --
<?xml version='1.0'?>
<stream>
<update-status version="0.6"><update-list>
<update kind="package" name="bash" edition="5.1.8-10" arch="x86_64" edition-old="5.1.8-9.el9"><summary>x</summary><source url="https://mirror.example.org/update" alias="repo-sle-update"/></update>
</update-list></update-status>
</stream>
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "list-updates", "--all"] --
<?xml version='1.0'?>
<stream>
<update-status version="0.6"><update-list>
<update kind="package" name="bash" edition="5.1.8-10" arch="x86_64" edition-old="5.1.8-9.el9"><summary>x</summary><source url="https://mirror.example.org/update" alias="repo-sle-update"/></update>
</update-list></update-status>
</stream>
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "list-patches"] --
<?xml version='1.0'?>
<stream>
<message type="warning">x</message>
<update-status version="0.6"><update-list>
<update kind="patch" name="SUSE-2026-1" edition="1" arch="noarch" status="needed" category="security" severity="important" pkgmanager="false" restart="true" interactive="true"><summary>Important: openssl</summary><source alias="repo-sle-update"/><issue-date time_t="1785578400" text="x"/><issue-list><issue type="cve" id="CVE-2026-0001"><title>CVE-2026-0001</title></issue></issue-list></update>
<update kind="patch" name="SUSE-2026-2" edition="1" arch="noarch" status="needed" category="recommended"><summary>y</summary></update>
</update-list></update-status>
</stream>
`

const mageia = `mageia: after documentation (rpm(8), urpmq(8))` + inventory + `-- $ ["dnf"] notfound --
-- $ ["zypper"] notfound --
-- /var/lib/urpmi/Core-Updates/MD5SUM mtime=2026-11-27T20:00:00Z --
-- $ ["urpmq", "--list"] --
bash
openssl
-- $ ["urpmq", "--auto-select", "-f"] --
bash-5.1.8-10.mga9.x86_64
`

func read(p pkgupdate.Pending) (out []string) {
	for _, u := range p.Upgrades {
		out = append(out, strings.Join(strings.Fields(u.Pkg.Name+" "+u.Pkg.Version.String()+" "+u.To().String()+" "+u.Class.String()+" "+strings.Join(u.Advisories, ",")), " "))
	}
	for _, patch := range p.Patches {
		out = append(out, patch.ID+" "+patch.Class.String()+" "+strings.Join(patch.Advisories, ","))
	}
	return out
}

func TestEachFrontEndIsReadAsItMeans(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
		is   error
	}{
		"dnf":    {alma, []string{"bash 5.1.8-9.el9 5.1.8-10.el9 ordinary", "openssl-libs 1:3.2.2-6.el9 1:3.2.2-7.el9 security ALSA-2026:0001"}, nil},
		"zypper": {suse, []string{"bash 5.1.8-9.el9 5.1.8-10 ordinary", "SUSE-2026-1 security CVE-2026-0001", "SUSE-2026-2 ordinary "}, nil},
		"urpmi":  {mageia, []string{"bash 5.1.8-9.el9 5.1.8-10.mga9 unclassified"}, pkgupdate.ErrUnclassified},
	} {
		h := hosttest.New(c.text).Host()
		require.NoError(t, pkgupdatetest.TestManager(t.Context(), &rpm.Manager{Host: h}), name)
		require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &rpm.Manager{Host: h} }), name)
		a := (&rpm.Manager{Host: h}).Pending(t.Context())
		if c.is == nil {
			require.NoError(t, a.Reason, name)
		}
		assert.ErrorIs(t, a.Reason, c.is, name)
		assert.Equal(t, c.want, read(a.Value), name)
	}
}

func TestKeysAreNoPackagesAndOtherArchitecturesHaveNamesOfTheirOwn(t *testing.T) {
	a := (&rpm.Manager{Host: hosttest.New(alma).Host()}).Installed(t.Context())
	require.NoError(t, a.Reason)
	var got []string
	for _, p := range a.Value {
		got = append(got, p.ID()+" "+p.Version.String()+" "+p.SourceName())
	}
	assert.Equal(t, []string{
		"rpm:bash 5.1.8-9.el9 bash", "rpm:glibc:i686 2.34-125.el9 glibc", "rpm:glibc 2.34-125.el9 glibc",
		"rpm:kernel-core 5.14.0-570.el9 kernel", "rpm:kernel-core 5.14.0-503.el9 kernel", "rpm:openssl-libs 1:3.2.2-6.el9 openssl",
	}, got)
}

// A front end that has nothing, or that fails, is never "no updates".
func TestWhatIsOldCutOrSilentIsUnknown(t *testing.T) {
	for name, c := range map[string][3]string{
		"dnf's cache is old":        {alma, "baseos-0123456789abcdef/repodata/repomd.xml mtime=2026-11-27", "baseos-0123456789abcdef/repodata/repomd.xml mtime=2026-11-20"},
		"never fetched":             {alma, "-- /var/cache/dnf/appstream-0123456789abcdef/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --\n", ""},
		"a question in the data":    {alma, "upkeep\tbash\t0", "Is this ok [y/N]: upkeep\tbash\t0"},
		"no advisories at all":      {alma, "ALSA-2026:0001 Important/Sec. openssl-libs-3.2.2-7.el9.x86_64\nALBA-2026:0002 bugfix         bash-5.1.8-10.el9.x86_64\n", ""},
		"no repository":             {alma, "appstream                AlmaLinux 9 - AppStream\nbaseos                   AlmaLinux 9 - BaseOS\n", ""},
		"zypper's document is cut":  {suse, "</update-list></update-status>\n</stream>\n-- $ [\"zypper\", \"--non-interactive\", \"--xmlout\", \"--no-refresh\", \"list-patches\"]", "</update-list>\n-- $ [\"zypper\", \"--non-interactive\", \"--xmlout\", \"--no-refresh\", \"list-patches\"]"},
		"zypper says an error":      {suse, `<message type="warning">`, `<message type="error">`},
		"zypper's cache is missing": {suse, "-- /var/cache/zypp/raw/repo-sle-update/repodata/repomd.xml mtime=2026-11-27T20:00:00Z --\n", ""},
		"urpmi's medium is old":     {mageia, "mtime=2026-11-27", "mtime=2026-10-27"},
	} {
		text := strings.Replace(c[0], c[1], c[2], 1)
		require.NotEqual(t, c[0], text, name)
		assert.Equal(t, pkgupdate.Unknown, (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context()).State, name)
	}
}

// Red Hat Linux 7.3 and SuSE 9.0 have rpm and nothing that knows repositories.
func TestAnOldSystemHasItsInventoryAndNoMore(t *testing.T) {
	text := strings.Replace(mageia, "mageia", "old", 1)
	text = text[:strings.Index(text, "-- /var/lib/urpmi")] + "-- $ [\"urpmq\"] notfound --\n-- $ [\"yum\"] notfound --\n"
	m := &rpm.Manager{Host: hosttest.New(text).Host()}
	assert.Len(t, m.Installed(t.Context()).Value, 6)
	assert.ErrorContains(t, m.Pending(t.Context()).Reason, "neither dnf, zypper, urpmi nor yum")
}

// What dnf's configuration excludes and what a person locked is not listed, or not
// marked, by the front end itself.
func TestWhatIsLockedOrExcludedIsHeldAndNeverAbsent(t *testing.T) {
	blocked := func(text string) (out []string) {
		a := (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		require.NoError(t, a.Reason)
		for _, u := range a.Value.Upgrades {
			if u.Blocked != "" {
				out = append(out, u.Pkg.Name+" "+u.Class.String()+" "+string(u.Blocked))
			}
		}
		return out
	}
	const line = "upkeep\topenssl-libs\t1\t3.2.2\t7.el9\tx86_64\tbaseos\n"
	assert.Empty(t, blocked(alma))
	assert.Equal(t, []string{"openssl-libs security held"}, blocked(strings.Replace(alma, line, "", 1)), "excluded")
	for name, text := range map[string]string{
		"/etc/dnf/plugins/versionlock.list": "# comment-1:1-1\nopenssl-libs-1:3.2.2-6.el9.*\n",
		"/etc/dnf/versionlock.toml":         "version = \"1.0\"\n[[packages]]\nname = \"openssl*\"\n",
	} {
		assert.Equal(t, []string{"openssl-libs security held"}, blocked(alma+"-- "+name+" --\n"+text), name)
	}
	const update = `<update kind="package" name="bash" edition="5.1.8-10" arch="x86_64" edition-old="5.1.8-9.el9"><summary>x</summary><source url="https://mirror.example.org/update" alias="repo-sle-update"/></update>`
	left := strings.Replace(suse, update, "", 1)
	assert.Equal(t, []string{"bash ordinary kept back"}, blocked(left))
	assert.Equal(t, []string{"bash ordinary held"}, blocked(left+"-- /etc/zypp/locks --\n\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: bash\n"))
}

// zypper says so where no repository has patches; "no patches" is no answer then.
func TestRepositoriesWithoutPatchesDoNotSayWhatIsSecurity(t *testing.T) {
	from := strings.LastIndex(suse, "<update kind=\"patch\" name=\"SUSE-2026-1\"")
	text := suse[:from] + "<appletinfo status=\"no-update-repositories\"/>\n</update-list></update-status>\n</stream>\n"
	a := (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	assert.Equal(t, []string{"bash 5.1.8-9.el9 5.1.8-10 unclassified"}, read(a.Value))
}

// The date by which a mirror that serves an old index is found out is the index's own.
func TestAnIndexTellsWhenItWasMade(t *testing.T) {
	const head, repomd = "repodata/repomd.xml mtime=2026-11-27T20:00:00Z --\n", "<repomd><data><timestamp>1795000000</timestamp></data><data><timestamp>1795000100.5</timestamp></data></repomd>\n"
	for name, text := range map[string]string{"dnf": alma, "zypper": suse} {
		a := (&rpm.Manager{Host: hosttest.New(strings.Replace(text, head, head+repomd, 1)).Host()}).Pending(t.Context())
		require.NotEmpty(t, a.Value.Sources, name)
		var dates []int64
		for _, s := range a.Value.Sources {
			if !s.Date.IsZero() {
				dates = append(dates, s.Date.Unix())
			}
		}
		assert.Equal(t, []int64{1795000100}, dates, name)
	}
}

// The columns are those of the tests that dnf's makers publish.
func TestTheAdvisoriesOfDnf5HaveAColumnMoreAndADate(t *testing.T) {
	five := strings.NewReplacer(
		"--disableexcludes=all", "--setopt=disable_excludes=*", "/var/cache/dnf/", "/var/cache/libdnf5/",
		"ALSA-2026:0001 Important/Sec. openssl-libs-3.2.2-7.el9.x86_64\n", "Name           Type     Severity                        Package              Issued\nALSA-2026:0001 security Important openssl-libs-3.2.2-7.el9.x86_64 2026-11-20 10:00:00\n",
		"ALBA-2026:0002 bugfix         bash-5.1.8-10.el9.x86_64\n", "ALBA-2026:0002 bugfix   none              bash-5.1.8-10.el9.x86_64 2026-11-20 10:00:00\n",
	).Replace(alma) + "-- /usr/bin/dnf5 --\n"
	h := hosttest.New(five).Host()
	require.NoError(t, pkgupdatetest.TestFaults(t.Context(), h, func(h host.Host) pkgupdate.Manager { return &rpm.Manager{Host: h} }))
	a := (&rpm.Manager{Host: h}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, []string{"bash 5.1.8-9.el9 5.1.8-10.el9 ordinary", "openssl-libs 1:3.2.2-6.el9 1:3.2.2-7.el9 security ALSA-2026:0001"}, read(a.Value))
}

// CentOS has no advisories, and EPEL beside it has.
func TestTheAdvisoriesOfOneRepositorySayNothingOfAnother(t *testing.T) {
	text := strings.NewReplacer("bash	0	5.1.8	10.el9	x86_64	baseos", "bash	0	5.1.8	10.el9	x86_64	appstream").Replace(alma)
	a := (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	assert.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	assert.ErrorContains(t, a.Reason, "appstream")
	assert.Equal(t, []string{"bash 5.1.8-9.el9 5.1.8-10.el9 unclassified", "openssl-libs 1:3.2.2-6.el9 1:3.2.2-7.el9 security ALSA-2026:0001"}, read(a.Value))
}

// urpmq passes over a medium that has no lists, and says so beside the others.
func TestAMediumWithoutListsIsNoneWithoutUpdates(t *testing.T) {
	quiet := strings.Replace(mageia, "bash-5.1.8-10.mga9.x86_64\n", "", 1)
	const config = "-- /etc/urpmi/urpmi.cfg --\n{\n  downloader: curl\n}\n\nCore-Updates https://mirror.example.org/core/updates {\n  update\n}\n" +
		"Old\\ Medium cdrom://x {\n  ignore\n}\n"
	const second = "Nonfree\\ Updates https://mirror.example.org/nonfree/updates {\n  update\n}\n"
	const release = "Core-Release https://mirror.example.org/core/release {\n  key-ids: 80420f66\n}\n" // it does not change, and has another that holds its updates
	const old = "-- /var/lib/urpmi/Core-Release/MD5SUM mtime=2025-08-29T20:00:00Z --\n"
	for text, want := range map[string]pkgupdate.State{
		quiet + config + release + old: pkgupdate.Empty,
		quiet + config + release:       pkgupdate.Unknown,
		quiet + strings.Replace(config, "  update\n", "", 1) + release + old:                       pkgupdate.Unknown,
		strings.Replace(quiet, "mtime=2026-11-27", "mtime=2026-11-20", 1) + config + release + old: pkgupdate.Unknown,
		quiet + config:          pkgupdate.Empty,
		quiet + config + second: pkgupdate.Unknown,
		quiet + config + second + "-- /var/lib/urpmi/Nonfree\\ Updates/MD5SUM mtime=2026-11-27T20:00:00Z --\n": pkgupdate.Empty,
	} {
		text = strings.ReplaceAll(text, `/Nonfree\ Updates/MD5SUM`, `/Nonfree_Updates/MD5SUM`)
		text = strings.ReplaceAll(text, `Nonfree\ Updates https`, `Nonfree_Updates https`)
		a := (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
		assert.Equal(t, want, a.State, "%v", a.Reason)
	}
	a := (&rpm.Manager{Host: hosttest.New(quiet + config + release + old).Host()}).Pending(t.Context())
	assert.Equal(t, 2026, a.AsOf.Year(), "as of what changes")
	a = (&rpm.Manager{Host: hosttest.New(quiet + config + second).Host()}).Pending(t.Context())
	require.Len(t, a.Value.Sources, 2, "one is ignored")
	assert.Equal(t, "Nonfree Updates", a.Value.Sources[1].ID)
	m := hosttest.New(quiet)
	m.SetCommand([]string{"urpmq", "--auto-select", "-f"}, host.Output{Stderr: []byte("unable to access hdlist file of \"Core-Updates\", medium ignored\n")}, nil)
	assert.Equal(t, pkgupdate.Unknown, (&rpm.Manager{Host: m.Host()}).Pending(t.Context()).State)
}

// The form is that of an output of SLES 12 which Salt has among the tests of its module
// "zypper": what is said stands before the list, no old edition is given, and texts go over
// lines. The names are others.
func TestPublishedUpdatesOfZypperAreRead(t *testing.T) {
	update := `<update kind="package" name="bash" edition="5.1.8-10" arch="x86_64" edition-old="5.1.8-9.el9"><summary>x</summary><source url="https://mirror.example.org/update" alias="repo-sle-update"/></update>`
	published := ` <update name="bash" edition="5.1.8-10.1" arch="x86_64" kind="package" >
  <summary>A shell  </summary>
  <description>It reads commands
from a file, or from a terminal.</description>
  <license></license>
  <source url="http://mirror.example.org/SERVER/12-SP1/x86_64/update/" alias="SERVER12-SP1-x86_64-Update"/>
 </update>`
	text := strings.ReplaceAll(suse, update, published)
	require.NotEqual(t, suse, text)
	a := (&rpm.Manager{Host: hosttest.New(text).Host()}).Pending(t.Context())
	require.NoError(t, a.Reason)
	assert.Equal(t, "bash 5.1.8-9.el9 5.1.8-10.1 ordinary", read(a.Value)[0])
}

func TestADatabaseThatHoldsNothingIsNoneAndOneThatCannotBeReadIsUnknown(t *testing.T) {
	head, _, _ := strings.Cut(inventory, "upkeep\tbash")
	installed := func(lines string) error {
		m := &rpm.Manager{Host: hosttest.New("after documentation (rpm(8))" + head + lines).Host()}
		return m.Installed(t.Context()).Reason
	}
	assert.ErrorIs(t, installed(""), pkgupdate.ErrAbsent)
	odd := installed("upkeep\t-x\t(none)\t1\t1\tx86_64\t(none)\n")
	require.Error(t, odd)
	assert.NotErrorIs(t, odd, pkgupdate.ErrAbsent)
}
