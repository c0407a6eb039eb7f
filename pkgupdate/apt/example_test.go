package apt_test

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
)

func ExampleManager() {
	image := hosttest.New(`dpkg: after documentation (deb-control(5))
-- /var/lib/dpkg/status --
Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.19-1~deb12u2
`)
	installed := (&apt.Manager{Host: image.Host()}).Installed(context.Background())
	fmt.Println(installed.State, installed.Evidence)
	for _, p := range installed.Value {
		fmt.Println(p.ID(), p.Version)
	}
	// Output:
	// known 1 packages in /var/lib/dpkg/status
	// deb:openssl 3.0.19-1~deb12u2
}
