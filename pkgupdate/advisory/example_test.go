package advisory_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

func ExampleReadFolder() {
	installed, _ := version.Parse(version.Deb, "3.0.17-1~deb12u2")
	folder := fstest.MapFS{"DSA": {Data: []byte(`[19 Nov 2026] DSA-6001-1 openssl - security update
	{CVE-2026-1001}
	[bookworm] - openssl 3.0.17-1~deb12u3
`)}}
	result, err := advisory.ReadFolder(context.Background(), folder, advisory.System{
		ID: "debian", Release: "12", Codename: "bookworm", Type: "deb", Scheme: version.Deb,
		Packages: []pkgupdate.Package{{Type: "deb", Name: "openssl", Version: installed}},
	})
	for _, m := range result.Matches {
		fmt.Println(m.Pkg.ID(), m.State, m.IDs(), m.Fix)
	}
	fmt.Println(err)
	// Output:
	// deb:openssl vulnerable [DSA-6001-1 CVE-2026-1001] 3.0.17-1~deb12u3
	// <nil>
}
