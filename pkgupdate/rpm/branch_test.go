package rpm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

// The answers have the form of dnf 4.14 and zypper 1.14.42, recorded live; the names of
// repositories and packages were replaced.
func TestAPackageOfARepositoryInDevelopmentIsAStray(t *testing.T) {
	sources := []pkgupdate.Source{{ID: "baseos"}, {ID: "updates-testing", Branch: "testing"}}
	for front, text := range map[string]string{
		"dnf": `-- $ ["dnf", "-q", "-C", "repoquery", "--installed", "--qf", "upkeep\t%{name}\t%{arch}\t%{from_repo}\n"] --
upkeep	bash	x86_64	updates-testing

upkeep	glibc	x86_64	baseos
`,
		"zypper": `-- $ ["dnf"] notfound --
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "repos"] --
<stream><repo-list><repo alias="baseos" name="Main"/><repo alias="updates-testing" name="Next"/></repo-list></stream>
-- $ ["zypper", "--non-interactive", "--xmlout", "--no-refresh", "search", "--installed-only", "--type", "package", "--details"] --
<?xml version='1.0'?>
<stream>
<message type="info">Reading installed packages...</message>
<search-result version="0.0">
<solvable-list>
<solvable status="installed" name="bash" kind="package" edition="5.1.8-9.el9" arch="x86_64" repository="Next"/>
<solvable status="installed" name="glibc" kind="package" edition="2.34-125.el9" arch="x86_64" repository="Next"/>
<solvable status="installed" name="glibc" kind="package" edition="2.34-125.el9" arch="x86_64" repository="Main"/>
</solvable-list>
</search-result>
</stream>
`,
	} {
		m := &rpm.Manager{Host: hosttest.New(front + ": recorded live (debian:12, 2026-11-29)" + inventory + text).Host()}
		a := m.Strays(t.Context(), m.Installed(t.Context()).Value, sources)
		require.NoError(t, a.Reason, front)
		require.Len(t, a.Value, 1, front)
		assert.Equal(t, "bash testing", a.Value[0].Pkg.Name+" "+a.Value[0].Branch, front)
	}
	same := "-- $ [\"dnf\"] notfound --\n-- $ [\"zypper\", \"--non-interactive\", \"--xmlout\", \"--no-refresh\", \"repos\"] --\n<stream><repo-list><repo alias=\"baseos\" name=\"Main\"/><repo alias=\"updates-testing\" name=\"Main\"/></repo-list></stream>\n"
	assert.ErrorContains(t, (&rpm.Manager{Host: hosttest.New("x" + inventory + same).Host()}).Strays(t.Context(), nil, sources).Reason, "two repositories are called", "zypper names no alias there")
	none := &rpm.Manager{Host: hosttest.New("x" + inventory + "-- $ [\"dnf\"] notfound --\n-- $ [\"zypper\"] notfound --\n-- $ [\"urpmq\"] notfound --\n").Host()}
	assert.Error(t, none.Strays(t.Context(), none.Installed(t.Context()).Value, sources).Reason, "nobody tells")
	assert.Equal(t, pkgupdate.Empty, none.Strays(t.Context(), nil, sources[:1]).State)
}

// urpmq keeps no medium of a package, but has what each medium holds.
func TestAPackageThatOnlyATestingMediumHasIsAStray(t *testing.T) {
	const media = `-- $ ["dnf"] notfound --
-- $ ["zypper"] notfound --
-- $ ["urpmq", "--list", "-f", "--media", "Core Updates Testing"] --
bash-5.1.8-9.el9.x86_64
openssl-libs-3.2.2-6.el9.x86_64
-- $ ["urpmq", "--list", "-f", "--excludemedia", "Core Updates Testing"] --
bash-5.1.8-9.el9.x86_64
openssl-libs-3.2.1-1.el9.x86_64
`
	sources := []pkgupdate.Source{{ID: "Core Release"}, {ID: "Core Updates Testing", Branch: "testing"}}
	m := &rpm.Manager{Host: hosttest.New("urpmi: after documentation (urpmq(8))" + inventory + media).Host()}
	a := m.Strays(t.Context(), m.Installed(t.Context()).Value, sources)
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "openssl-libs testing", a.Value[0].Pkg.Name+" "+a.Value[0].Branch)

	empty := strings.Replace(media, "bash-5.1.8-9.el9.x86_64\nopenssl-libs-3.2.1-1.el9.x86_64\n", "", 1)
	m = &rpm.Manager{Host: hosttest.New("urpmi: after documentation (urpmq(8))" + inventory + empty).Host()}
	assert.ErrorIs(t, m.Strays(t.Context(), m.Installed(t.Context()).Value, sources).Reason, pkgupdate.ErrIncomplete)
}
