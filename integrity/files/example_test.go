package files_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

const before = `Yesterday.
-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --
-- / dir complete --
-- /etc/ dir complete --
-- /etc/hosts --
127.0.0.1 localhost
-- /etc/motd --
welcome
`

const after = `Today.
-- machine now=2026-11-26T06:00:00Z uid=0 gid=0 --
-- / dir complete --
-- /etc/ dir complete --
-- /etc/cron.d/ dir complete --
-- /etc/cron.d/job mode=0644 --
* * * * * root /tmp/x
-- /etc/hosts --
127.0.0.1 localhost
`

func ExampleSystem() {
	dir, err := os.MkdirTemp("", "integrity")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, machine := range []string{before, after} {
		check := files.System{
			Host: hosttest.New(machine).Host(), Dir: dir,
			Profile: integrity.Profile{Roots: []string{"/etc"}},
		}
		res, err := suite.Collect(context.Background(), check)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(res.Status, len(res.Findings))
		for _, f := range res.Findings {
			fmt.Printf("%s: %s\n", f.Severity, f.Title)
		}
	}
	// Output:
	// ok 0
	// ok 2
	// warning: /etc/cron.d is new: directory, mode 0755, owner 0:0, with 1 entry: job
	// notice: /etc/motd was removed: it was a regular file of 8 B, mode 0644, owner 0:0
}
