package local_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/report"
)

// recorded is the moment that the machines of these tests have.
var recorded = time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)

// secure serves TLS with a certificate that lasts until to, and to plain text
// says what nginx does.
func secure(t *testing.T, to time.Time, config func(*tls.Config)) func(net.Conn) {
	t.Helper()
	cert, _, err := netprobetest.Certify(recorded.AddDate(0, -3, 0), to, "www.example")
	require.NoError(t, err)
	c := &tls.Config{Certificates: []tls.Certificate{cert}}
	if config != nil {
		config(c)
	}
	return func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		first, err := in.Peek(1)
		if err != nil {
			return
		}
		if first[0] != 0x16 {
			fmt.Fprint(conn, "HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port")
			return
		}
		s := tls.Server(peeked{conn, in}, c)
		if s.HandshakeContext(context.Background()) != nil {
			return
		}
		in = bufio.NewReader(s)
		if _, err := in.ReadString('\n'); err == nil {
			fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}
}

type peeked struct {
	net.Conn
	in *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.in.Read(b) }

// readAndClose is "return 444" of nginx, and a listener behind a load balancer.
func readAndClose(conn net.Conn) {
	bufio.NewReader(conn).ReadString('\n') //nolint:errcheck // it closes anyway
	conn.Close()
}

func TestAnExpiredCertificateOnAnyPortIsSeen(t *testing.T) {
	for port, hex := range map[string]string{"8443": "00000000:20FB", "443": "00000000:01BB", "9443": "00000000:24E3"} {
		m := table([]string{hex}, nil, "nginx")
		m.SetServer("tcp", "127.0.0.1:"+port, secure(t, recorded.AddDate(0, 0, -2), nil))
		res := run(t, m.Host(), nil)
		require.Len(t, res.Findings, 1, port)
		assert.Equal(t, "https://localhost:"+port+" (nginx): the certificate expired 2 days ago", res.Findings[0].Title)
		assert.Equal(t, report.Critical, res.Findings[0].Severity)
	}
}

func TestHardenedServersAreAlive(t *testing.T) {
	for name, c := range map[string]struct {
		hex, addr string
		serve     func(net.Conn)
	}{
		"return 444":              {"00000000:0050", "127.0.0.1:80", readAndClose},
		"closes inside TLS":       {"00000000:01BB", "127.0.0.1:443", readAndClose},
		"ssl_reject_handshake on": {"00000000:01BB", "127.0.0.1:443", rejectName},
		"the same on 8443":        {"00000000:20FB", "127.0.0.1:8443", rejectName},
		"sound TLS on 8443":       {"00000000:20FB", "127.0.0.1:8443", secure(t, recorded.AddDate(0, 2, 0), nil)},
	} {
		t.Run(name, func(t *testing.T) {
			m := table([]string{c.hex}, nil, "nginx")
			m.SetServer("tcp", c.addr, c.serve)
			res := run(t, m.Host(), nil)
			assert.Empty(t, res.Findings)
			assert.Equal(t, report.OK, res.Status, res.Problems)
		})
	}
}

// rejectName answers a ClientHello with the alert "unrecognized_name", and plain
// text with the same alert, as a TLS listener does.
func rejectName(conn net.Conn) {
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 4096)); err == nil {
		conn.Write([]byte{0x15, 3, 3, 0, 2, 2, 112})
	}
}

func TestAServerThatClosesBeforeItIsAskedIsNotAlive(t *testing.T) {
	m := table(any4, nil, "master")
	m.SetServer("tcp", "127.0.0.1:25", func(c net.Conn) { c.Close() })
	res := run(t, m.Host(), nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "smtp://localhost:25 (master) closes the connection before it has answered", res.Findings[0].Title)
}

func TestOneUsersListenersAreNoWayToSilenceTheOthers(t *testing.T) {
	var at []string
	for i := range 40 {
		at = append(at, fmt.Sprintf("0100007F:%04X", 20000+i))
	}
	m := table(append(at, "00000000:0019"), nil, "sshd") // the last is port 25
	for i := range 40 {
		m.SetServer("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+i), func(c net.Conn) { c.Close() })
	}
	m.SetServer("tcp", "127.0.0.1:25", nil)
	text, err := m.Host().ReadFile(t.Context(), "/proc/net/tcp", 0)
	require.NoError(t, err)
	nobody := strings.ReplaceAll(string(text), "00000000     0        0 ", "00000000 65534        0 ")
	require.NoError(t, m.Remove("/proc/net/tcp"))
	require.NoError(t, m.Add("-- /proc/net/tcp --\n"+nobody))
	res := run(t, m.Host(), nil)
	assert.Len(t, res.Findings, 17, "sixteen of the user's, and what stands on a well-known port")
	assert.Contains(t, rules(res), "netprobe.local.unreachable ssh://localhost:25")
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "user 65534 has 24 services more than the 16 that are asked")
	assert.True(t, res.Covers("services/ssh/localhost:25"))
	assert.False(t, res.Covers("services/ssh/127.0.0.1:20039"), "what was left out is not fixed")
}
