package apply_test

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
)

func ExamplePlan() {
	p := apply.Plan{
		Manager: "apt",
		Steps: []apply.Step{
			{Action: apply.Upgrade, Name: "openssl", Arch: "amd64", From: "3.0.17-1", To: "3.0.17-1+fix1", Security: true, Advisories: []string{"CVE-2026-0001"}},
		},
		Conffiles: []apply.Conffile{{Path: "/etc/ssl/openssl.cnf", Package: "openssl", Edited: apply.Changed, Fate: apply.Kept}},
		Left:      []apply.Left{{Label: "bind9", Reason: "held", Security: true}},
		Download:  1 << 20,
	}
	fmt.Print(p)
	// Output:
	// upgrade openssl:amd64 3.0.17-1 to 3.0.17-1+fix1 (security: CVE-2026-0001)
	// /etc/ssl/openssl.cnf was edited: it is kept, and the maker's new one is put beside it
	// leaves bind9 alone: held
	// 1 step with apt; 1 MiB to fetch, 0 B on the disk; plan 7e11a0d36f94
}
