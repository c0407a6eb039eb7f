package integrity_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/report"
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

func ExampleFiles() {
	dir, err := os.MkdirTemp("", "integrity")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, machine := range []string{before, after} {
		check := integrity.Files{
			Host: hosttest.New(machine).Host(), Dir: dir,
			Profile: integrity.Profile{Roots: []string{"/etc"}},
		}
		res, err := report.Collect(context.Background(), check)
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
	// ok 3
	// warning: /etc/cron.d is new: directory, mode 0755, owner 0:0
	// warning: /etc/cron.d/job is new: regular file of 22 bytes, mode 0644, owner 0:0
	// notice: /etc/motd was removed: it was a regular file of 8 bytes, mode 0644, owner 0:0
}

func ExampleCompare() {
	ctx := context.Background()
	p := integrity.Profile{Roots: []string{"/etc"}}
	scan := func(machine string) integrity.Entries {
		return integrity.Scan(ctx, hosttest.New(machine).Host().Files, p, nil)
	}
	err := integrity.Compare(scan(before), scan(after), integrity.FieldsState, func(c integrity.Change) error {
		fmt.Println(c.Kind, c.Path)
		return nil
	})
	fmt.Println(err)
	// Output:
	// added /etc/cron.d
	// added /etc/cron.d/job
	// removed /etc/motd
	// <nil>
}

func ExampleCreateBaseline() {
	dir, err := os.MkdirTemp("", "integrity")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	h := host.Root(dir) // an image that is mounted here
	name := filepath.Join(dir, "b")
	p := integrity.Profile{Roots: []string{"/"}, Exclude: []string{"/b*", "/.b*"}}
	head := integrity.Head{Created: h.Time(), Profile: p}
	if err := integrity.CreateBaseline(name, head, integrity.Scan(context.Background(), h.Files, p, nil)); err != nil {
		fmt.Println(err)
		return
	}
	b, err := integrity.OpenBaseline(name)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	fmt.Println(b.Count, b.Profile.Roots)
	// Output: 1 [/]
}
