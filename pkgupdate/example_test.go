package pkgupdate_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/report"
)

func ExampleDiff() {
	before := []pkgupdate.Package{pkgupdatetest.Deb("openssl", "3.0.11-1"), pkgupdatetest.Deb("zip", "3.0-13")}
	after := []pkgupdate.Package{pkgupdatetest.Deb("openssl", "3.0.13-1")}
	for _, c := range pkgupdate.Diff(before, after) {
		fmt.Println(c.Pkg.ID(), c.Kind, c.From, c.To)
	}
	// Output:
	// deb:openssl upgraded 3.0.11-1 3.0.13-1
	// deb:zip removed 3.0-13
}

// An image has an inventory, but no command can say what is pending.
func ExampleUpdates() {
	image := hosttest.New(`dpkg: after documentation (dpkg(1))
-- machine now=2026-11-25T06:00:00Z --
-- /var/lib/dpkg/updates/ dir complete --
-- /var/lib/dpkg/status mtime=2026-11-24T06:00:00Z --
Package: unzip
Status: install ok half-configured
Architecture: amd64
Version: 6.0-28
`).Host()
	image.Exec = nil
	res, err := report.Collect(context.Background(), &pkgupdate.Updates{Managers: []pkgupdate.Manager{&apt.Manager{Host: image}}})
	for _, f := range res.Findings {
		fmt.Println(f.Severity, f.Title)
	}
	fmt.Println(res.Status, res.Covered, err)
	// Output:
	// warning Package unzip is not properly installed: half-configured
	// partial [apt/broken apt/changes] <nil>
}

func ExampleProven() {
	a := pkgupdate.Proven([]string{}, "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.", time.Time{})
	fmt.Println(a.State)
	fmt.Println(pkgupdate.Proven([]string{}, "", time.Time{}).State)
	// Output:
	// empty
	// unknown
}
