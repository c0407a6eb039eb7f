package facts_test

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

const debian = `A small Debian.
-- $ ["uname", "-snrm"] --
Linux mail 6.1.0-28-amd64 x86_64
-- /etc/os-release --
ID=debian
VERSION_ID="12"
VERSION_CODENAME=bookworm
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
-- /etc/debian_version --
12.8
-- /etc/localtime absent --
-- /proc/sys/kernel/random/boot_id --
0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
`

func ExampleIdentify() {
	var asked hosttest.Counter
	h := asked.Wrap(hosttest.New(debian).Host()).Remembering()
	for range 3 { // as three checks would
		system, err := facts.Identify(context.Background(), h)
		fmt.Println(system.Hostname, system.Family, system.Release, err)
	}
	fmt.Println("commands:", asked.Commands.Load())
	// Output:
	// mail debian 12.8 <nil>
	// mail debian 12.8 <nil>
	// mail debian 12.8 <nil>
	// commands: 1
}

func ExampleZone() {
	zone, err := facts.Zone(context.Background(), hosttest.New(debian).Host())
	fmt.Println(zone, err)
	// Output: UTC <nil>
}
