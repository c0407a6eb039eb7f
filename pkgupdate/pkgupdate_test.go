package pkgupdate

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pkg(t testing.TB, name, arch, ver string) Package {
	t.Helper()
	v, err := version.Parse(version.Deb, ver)
	require.NoError(t, err)
	return Package{Type: "deb", Name: name, Arch: arch, Version: v}
}

func TestAnAddressIsShownWithoutItsPassword(t *testing.T) {
	for address, want := range map[string]string{
		"https://me:hunter22@mirror.example.org/a@b": "https://mirror.example.org/a@b",
		"https://me:p%ss@x@mirror.example.org":       "https://mirror.example.org",
		"http://mirror.example.org/a@b":              "http://mirror.example.org/a@b",
		"file:///srv/a@b":                            "file:///srv/a@b",
		"cdrom:[Debian]/":                            "cdrom:[Debian]/",
	} {
		assert.Equal(t, want, PublicURL(address))
	}
}

func TestZeroAnswerIsUnknownAndInvalid(t *testing.T) {
	var a Answer[[]Package]
	assert.Equal(t, Unknown, a.State)
	assert.Error(t, a.Validate(), "Unknown needs a reason")
	assert.Equal(t, "unknown", a.State.String())
}

func TestListWithoutEvidenceProvesNothing(t *testing.T) {
	assert.Equal(t, Unknown, Proven([]int{1}, "", time.Time{}).State)
	assert.Equal(t, Empty, Proven([]int{}, "looked", time.Time{}).State)
	assert.Equal(t, Known, Proven([]int{1}, "looked", time.Time{}).State)
	for _, a := range []Answer[[]int]{Proven([]int{1}, "", time.Time{}), Proven[int](nil, "looked", time.Time{}), Unproven([]int{1}, nil)} {
		assert.NoError(t, a.Validate())
	}
	assert.Error(t, Answer[int]{State: Known, Evidence: "x", Reason: errors.New("y")}.Validate())
}

func TestDiffTellsUpgradesFromReplacementsAndSideBySideVersions(t *testing.T) {
	foreign := pkg(t, "libc6", "i386", "2")
	foreign.Foreign = true
	old := []Package{pkg(t, "a1", "all", "1"), pkg(t, "kernel", "amd64", "6.1"), pkg(t, "kernel", "amd64", "6.2"), pkg(t, "libc6", "amd64", "1"), pkg(t, "same", "all", "1")}
	now := []Package{pkg(t, "a1", "amd64", "2"), pkg(t, "kernel", "amd64", "6.2"), pkg(t, "kernel", "amd64", "6.3"), pkg(t, "kernel", "amd64", "6.4"), pkg(t, "libc6", "amd64", "1"), foreign, pkg(t, "same", "all", "1")}
	var lines []string
	for _, c := range Diff(old, now) {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", c.Pkg.ID(), c.Kind, c.From, c.To)), " "))
	}
	assert.Equal(t, strings.TrimSpace(`
deb:a1 upgraded 1 2
deb:kernel installed 6.3
deb:kernel installed 6.4
deb:kernel removed 6.1
deb:libc6:i386 installed 2`), strings.Join(lines, "\n"))
	assert.Empty(t, Diff(now, now))
}

func TestSourceThatNobodyKnowsMakesTheAnswerUnknown(t *testing.T) {
	old := &StaleError{Age: 300 * time.Hour}
	p := Pending{Sources: []Source{{ID: "main", State: Known}, {ID: "security", Kind: OfSecurity, Err: old}, {ID: "odd"}}}
	for _, a := range []Answer[Pending]{p.Proven("looked", time.Time{}), p.Unproven(nil)} {
		require.NoError(t, a.Validate())
		assert.Equal(t, Unknown, a.State)
		assert.ErrorIs(t, a.Reason, old)
		assert.EqualError(t, a.Reason, "package source security: its index was last refreshed 12 days ago\npackage source odd: no reason was given")
		assert.Len(t, a.Value.Sources, 3, "what is known stands all the same")
	}
	p.Sources = p.Sources[:1]
	assert.Equal(t, Empty, p.Proven("looked", time.Time{}).State)
	assert.Equal(t, Unknown, p.Proven("", time.Time{}).State)
	p.Patches = []Patch{{ID: "021_smtpd"}}
	assert.Equal(t, Known, p.Proven("looked", time.Time{}).State, "a patch is pending as an upgrade is")
}

func TestStaleIndexSaysUntilWhenItWasValid(t *testing.T) {
	assert.EqualError(t, &StaleError{Age: 50 * time.Hour}, "its index was last refreshed 2 days ago")
	assert.EqualError(t, &StaleError{Age: 1, Expired: time.Date(2026, 12, 1, 0, 34, 0, 0, time.UTC)}, "its index was valid until 2026-12-01 00:34 UTC")
}

func TestPackageIsNamedByItsManagerAlsoWithoutAVersion(t *testing.T) {
	assert.Equal(t, "bsdos:perl", Package{Type: "bsdos", Name: "perl"}.ID())
	p := Package{Type: "deb", Name: "libc6", Arch: "i386", Foreign: true, Source: "glibc"}
	assert.Equal(t, "deb:libc6:i386 libc6:i386 deb:glibc", p.ID()+" "+p.Label()+" "+p.SourceID())
}

func TestPartsTakesApartWhatWasJoinedAndNothingElse(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	own := fmt.Errorf("own text: %w, %w", a, b)
	assert.Empty(t, Parts(nil))
	assert.Equal(t, []error{a}, Parts(a))
	assert.Equal(t, []error{a, b, c}, Parts(errors.Join(errors.Join(a, b), nil, c)))
	assert.Equal(t, []error{own}, Parts(own), "its text would be lost")
}

func TestADatabaseWithoutTheBaseSystemOwnsNothingOutsideItsFolder(t *testing.T) {
	all := map[string]host.Claim{"/usr/local/bin/a": {Package: "a"}, "/etc/a": {Package: "a"}}
	paths := []string{"/usr/local/bin/a", "/usr/local/bin/b", "/usr/localized", "/etc/a", "/etc/b"}
	assert.Equal(t, map[string]host.Claim{"/usr/local/bin/a": {Package: "a"}, "/usr/local/bin/b": {}, "/etc/a": {Package: "a"}},
		AttestedBelow("/usr/local", all, paths, true))
	assert.Len(t, AttestedBelow("/usr/local", all, paths, false), 2, "what it did not name may be in the part that was not read")
}
