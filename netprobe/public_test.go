package netprobe_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe"
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
