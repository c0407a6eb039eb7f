package mailpath

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// An address that is not allowed is not even knocked at: whether somebody answers
// there is nothing for who named the domain.
func TestNoPolicyIsAskedForWhereTheGuardForbidsIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = fetcher(netprobe.Net{Guard: netprobe.Public})(t.Context(), "https://"+l.Addr().String()+"/")
	require.ErrorContains(t, err, "is not public")
	own, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer own.Close()
	first, err := l.Accept()
	require.NoError(t, err)
	defer first.Close()
	assert.Equal(t, own.LocalAddr().String(), first.RemoteAddr().String(), "nobody came before")
}
