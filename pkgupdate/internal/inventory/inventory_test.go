package inventory

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
	want := Inventory{time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC), []pkgupdate.Package{pkg(t, "bash", "amd64", "5.2-1"), p, {Type: "deb", Name: "without-a-version"}}}
	data, err := want.Encode(debInfo)
	require.NoError(t, err)
	got, err := Decode(data, debInfo)
	require.NoError(t, err)
	assert.Equal(t, want.At, got.At)
	assert.Equal(t, want.Packages, got.Packages)
	for i := range data {
		broken := append([]byte(nil), data...)
		broken[i] ^= 0x10
		inv, err := Decode(broken, debInfo)
		if err == nil { // a bit that means nothing
			require.Equal(t, want.Packages, inv.Packages)
			continue
		}
		assert.ErrorIs(t, err, ErrDamaged, "byte %d", i)
	}
	for i := range data {
		_, err = Decode(data[:i], debInfo)
		assert.ErrorIs(t, err, ErrDamaged, "cut at %d", i)
	}
}

func TestInventoryOfAnotherManagerIsRefused(t *testing.T) {
	data, err := Inventory{time.Unix(0, 0), nil}.Encode(debInfo)
	require.NoError(t, err)
	for _, other := range []pkgupdate.Info{{Type: "rpm", Scheme: version.Deb}, {Type: "deb", Scheme: version.RPM}} {
		_, err := Decode(data, other)
		assert.ErrorIs(t, err, ErrDamaged)
	}
}

func FuzzDecodeInventory(f *testing.F) {
	data, err := Inventory{time.Unix(0, 0), []pkgupdate.Package{pkg(f, "bash", "amd64", "5.2-1")}}.Encode(debInfo)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := Decode(data, debInfo)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		pkgupdate.Diff(inv.Packages, nil)
	})
}
