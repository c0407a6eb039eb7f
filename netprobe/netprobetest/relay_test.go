package netprobetest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func ExampleRelay() {
	srv, err := netprobetest.Listen(new(netprobetest.SMTP).Serve)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	relay, err := netprobetest.NewRelay("127.0.0.1:0", srv.Addr(), netprobetest.Link{Cut: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer relay.Close()
	res := protocol.SMTP{Addr: relay.Addr(), Timeout: time.Second}.Probe(context.Background())
	fmt.Println(res.State, res.Cause)
	relay.Set(netprobetest.Link{}) // it is mended
	fmt.Println(protocol.SMTP{Addr: relay.Addr()}.Probe(context.Background()).State)
	// Output:
	// critical proto.timeout
	// ok
}

// relayed gives a relay before a sound mail server.
func relayed(t *testing.T, link netprobetest.Link) *netprobetest.Relay {
	t.Helper()
	srv, err := netprobetest.Listen(new(netprobetest.SMTP).Serve)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	relay, err := netprobetest.NewRelay("127.0.0.1:0", srv.Addr(), link)
	require.NoError(t, err)
	t.Cleanup(relay.Close)
	return relay
}

func TestABadLinkIsSeenByItsKind(t *testing.T) {
	for name, link := range map[string]netprobetest.Link{
		"delay": {Delay: time.Minute}, "loss": {Loss: 1}, "drip": {Drip: 100 * time.Millisecond}, "cut": {Cut: 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := protocol.SMTP{Addr: relayed(t, link).Addr(), Timeout: 3 * time.Second}.Probe(t.Context())
			assert.Equal(t, netprobe.ProtoTimeout, res.Cause, res.Detail)
			if name == "cut" {
				assert.Contains(t, res.Detail, `"220 ma"`, "what came before it stalled")
			}
		})
	}
}

// What is lost is a share of the connections, spread evenly.
func TestALossyLinkLosesItsShare(t *testing.T) {
	relay := relayed(t, netprobetest.Link{Loss: 0.25})
	for i := range 8 {
		conn, err := net.Dial("tcp", relay.Addr())
		require.NoError(t, err)
		patience := map[bool]time.Duration{true: 100 * time.Millisecond, false: time.Minute}[i%4 == 3]
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = io.ReadFull(conn, make([]byte, 4))
		assert.Equal(t, i%4 == 3, err != nil, "connection %d: %v", i, err)
		conn.Close()
	}
}

func TestARelayPassesOnTheEnd(t *testing.T) {
	srv, err := netprobetest.Listen(netprobetest.Hangup)
	require.NoError(t, err)
	defer srv.Close()
	relay, err := netprobetest.NewRelay("127.0.0.1:0", srv.Addr(), netprobetest.Link{})
	require.NoError(t, err)
	defer relay.Close()
	res := protocol.SMTP{Addr: relay.Addr(), Timeout: time.Minute}.Probe(t.Context())
	assert.Contains(t, []netprobe.Cause{netprobe.NetEOF, netprobe.NetReset}, res.Cause, res.Detail)
}
