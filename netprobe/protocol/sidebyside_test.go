package protocol_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// plugin runs one of the monitoring plugins and returns its exit status and first line.
func plugin(t *testing.T, name, addr string, limit time.Duration, more ...string) (int, string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	out, err := exec.Command("/usr/lib/nagios/plugins/"+name, append([]string{"-H", host, "-p", port, "-t", fmt.Sprint(limit.Seconds())}, more...)...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	if exit != nil {
		return exit.ExitCode(), line
	}
	return 0, line
}

// Where the verdicts differ, why says in which way ours is better.
func TestVerdictsAreThoseOfCheckSMTPButWhereTheyAreWrong(t *testing.T) {
	if _, err := exec.LookPath("/usr/lib/nagios/plugins/check_smtp"); err != nil {
		need.That(t, "monitoring plugins", false)
	}
	now := time.Now()
	certified := func(from, to time.Time, name string) *tls.Config {
		c, _, err := netprobetest.Certify(from, to, name)
		require.NoError(t, err)
		return &tls.Config{Certificates: []tls.Certificate{c}}
	}
	known, pool, err := netprobetest.Certify(now.AddDate(0, -3, 0), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	plain, secure := []string{}, []string{"-S"}
	for name, c := range map[string]struct {
		smtp  netprobetest.Behaviour
		args  []string
		exit  int
		state netprobe.State
		why   string
	}{
		"good":              {(&netprobetest.SMTP{}).Serve, plain, 0, netprobe.OK, ""},
		"good with TLS":     {(&netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{known}}}).Serve, secure, 0, netprobe.OK, ""},
		"unknown authority": {(&netprobetest.SMTP{TLS: certified(now.AddDate(0, -3, 0), now.AddDate(0, 3, 0), "127.0.0.1")}).Serve, secure, 0, netprobe.Critical, "it looks at no chain"},
		"expired":           {(&netprobetest.SMTP{TLS: certified(now.AddDate(0, -3, 0), now.Add(-time.Hour), "127.0.0.1")}).Serve, secure, 0, netprobe.Critical, "it looks at no date without -D"},
		"another name":      {(&netprobetest.SMTP{TLS: certified(now.AddDate(0, -3, 0), now.AddDate(0, 3, 0), "www.example")}).Serve, secure, 0, netprobe.Critical, "it looks at no name"},
		"without TLS":       {(&netprobetest.SMTP{}).Serve, secure, 1, netprobe.Critical, "what is required and missing is no warning"},
		"STARTTLS refused":  {(&netprobetest.SMTP{StartTLS: "454 not now\r\n"}).Serve, secure, 3, netprobe.Warning, "the server said that it is for now"},
		"EHLO refused":      {(&netprobetest.SMTP{EHLO: "554 no\r\n"}).Serve, plain, 0, netprobe.Critical, "it reads no code"},
		"closed for repair": {sayAndClose("554 closed\r\n"), plain, 1, netprobe.Critical, "a definite refusal is no warning"},
		"too busy":          {sayAndClose("421 busy\r\n"), plain, 1, netprobe.Warning, ""},
		"silent":            {netprobetest.Silent, plain, 2, netprobe.Critical, ""},
		"closes":            {netprobetest.Hangup, plain, 1, netprobe.Critical, "no answer at all is no warning"},
		"speaks SSH":        {netprobetest.Say("SSH-2.0-x\r\n"), plain, 2, netprobe.Critical, ""},
		"several lines":     {(&netprobetest.SMTP{Banner: "220-a\r\n220 b\r\n"}).Serve, plain, 0, netprobe.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := listen(t, c.smtp)
			limit := patience(name == "silent" || name == "speaks SSH")
			exit, line := plugin(t, "check_smtp", addr, limit, c.args...)
			p := protocol.SMTP{Addr: addr, Timeout: limit, Policy: netprobe.TLSPolicy{Roots: pool}}
			if len(c.args) > 0 {
				p.StartTLS = protocol.Required
			}
			res := p.Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.exit, exit, line)
			same := exit == map[netprobe.State]int{netprobe.OK: 0, netprobe.Warning: 1, netprobe.Critical: 2, netprobe.Unknown: 3}[res.State]
			assert.Equal(t, c.why == "", same, "check_smtp said %q", line)
		})
	}
}

// patience is what both get for an answer: short where there is none.
func patience(silent bool) time.Duration {
	if silent {
		return 2 * time.Second
	}
	return 30 * time.Second
}

func TestVerdictsAreThoseOfCheckTCP(t *testing.T) {
	if _, err := exec.LookPath("/usr/lib/nagios/plugins/check_tcp"); err != nil {
		need.That(t, "monitoring plugins", false)
	}
	for name, c := range map[string]struct {
		serve netprobetest.Behaviour
		url   string
		args  []string
		exit  int
	}{
		"only connects": {netprobetest.Silent, "", nil, 0},
		"expected":      {netprobetest.Say("* OK ready\r\n"), "?expect=OK", []string{"-e", "OK"}, 0},
		"silent":        {netprobetest.Silent, "?expect=OK", []string{"-e", "OK"}, 2},
		"closes":        {netprobetest.Hangup, "?expect=OK", []string{"-e", "OK"}, 2},
		"too slow":      {netprobetest.Silent, "?crit=@0:60", []string{"-c", "0.0000001"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := listen(t, c.serve)
			limit := patience(name == "silent")
			exit, line := plugin(t, "check_tcp", addr, limit, c.args...)
			p, err := netprobe.Parser{Schemes: protocol.Schemes(), Timeout: limit}.Parse("tcp://" + addr + c.url)
			require.NoError(t, err)
			res := p.Probe(t.Context())
			assert.Equal(t, c.exit, exit, line)
			assert.Equal(t, c.exit, map[netprobe.State]int{netprobe.OK: 0, netprobe.Warning: 1, netprobe.Critical: 2}[res.State], res.Detail)
		})
	}
}
