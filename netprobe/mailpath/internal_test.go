package mailpath

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
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

// The resolver that a target names is under the guard as every other address; that
// of this system is its own.
func TestTheResolverOfATargetIsUnderTheGuard(t *testing.T) {
	heard := make(chan struct{}, 1)
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		if _, _, err := l.ReadFrom(make([]byte, 1500)); err == nil {
			heard <- struct{}{}
		}
	}()
	for _, strict := range []netprobe.Net{{Guard: netprobe.Public}, {Ports: []uint16{53}}} {
		p, err := netprobe.Parser{Schemes: []netprobe.Scheme{domainScheme()}, Net: strict}.Parse("mailpath://example.org?connect=no&resolver=" + l.LocalAddr().String())
		require.NoError(t, err)
		res := p.Probe(t.Context())
		assert.Equal(t, netprobe.Unknown, res.State, res.Issues)
	}
	assert.Empty(t, heard, "nothing was asked there")
}

// Who owns a domain may name thousands of addresses, of others: they are not all
// connected to from here.
func TestADomainWithThousandsOfServersIsAskedInParts(t *testing.T) {
	zone := Map{"example.org MX": nil}
	for i := range 40 {
		name := fmt.Sprintf("mx%d.example.org", i)
		zone["example.org MX"] = append(zone["example.org MX"], "10 "+name+".")
		for j := range 200 {
			zone[name+" A"] = append(zone[name+" A"], fmt.Sprintf("198.51.100.%d", j))
		}
	}
	asked := 0
	d := Domain{Name: "example.org", Zone: zone, Connect: func(string, netip.AddrPort) netprobe.Prober {
		asked++
		return nobody{}
	}}
	res := d.Probe(t.Context())
	assert.Equal(t, maxAddresses, asked)
	assert.Equal(t, []string{"1,998 servers more"}, res.Facts["not-asked"])
}

type nobody struct{}

func (nobody) Probe(context.Context) netprobe.Result {
	return netprobe.Result{State: netprobe.Critical, Cause: netprobe.NetRefused}
}

// What a server calls itself is asked of nobody where it is no name: that it cannot
// be is no trouble of the resolver.
func TestAServerThatGreetsAsNoNameIsNoTroubleOfTheResolver(t *testing.T) {
	s := &survey{Domain: Domain{Zone: Map{}}, ctx: t.Context()}
	for _, name := range []string{"a..b", "x.\\", "a.\xff", strings.Repeat("a.", 200)} {
		s.res.Issues = nil
		s.helo(server{name: "mx.example.org"}, netprobe.Result{Facts: netprobe.Facts{"banner": {name + " ESMTP"}}})
		require.Len(t, s.res.Issues, 1)
		assert.Equal(t, RecordWrong, s.res.Issues[0].Cause, name)
	}
}
