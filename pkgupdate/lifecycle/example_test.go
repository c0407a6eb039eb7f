package lifecycle_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate/lifecycle"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func ExampleTable_Support() {
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	fmt.Println(lifecycle.Builtin().Support(lifecycle.System{ID: "debian", Version: "12"}, day))
	// Output: Debian 12 (bookworm): LTS support until 2028-06-30
}

func ExampleOS() {
	res, err := suite.Collect(context.Background(), lifecycle.OS{System: lifecycle.System{ID: "debian", Version: "8"}})
	fmt.Println(res.Findings[0].Severity, res.Findings[0].Title, err)
	// Output: critical Debian 8 (jessie) has no security support: support ended on 2025-06-30 <nil>
}
