package sysview_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// The forms are those of Linux 6.18, but for SCTP's, which is after
// sctp_eps_seq_show of the kernel, and vsock's, after ss of iproute2 6.1.
const (
	packets = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n000000009f2d9a1c 3      3    0003   2     1 0      0      4711  \n"
	units   = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
		"00000000c05b5a46: 00000003 00000000 00000000 0001 03  1512\n" +
		"0000000013b4d888: 00000002 00000000 00010000 0001 01  1511 @/tmp/x y\n" +
		"0000000013b4d889: 00000002 00000000 00010000 0001 01  1513 /run/x.sock\n"
	endpoints = " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\nffff8800 ffff8801 2   10  29   11111   33 8123 0.0.0.0\n"
	vsocks    = "v_str LISTEN 0      0      *:1234 *:*    ino:99 sk:1\n"
)

func TestSocketsOfOtherFamiliesAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		parse func([]byte) ([]sysview.Socket, error)
		text  string
		want  sysview.Socket
	}{
		"packet": {sysview.ParsePacketSockets, packets, sysview.Socket{Name: "0003", HasUID: true, Inode: 4711}},
		"unix":   {sysview.ParseUnixSockets, units, sysview.Socket{Name: "@/tmp/x", Inode: 1511}},
		"sctp":   {sysview.ParseSCTPEndpoints, endpoints, sysview.Socket{Name: "11111", UID: 33, HasUID: true, Inode: 8123}},
		"vsock":  {sysview.ParseVSock, vsocks, sysview.Socket{Name: "1234", Inode: 99}},
	} {
		got, err := c.parse([]byte(c.text))
		require.NoError(t, err, name)
		assert.Equal(t, []sysview.Socket{c.want}, got, name)
	}
	_, err := sysview.ParsePacketSockets([]byte("head\nshort line\n"))
	assert.Error(t, err)
}

func FuzzOtherSockets(f *testing.F) {
	for _, text := range []string{packets, units, endpoints, vsocks} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) ([]sysview.Socket, error){sysview.ParsePacketSockets, sysview.ParseUnixSockets, sysview.ParseSCTPEndpoints, sysview.ParseVSock} {
			if found, err := parse(data); err != nil && len(found) > 0 {
				t.Errorf("%d sockets beside %v", len(found), err)
			}
		}
	})
}
