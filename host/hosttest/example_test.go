package hosttest_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func ExampleTestFS() {
	// Any machine can be tested that has the sample tree; here it is a fake.
	tree := hosttest.Tree{Name: "/srv/sample"}
	fmt.Println(hosttest.TestFS(context.Background(), hosttest.New(tree.Text()), tree))
	// Output: <nil>
}

func ExampleTestRunner() {
	fmt.Println(hosttest.TestRunner(context.Background(), hosttest.New(hosttest.RunnerText())))
	// Output: <nil>
}

func ExamplePlant() {
	dir, err := os.MkdirTemp("", "sample")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	defer os.Chmod(dir+"/locked", 0o700)
	tree, err := hosttest.Plant(dir, "/")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hosttest.TestHost(context.Background(), host.Root(dir), tree))
	// Output: <nil>
}

func ExampleMachine_WriteFile() {
	m := hosttest.New("-- /etc/motd --\nhello\n")
	before, _ := m.Host().ReadFile(context.Background(), "/etc/motd", 0)
	err := m.WriteFile("/etc/motd", []byte("changed\n"), 0o644)
	after, _ := m.Host().ReadFile(context.Background(), "/etc/motd", 0)
	fmt.Printf("%s%s%v\n", before, after, err)
	// Output:
	// hello
	// changed
	// <nil>
}
