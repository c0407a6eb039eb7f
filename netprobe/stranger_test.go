package netprobe_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

func TestPublicRefusesEverySpellingOfAnInnerAddress(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
		"::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "ff02::1", "224.0.0.1",
		"0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "240.0.0.1", "192.0.0.8", "198.18.0.1", "fec0::1",
	} {
		assert.Error(t, netprobe.Public(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{"8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"} {
		assert.NoError(t, netprobe.Public(netip.MustParseAddr(text)), text)
	}
	assert.Error(t, netprobe.Public(netip.Addr{}))
}

func ExamplePublic() {
	fmt.Println(netprobe.Public(netip.MustParseAddr("169.254.169.254")))
	// Output: the address 169.254.169.254 is not public
}

// What strangers may ask for reaches nothing of this machine and its network.
func ExampleParser_strangers() {
	parser := netprobe.Parser{Strangers: true}
	for _, target := range []string{"tls://www.example.org", "tcp://www.example.org:6379?send=FLUSHALL", "tls://www.example.org?ca=/etc/shadow"} {
		_, err := parser.Parse(target)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// target "tcp://www.example.org:6379?send=FLUSHALL": the port 6379 is not among those that may be connected to
	// target "tls://www.example.org?ca=/etc/shadow": ca names a file of this machine, and has no place in the target of a stranger
}

// A protocol of one's own is a short script, under the budgets and with the blame of
// all others.
func ExampleScript() {
	srv, err := netprobetest.Listen(netprobetest.Say("QUEUE 3 waiting\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	res := netprobe.Script{Addr: srv.Addr(), Run: func(e *netprobe.Exchange) error {
		return e.Step("queue", func() error {
			if err := e.WriteLine("STATUS"); err != nil {
				return err
			}
			line, err := e.ReadLine()
			if err != nil {
				return err
			}
			waiting := 0
			if _, err := fmt.Sscanf(string(line), "QUEUE %d", &waiting); err != nil {
				return netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q", line)
			}
			e.Fact("waiting", fmt.Sprint(waiting))
			return nil
		})
	}}.Probe(context.Background())
	fmt.Println(res.State, res.Facts.Get("waiting"))
	// Output: ok 3
}
