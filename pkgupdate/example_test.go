package pkgupdate_test

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
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

func ExampleProven() {
	a := pkgupdate.Proven([]string{}, "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.", time.Time{})
	fmt.Println(a.State)
	fmt.Println(pkgupdate.Proven([]string{}, "", time.Time{}).State)
	// Output:
	// empty
	// unknown
}
