package pkgupdate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pkg(t testing.TB, name, arch, ver string) Package {
	t.Helper()
	v, err := version.Parse(version.Deb, ver)
	require.NoError(t, err)
	return Package{Name: name, Arch: arch, Version: v}
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
		lines = append(lines, changeLine(c))
	}
	assert.Equal(t, strings.TrimSpace(`
a1 was upgraded from 1 to 2
kernel 6.3 was installed
kernel 6.4 was installed
kernel 6.1 was removed
libc6:i386 2 was installed`), strings.Join(lines, "\n"))
	assert.Empty(t, Diff(now, now))
}

func TestInventoryReadsBackAsWritten(t *testing.T) {
	p := pkg(t, "libc6", "i386", "2.36-9")
	p.Foreign = true
	p.Source, p.SourceVersion = "glibc", pkg(t, "glibc", "", "2.36-8").Version
	want := inventory{time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC), []Package{pkg(t, "bash", "amd64", "5.2-1"), p}}
	data, err := want.encode(version.Deb)
	require.NoError(t, err)
	got, err := decodeInventory(data)
	require.NoError(t, err)
	assert.Equal(t, want.at, got.at)
	assert.Empty(t, cmp.Diff(want.packages, got.packages, cmp.AllowUnexported(version.Version{})))
	for i := range data {
		broken := append([]byte(nil), data...)
		broken[i] ^= 0x10
		inv, err := decodeInventory(broken)
		if err == nil { // a bit that means nothing
			require.Equal(t, want.packages, inv.packages)
			continue
		}
		assert.ErrorIs(t, err, errInventory, "byte %d", i)
	}
	for i := range data {
		_, err = decodeInventory(data[:i])
		assert.ErrorIs(t, err, errInventory, "cut at %d", i)
	}
}

func TestErrorsOfAStaleIndexSayWhatToDo(t *testing.T) {
	for want, err := range map[string]*StaleError{
		"package index has never been fetched: run apt-get update":            {Refresh: "apt-get update"},
		"package index of main was last refreshed 50 hours ago: run x (note)": {Index: "main", Age: 50 * time.Hour, Refresh: "x", Note: "note"},
		"package index was last refreshed 12 days ago: run apt-get update":    {Age: 300 * time.Hour, Refresh: "apt-get update"},
	} {
		assert.EqualError(t, err, want)
		assert.Equal(t, err.Age == 0, errors.Is(err, ErrNeverFetched))
	}
}

func TestCatalogueIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range (&Updates{}).Rules() {
		assert.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		assert.NotEmpty(t, r.Explain+r.Remedy+r.Since, r.ID)
	}
	for _, id := range changeRules {
		assert.True(t, seen[id], id)
	}
}

func FuzzDecodeSightings(f *testing.F) {
	f.Add(string(sightings{true, map[string]sighting{"deb:openssl": {"1", time.Unix(0, 0), time.Unix(1, 0)}}}.encode()))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := decodeSightings(text)
		if err != nil && !errors.Is(err, errSightings) {
			t.Fatal(err)
		}
		if again, err := decodeSightings(string(s.encode())); err != nil || len(again.of) != len(s.of) {
			t.Fatal(err, again, s)
		}
	})
}

func FuzzDecodeInventory(f *testing.F) {
	data, err := inventory{time.Unix(0, 0), []Package{pkg(f, "bash", "amd64", "5.2-1")}}.encode(version.Deb)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := decodeInventory(data)
		if err != nil && !errors.Is(err, errInventory) {
			t.Fatal(err)
		}
		Diff(inv.packages, nil)
	})
}
