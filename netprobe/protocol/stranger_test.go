package protocol_test

import (
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// What a stranger writes must not reach into this network, send what is in a file of
// this machine, or speak more to a server than the protocol that it names.
func TestTheTargetOfAStrangerIsRefusedWhereItReachesTooFar(t *testing.T) {
	secret := writeFile(t, filepath.Join(t.TempDir(), "secret"), "sesame\n", 0o600)
	parser := netprobe.Parser{Schemes: protocol.Schemes(), Strangers: true}
	for target, want := range map[string]string{
		"imaps://x@mail.example?pass-file=" + secret:             "pass-file names a file of this machine",
		"https://www.example/#ca=" + secret:                      "ca names a file of this machine",
		"tcp://mx.example:25?send=HELO+x%0D%0AMAIL+FROM:%3Ca%3E": "send has control characters",
		"tcp://db.example:6379?send=FLUSHALL":                    "the port 6379 is not among those",
		"http://www.example:9200/":                               "the port 9200 is not among those",
		"tcp://mx.example:25?expect=220":                         "",
		"https://www.example:8443/":                              "",
		"icmp://www.example":                                     "",
	} {
		_, err := parser.Parse(target)
		if want == "" {
			assert.NoError(t, err, target)
			continue
		}
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "sesame")
	}
	p, err := parser.Parse("smtp://127.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, netprobe.LocalPolicy, p.Probe(t.Context()).Cause)
	parser.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	p, err = parser.Parse("smtp://127.0.0.1")
	require.NoError(t, err)
	assert.NotEqual(t, netprobe.LocalPolicy, p.Probe(t.Context()).Cause, "what was allowed")
	p, err = parser.Parse("smtp://[::1]")
	require.NoError(t, err)
	assert.Equal(t, netprobe.LocalPolicy, p.Probe(t.Context()).Cause, "and nothing beside it")
	p, err = parser.Parse("smtp://mx.example?timeout=1h")
	require.NoError(t, err)
	assert.Equal(t, netprobe.DefaultTimeout, p.(protocol.SMTP).Timeout)
}

// A redirect is no way around the list of ports, and no port that is not on it is
// even knocked at.
func TestARedirectKeepsToThePorts(t *testing.T) {
	knocked := make(chan struct{}, 10)
	inner := listen(t, func(net.Conn, <-chan struct{}) { knocked <- struct{}{} })
	outer := listen(t, netprobetest.Say("HTTP/1.1 302 Found\r\nLocation: http://"+inner+"/\r\nContent-Length: 0\r\n\r\n"))
	via := netprobe.Net{Ports: []uint16{netip.MustParseAddrPort(outer).Port()}}
	res := protocol.HTTP{Addr: outer, Net: via, Redirects: 3, Timeout: 10 * time.Second}.Probe(t.Context())
	assert.Equal(t, netprobe.LocalPolicy, res.Cause, res.Detail)
	assert.Empty(t, knocked)
	via.Ports = append(via.Ports, netip.MustParseAddrPort(inner).Port())
	protocol.HTTP{Addr: outer, Net: via, Redirects: 3, Timeout: 10 * time.Second}.Probe(t.Context())
	assert.Len(t, knocked, 1)
}
