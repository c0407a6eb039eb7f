package upkeep_test

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

const passwd = `A machine with a second administrator; written for this example.
-- /etc/passwd --
root:x:0:0::/root:/bin/sh
ann:x:0:0::/home/ann:/bin/sh
-- /etc/shadow --
root:*:20000::::::
ann:*:20000::::::
-- /etc/group --
root:x:0:
`

func Example() {
	machine := hosttest.New(passwd).Host() // or host.Local(), host.Root("/mnt/image")
	set := &suite.Suite{
		Checks: []report.Checker{inventory.Check{Question: accounts.Users{Host: machine}}},
		Labels: report.Labels{Host: "web1"},
		// Store: memory.FileStore{Dir: dir} remembers what is open from run to run.
	}
	rep, err := set.Run(context.Background())
	fmt.Println(render.Verdict(rep), err)
	for _, change := range rep.Changes {
		fmt.Println(change.Kind, change.Finding.Severity, change.Finding.Title)
	}
	// Output:
	// web1: 1 warning new <nil>
	// new warning The account ann has user number 0, and so all rights of root
}
