package netprobe

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnAddressOfThisMachineIsKnown(t *testing.T) {
	ours := []net.Addr{
		&net.IPNet{IP: net.ParseIP("8.8.8.8"), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("2606:4700::1111"), Mask: net.CIDRMask(64, 128)},
	}
	for text, want := range map[string]bool{"8.8.8.8": true, "8.8.8.9": false, "2606:4700::1111": true, "2606:4700::1112": false} {
		assert.Equal(t, want, isOne(netip.MustParseAddr(text), ours), text)
	}
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range all { // whichever this machine has
		p, err := netip.ParsePrefix(a.String())
		require.NoError(t, err)
		assert.Error(t, Parser{}.reachable(p.Addr()), "%s", a)
	}
}
