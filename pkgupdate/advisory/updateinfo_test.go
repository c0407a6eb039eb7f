package advisory_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// BenchmarkUpdateinfo reads the file that UPDATEINFO names, as bench/packages.sh makes it.
func BenchmarkUpdateinfo(b *testing.B) {
	name := os.Getenv("UPDATEINFO")
	need.That(b, "UPDATEINFO, which bench/packages.sh sets", name != "")
	text, err := os.ReadFile(name)
	require.NoError(b, err)
	foo, err := version.Parse(version.RPM, "1.0-1")
	require.NoError(b, err)
	s := advisory.System{ID: "fedora", Type: "rpm", Scheme: version.RPM, Packages: []pkgupdate.Package{{Type: "rpm", Name: "foo", Arch: "noarch", Version: foo}}}
	for b.Loop() {
		feed, _ := advisory.Parse(b.Context(), "updateinfo.xml", text, s)
		require.NoError(b, feed.Err)
		require.Positive(b, feed.Records)
	}
}
