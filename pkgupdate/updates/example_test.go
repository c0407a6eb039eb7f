package updates_test

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// An image has an inventory, but no command can say what is pending.
func ExampleSoftware() {
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
	res, err := suite.Collect(context.Background(), updates.Software{Managers: []pkgupdate.Manager{&apt.Manager{Host: image}}})
	for _, f := range res.Findings {
		fmt.Println(f.Severity, f.Title)
	}
	fmt.Println(res.Status, res.Covered, err)
	// Output:
	// warning Package unzip is not properly installed: half-configured
	// partial [apt/broken apt/changes] <nil>
}
