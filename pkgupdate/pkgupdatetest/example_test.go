package pkgupdatetest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func ExampleManager() {
	openssl := pkgupdatetest.Deb("openssl", "3.0.11-1")
	m := &pkgupdatetest.Manager{
		Packages: pkgupdate.Proven([]pkgupdate.Package{openssl}, "an example", time.Time{}),
		Changes:  pkgupdatetest.Proven(time.Time{}, pkgupdatetest.Upgrade(openssl, "3.0.13-1", pkgupdate.Security)),
	}
	res, err := suite.Collect(context.Background(), updates.Software{Managers: []pkgupdate.Manager{m}})
	for _, f := range res.Findings {
		fmt.Println(f.Title)
	}
	for _, p := range res.Problems {
		fmt.Println(p.Scope+":", p.Message)
	}
	fmt.Println(res.Status, err)
	// Output:
	// Security update of openssl is pending: 3.0.11-1 to 3.0.13-1
	// fake/broken: the test did not say
	// partial <nil>
}

func ExampleTestManager() {
	bad := &pkgupdatetest.Manager{Packages: pkgupdate.Answer[[]pkgupdate.Package]{State: pkgupdate.Empty}}
	fmt.Println(pkgupdatetest.TestManager(context.Background(), bad))
	// Output: Installed: answer is empty without evidence
}
