package integrity_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
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

func ExampleCompare() {
	ctx := context.Background()
	p := integrity.Profile{Roots: []string{"/etc"}}
	scan := func(machine string) integrity.Entries {
		return integrity.Scan(ctx, hosttest.New(machine).Host().Files, p, nil)
	}
	err := integrity.Compare(scan(before), scan(after), tree.FieldsState, func(c integrity.Change) error {
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
