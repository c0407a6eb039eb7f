package rpm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

const files = inventory + `-- /bin link=usr/bin --
-- $ ["rpm", "-qa", "--queryformat", "[upkeep\t%{=NAME}\t%{=EPOCH}\t%{=VERSION}\t%{=RELEASE}\t%{=ARCH}\t%{FILEFLAGS}\t%{FILEMODES}\t%{FILEUSERNAME}:%{FILEGROUPNAME}\t%{FILEDIGESTS}\t%{FILELINKTOS}\t%{FILENAMES}\n]"] --
rpm: RPM should not be used directly install RPM packages, use Alien instead!
upkeep	bash	(none)	5.1.8	9.el9	x86_64	0	33261	root:root	4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865		/bin/bash
upkeep	bash	(none)	5.1.8	9.el9	x86_64	0	-24065	root:root		bash	/usr/bin/sh
upkeep	bash	(none)	5.1.8	9.el9	x86_64	0	16877	root:root			/usr/share/bash
upkeep	glibc	(none)	2.34	125.el9	i686	64	33188	root:root	4355a46b19d348dc2f57c046f8ef63d4		/etc/ld.so.cache
upkeep	openssl-libs	1	3.2.2	6.el9	x86_64	17	33188	root:daemon	4355a46b19d348dc2f57c046f8ef63d4		/etc/ssl/with	tab
`

func TestRpmsDatabaseTellsFilesFoldersAndLinks(t *testing.T) {
	m := &rpm.Manager{Host: hosttest.New(files).Host()}
	claims, err := m.Attest(t.Context(), []string{"/usr/bin/bash", "/bin/bash", "/usr/bin/sh", "/usr/share/bash", "/etc/ld.so.cache", "/etc/ssl/with\ttab", "/opt/x", "no/path"})
	require.NoError(t, err)
	bash := claims["/usr/bin/bash"]
	assert.Equal(t, bash, claims["/bin/bash"], "the top folder is a link")
	assert.Equal(t, host.Claim{
		Package: "rpm:bash", Version: "5.1.8-9.el9", Algorithm: "sha256", Digest: bash.Digest, Mode: 0o755, HasMode: true, Owner: "root:root", Strength: host.StrengthDatabase,
	}, bash)
	assert.Len(t, bash.Digest, 32)
	assert.Equal(t, host.Claim{Package: "rpm:bash", Version: "5.1.8-9.el9", Type: host.ModeSymlink, Link: "bash", Mode: 0o777, Owner: "root:root", Strength: host.StrengthDatabase}, claims["/usr/bin/sh"])
	assert.Equal(t, uint32(host.ModeDir), claims["/usr/share/bash"].Type)
	assert.Equal(t, host.Claim{Package: "rpm:glibc:i686", Version: "2.34-125.el9", Strength: host.StrengthOwned}, claims["/etc/ld.so.cache"], "a ghost")
	assert.Equal(t, "md5", claims["/etc/ssl/with\ttab"].Algorithm)
	assert.Equal(t, "1:3.2.2-6.el9", claims["/etc/ssl/with\ttab"].Version)
	assert.Equal(t, host.Claim{}, claims["/opt/x"], "known to be of none")
	assert.NotContains(t, claims, "no/path")
}

// What the list does not have is of none only when the list is whole.
func TestACutListOfFilesProvesNothing(t *testing.T) {
	text := strings.Replace(files, "\t17\t33188\troot:daemon\t4355a46b19d348dc2f57c046f8ef63d4\t\t/etc/ssl/with\ttab", "", 1)
	claims, err := (&rpm.Manager{Host: hosttest.New(text).Host()}).Attest(t.Context(), []string{"/usr/bin/bash", "/opt/x"})
	require.Error(t, err)
	assert.Contains(t, claims, "/usr/bin/bash")
	assert.NotContains(t, claims, "/opt/x")
}

// The tables of zypper and dnf were recorded live (zypper 1.14.42, dnf 4.14.0); that
// of urpmq, and the words to repoquery, are after documentation.
func TestWhatNoRepositoryHasIsAnOrphan(t *testing.T) {
	const (
		dnf    = "-- $ [\"dnf\", \"-q\", \"-C\", \"repoquery\", \"--extras\", \"--qf\", \"upkeep\\t%{name}\\t%{arch}\\n\"] --\n"
		zypper = "-- $ [\"dnf\"] notfound --\n-- $ [\"zypper\", \"--non-interactive\", \"--no-refresh\", \"packages\", \"--orphaned\"] --\nLoading repository data...\nReading installed packages...\n"
		urpmi  = "-- $ [\"dnf\"] notfound --\n-- $ [\"zypper\"] notfound --\n-- $ [\"urpmq\", \"--not-available\"] --\n"
	)
	// An old kernel is no orphan where a newer one is installed, nor what has an update.
	extras := func(lines string) string {
		ask := func(what string) string {
			return "-- $ [\"repoquery\", \"-C\", \"--plugins\", \"--all\", \"--pkgnarrow=" + what + "\", \"--qf\", \"upkeep\\t%{name}\\t%{epoch}\\t%{version}\\t%{release}\\t%{arch}\\n\"] --\n"
		}
		return "-- $ [\"dnf\"] notfound --\n-- $ [\"zypper\"] notfound --\n-- $ [\"urpmq\"] notfound --\n" + ask("extras") + lines + ask("updates") + "upkeep\tbash\t0\t5.1.8\t10.el9\tx86_64\n"
	}
	for name, c := range map[string]struct {
		text string
		want []string
		ok   bool
	}{
		"dnf":           {dnf + "upkeep\tglibc\ti686\n\n", []string{"glibc:i686"}, true},
		"dnf's none":    {dnf, nil, true},
		"dnf's chatter": {dnf + "Is this ok [y/N]:\n", nil, false},
		"yum":           {extras("upkeep\tglibc\t0\t2.34\t125.el9\ti686\nupkeep\tkernel-core\t0\t5.14.0\t503.el9\tx86_64\nupkeep\tbash\t0\t5.1.8\t9.el9\tx86_64\n"), []string{"glibc:i686"}, true},
		"yum's none":    {extras(""), nil, true},
		"yum's chatter": {extras("No module named yum\n"), nil, false},
		"zypper":        {zypper + "S | Repository | Name | Version | Arch\n--+------------+------+---------+-------\ni | @System    | bash | 5.1.8-9 | x86_64\n", []string{"bash"}, true},
		"zypper's none": {zypper + "No packages found.\n", nil, true},
		"zypper's cut":  {zypper, nil, false},
		"urpmi":         {urpmi + "bash-5.1.8-9.el9.x86_64\n", []string{"bash"}, true},
		"no front end":  {"-- $ [\"dnf\"] notfound --\n-- $ [\"zypper\"] notfound --\n-- $ [\"urpmq\"] notfound --\n", nil, false},
	} {
		m := &rpm.Manager{Host: hosttest.New(inventory + c.text).Host()}
		a := m.Orphans(t.Context(), m.Installed(t.Context()).Value)
		var got []string
		for _, p := range a.Value {
			got = append(got, p.Label())
		}
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.ok, a.Reason == nil, "%s: %v", name, a.Reason)
	}
}
