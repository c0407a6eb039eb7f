package sysview_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// Beside the machine's own network one of a container, whose process listens on
// a port that the machine's tables do not have.
const container = small + `-- /proc/1/ns/net link="net:[4026531840]" --
-- /proc/300/ns/net link="net:[4026531840]" --
-- /proc/812/ns/net link="net:[4026532600]" --
-- /proc/900/ns/ dir error=permission --
-- /proc/2000/ns/net link="net:[4026532600]" --
-- /proc/812/net/tcp --
  sl  local_address rem_address   st
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1
-- /proc/812/net/udp --
  sl  local_address rem_address   st
-- /proc/812/net/ dir complete --
`

func TestNetworkNamespacesAreTold(t *testing.T) {
	view, err := sysview.NetNamespaces(t.Context(), hosttest.New(container).Host())
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(sysview.NetView{
		Namespaces: []sysview.NetNamespace{
			{Inode: 4026531840, PIDs: []int{1, 300}},
			{Inode: 4026532600, PIDs: []int{812, 2000}},
		},
		Unread: []int{900},
	}, view))
}

func TestANamespaceThatCannotBeReadIsNotEmpty(t *testing.T) {
	m := hosttest.New(container)
	require.NoError(t, m.Remove("/proc/812/net/tcp"))
	tables := sysview.SocketsIn(t.Context(), m.Host(), 812, 1)
	assert.ErrorIs(t, tables[0][0].Err, fs.ErrNotExist)
	assert.NoError(t, tables[0][1].Err, "the other network is known")
	assert.Len(t, tables, 2)
	assert.Equal(t, sysview.SocketsIn(t.Context(), m.Host(), 1)[0], tables[1], "as if it were asked alone")
	assert.Error(t, sysview.SocketsIn(t.Context(), m.Host(), 2000)[0][0].Err)
}

func ExampleSocketsIn() {
	ctx, h := context.Background(), hosttest.New(container).Host()
	view, err := sysview.NetNamespaces(ctx, h)
	fmt.Println(len(view.Namespaces), "namespaces", err)
	for _, table := range sysview.SocketsIn(ctx, h, view.Namespaces[1].PIDs[0])[0] {
		for _, s := range table.Sockets {
			fmt.Println(s.Network, s.Local, s.Process.Name)
		}
	}
	// Output:
	// 2 namespaces <nil>
	// tcp 0.0.0.0:8080 sshd
}
