package updates

import (
	"errors"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var debInfo = pkgupdate.Info{ID: "fake", Type: "deb", Scheme: version.Deb}

func pkg(t testing.TB, name, arch, ver string) pkgupdate.Package {
	t.Helper()
	v, err := version.Parse(version.Deb, ver)
	require.NoError(t, err)
	return pkgupdate.Package{Type: "deb", Name: name, Arch: arch, Version: v}
}

func TestInventoryReadsBackAsWritten(t *testing.T) {
	p := pkg(t, "libc6", "i386", "2.36-9")
	p.Foreign = true
	p.Source, p.SourceVersion = "glibc", pkg(t, "glibc", "", "2.36-8").Version
	want := inventory{time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC), []pkgupdate.Package{pkg(t, "bash", "amd64", "5.2-1"), p, {Type: "deb", Name: "without-a-version"}}}
	data, err := want.encode(debInfo)
	require.NoError(t, err)
	got, err := decodeInventory(data, debInfo)
	require.NoError(t, err)
	assert.Equal(t, want.at, got.at)
	assert.Equal(t, want.packages, got.packages)
	for i := range data {
		broken := append([]byte(nil), data...)
		broken[i] ^= 0x10
		inv, err := decodeInventory(broken, debInfo)
		if err == nil { // a bit that means nothing
			require.Equal(t, want.packages, inv.packages)
			continue
		}
		assert.ErrorIs(t, err, errInventory, "byte %d", i)
	}
	for i := range data {
		_, err = decodeInventory(data[:i], debInfo)
		assert.ErrorIs(t, err, errInventory, "cut at %d", i)
	}
}

func TestInventoryOfAnotherManagerIsRefused(t *testing.T) {
	data, err := inventory{time.Unix(0, 0), nil}.encode(debInfo)
	require.NoError(t, err)
	for _, other := range []pkgupdate.Info{{Type: "rpm", Scheme: version.Deb}, {Type: "deb", Scheme: version.RPM}} {
		_, err := decodeInventory(data, other)
		assert.ErrorIs(t, err, errInventory)
	}
}

func TestCatalogueIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range (Software{}).Rules() {
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
	data, err := inventory{time.Unix(0, 0), []pkgupdate.Package{pkg(f, "bash", "amd64", "5.2-1")}}.encode(debInfo)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := decodeInventory(data, debInfo)
		if err != nil && !errors.Is(err, errInventory) {
			t.Fatal(err)
		}
		pkgupdate.Diff(inv.packages, nil)
	})
}
