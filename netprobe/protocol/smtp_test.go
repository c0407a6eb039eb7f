package protocol_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func listen(t *testing.T, serve netprobetest.Behaviour) string {
	t.Helper()
	srv, err := netprobetest.Listen(serve)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv.Addr()
}

// A row of the table of required behaviour for faulty servers.
func TestFaultySMTPServersAreNamedByTheirFault(t *testing.T) {
	for name, c := range map[string]struct {
		serve netprobetest.Behaviour
		state netprobe.State
		cause netprobe.Cause
		phase netprobe.Phase
		code  int
	}{
		"good":                   {(&netprobetest.SMTP{}).Serve, netprobe.OK, "", "", 250},
		"multi-line banner":      {(&netprobetest.SMTP{Banner: "220-one\r\n220-554 two\r\n220 three\r\n"}).Serve, netprobe.OK, "", "", 250},
		"bare code":              {(&netprobetest.SMTP{Banner: "220\r\n"}).Serve, netprobe.OK, "", "", 250},
		"EHLO 554":               {(&netprobetest.SMTP{EHLO: "554 5.7.1 no\r\n"}).Serve, netprobe.Critical, netprobe.ProtoReject, netprobe.PhaseEHLO, 554},
		"banner 421":             {netprobetest.Say("421 4.3.2 too busy\r\n"), netprobe.Warning, netprobe.ProtoDefer, netprobe.PhaseBanner, 421},
		"banner 554":             {(&netprobetest.SMTP{Banner: "554 no service\r\n"}).Serve, netprobe.Critical, netprobe.ProtoReject, netprobe.PhaseBanner, 554},
		"endless banner":         {netprobetest.Endless("220-more\r\n"), netprobe.Critical, netprobe.ProtoOversize, netprobe.PhaseBanner, 0},
		"endless line":           {netprobetest.Endless("2"), netprobe.Critical, netprobe.ProtoOversize, netprobe.PhaseBanner, 0},
		"FIN":                    {netprobetest.Hangup, netprobe.Critical, netprobe.NetEOF, netprobe.PhaseBanner, 0},
		"FIN inside the banner":  {sayAndClose("220-half\r\n22"), netprobe.Critical, netprobe.NetEOF, netprobe.PhaseBanner, 0},
		"RST":                    {netprobetest.Reset, netprobe.Critical, netprobe.NetReset, anyPhase, 0},
		"bare LF":                {(&netprobetest.SMTP{Banner: "220 hello\n"}).Serve, netprobe.Warning, netprobe.ProtoBareLF, netprobe.PhaseBanner, 0},
		"not SMTP":               {netprobetest.Say("SSH-2.0-OpenSSH\r\n"), netprobe.Critical, netprobe.ProtoSyntax, netprobe.PhaseBanner, 0},
		"mixed codes":            {netprobetest.Say("220-a\r\n250 b\r\n"), netprobe.Critical, netprobe.ProtoSyntax, netprobe.PhaseBanner, 0},
		"code only in the text":  {netprobetest.Say("554 220 ready\r\n"), netprobe.Critical, netprobe.ProtoReject, netprobe.PhaseBanner, 554},
		"greeting cut in pieces": {dribble("220 a\r\n"), netprobe.OK, "", "", 250},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			res := protocol.SMTP{Addr: listen(t, c.serve), Timeout: time.Minute}.Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			if c.phase != anyPhase {
				assert.Equal(t, c.phase, res.Phase)
			}
			if c.code != 0 {
				assert.Equal(t, c.code, res.Code)
			}
			assert.Less(t, time.Since(began), 30*time.Second, "a definite answer ends the probe at once")
		})
	}
}

// anyPhase: a reset may already be seen while connecting.
const anyPhase netprobe.Phase = "any"

func sayAndClose(text string) netprobetest.Behaviour {
	return func(conn net.Conn, _ <-chan struct{}) { io.WriteString(conn, text) }
}

// dribble sends the banner byte by byte, each in a segment of its own.
func dribble(banner string) netprobetest.Behaviour {
	return func(conn net.Conn, stop <-chan struct{}) {
		for i := range len(banner) - 1 {
			io.WriteString(conn, banner[i:i+1])
		}
		(&netprobetest.SMTP{Banner: banner[len(banner)-1:]}).Serve(conn, stop)
	}
}

// A server that refuses is still there, and counts who leaves without a word.
func TestQuitIsSaidAfterARefusal(t *testing.T) {
	for name, server := range map[string]*netprobetest.SMTP{
		"banner 554":   {Banner: "554 no service\r\n"},
		"banner 421":   {Banner: "421 too busy\r\n"},
		"EHLO 554":     {EHLO: "554 5.7.1 no\r\n"},
		"STARTTLS 454": {StartTLS: "454 not now\r\n"},
	} {
		protocol.SMTP{Addr: listen(t, server.Serve), StartTLS: protocol.Optional}.Probe(t.Context())
		heard := server.Commands()
		require.NotEmpty(t, heard, name)
		assert.Equal(t, "QUIT", heard[len(heard)-1], name)
	}
}

func TestRefusedConnectionIsCriticalAndUnknownDiallerIsNot(t *testing.T) {
	srv, err := netprobetest.Listen(netprobetest.Hangup)
	require.NoError(t, err)
	closed := srv.Addr()
	srv.Close()
	res := protocol.SMTP{Addr: closed}.Probe(t.Context())
	assert.Equal(t, netprobe.Critical, res.State)
	assert.Equal(t, netprobe.NetRefused, res.Cause)
	assert.Equal(t, netprobe.PhaseConnect, res.Phase)
	res = protocol.SMTP{Addr: "no port"}.Probe(t.Context())
	assert.Equal(t, netprobe.Unknown, res.State)
	assert.Equal(t, netprobe.LocalConfig, res.Cause)
}

func TestProbersKeepTheContract(t *testing.T) {
	for name, make := range map[string]func(addr string, timeout time.Duration, dial netprobetest.Dialer) netprobe.Prober{
		"smtp": func(a string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
			return protocol.SMTP{Addr: a, Timeout: d, Net: netprobe.Net{Dial: dial}}
		},
		"smtps": func(a string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
			return protocol.SMTP{Addr: a, Timeout: d, Net: netprobe.Net{Dial: dial}, TLS: true}
		},
		"imap": func(a string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
			return netprobe.TCP{Addr: a, Timeout: d, Net: netprobe.Net{Dial: dial}, Expect: []string{"* OK"}}
		},
		"http": func(a string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
			return protocol.HTTP{Addr: a, Timeout: d, Net: netprobe.Net{Dial: dial}}
		},
		"tcp": func(a string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
			return netprobe.TCP{Addr: a, Timeout: d, Net: netprobe.Net{Dial: dial}}
		},
		"ssh": func(a string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
			return protocol.SSH{Addr: a, Timeout: d, Net: netprobe.Net{Dial: dial}}
		},
	} {
		t.Run(name, func(t *testing.T) { assert.NoError(t, netprobetest.TestProber(t.Context(), make)) })
	}
}

// pipe gives a Dial that connects to serve in memory, for virtual time.
func pipe(t *testing.T, serve func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		running.Go(func() {
			defer server.Close()
			serve(server)
		})
		return client, nil
	}
}

func TestSilentServerTimesOutAfterExactlyTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := protocol.SMTP{Addr: "mx.example:25", Timeout: 4 * time.Second, Net: netprobe.Net{Dial: pipe(t, func(c net.Conn) { io.Copy(io.Discard, c) })}}.Probe(t.Context())
		assert.Equal(t, netprobe.Critical, res.State)
		assert.Equal(t, netprobe.ProtoTimeout, res.Cause)
		assert.Equal(t, netprobe.PhaseBanner, res.Phase)
		assert.Equal(t, 4*time.Second, res.Took)
	})
}

func TestDrippingServerGetsNoMoreThanTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drip := func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "2"); err != nil {
					return
				}
				time.Sleep(250 * time.Millisecond)
			}
		}
		res := protocol.SMTP{Addr: "mx.example:25", Timeout: 4 * time.Second, Net: netprobe.Net{Dial: pipe(t, drip)}}.Probe(t.Context())
		assert.Equal(t, netprobe.ProtoTimeout, res.Cause)
		assert.Equal(t, 4*time.Second, res.Took)
	})
}

func TestDelayedGreetingIsFineAndTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(c net.Conn) {
			(&netprobetest.SMTP{Delay: 1500 * time.Millisecond, Banner: "220-a\r\n220 b\r\n"}).Serve(c, nil)
		}
		res := protocol.SMTP{Addr: "mx.example:25", Timeout: 4 * time.Second, Net: netprobe.Net{Dial: pipe(t, slow)}}.Probe(t.Context())
		assert.Equal(t, netprobe.OK, res.State, res.Detail)
		var banner time.Duration
		for _, p := range res.Phases {
			if p.Phase == netprobe.PhaseBanner {
				banner = p.Took
			}
		}
		assert.Equal(t, 1500*time.Millisecond, banner)
	})
}

func TestServerThatIgnoresQuitCostsOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := func(c net.Conn) {
			io.WriteString(c, "220 a\r\n")
			c.Read(make([]byte, 100))
			io.WriteString(c, "250 a\r\n")
			io.Copy(io.Discard, c)
		}
		res := protocol.SMTP{Addr: "mx.example:25", Timeout: 10 * time.Second, Net: netprobe.Net{Dial: pipe(t, deaf)}}.Probe(t.Context())
		assert.Equal(t, netprobe.OK, res.State, res.Detail)
		assert.Equal(t, time.Second, res.Took)
	})
}

func TestStalledDialTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		res := protocol.SMTP{Addr: "mx.example:25", Timeout: 4 * time.Second, Net: netprobe.Net{Dial: hang}}.Probe(t.Context())
		assert.Equal(t, netprobe.Critical, res.State)
		assert.Equal(t, netprobe.NetTimeout, res.Cause)
	})
}

func TestStartTLSFaults(t *testing.T) {
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	for name, c := range map[string]struct {
		smtp  *netprobetest.SMTP
		state netprobe.State
		cause netprobe.Cause
		phase netprobe.Phase
	}{
		"good":                       {&netprobetest.SMTP{TLS: config}, netprobe.OK, "", ""},
		"not offered":                {&netprobetest.SMTP{}, netprobe.Critical, netprobe.StartTLSMissing, netprobe.PhaseEHLO},
		"offered on the last line":   {&netprobetest.SMTP{TLS: config, EHLO: "250-a\r\n250 starttls\r\n"}, netprobe.OK, "", ""},
		"named in the greeting only": {&netprobetest.SMTP{TLS: config, EHLO: "250-STARTTLS\r\n250 SIZE\r\n"}, netprobe.Critical, netprobe.StartTLSMissing, netprobe.PhaseEHLO},
		"454":                        {&netprobetest.SMTP{StartTLS: "454 4.7.0 not now\r\n"}, netprobe.Warning, netprobe.ProtoDefer, netprobe.PhaseStartTLS},
		"stalls":                     {&netprobetest.SMTP{Stall: true}, netprobe.Critical, netprobe.TLSTimeout, netprobe.PhaseTLS},
		"injection":                  {&netprobetest.SMTP{TLS: config, StartTLS: "220 go\r\n250 injected\r\n"}, netprobe.Critical, netprobe.ProtoInjection, netprobe.PhaseStartTLS},
	} {
		t.Run(name, func(t *testing.T) {
			limit := time.Minute
			if c.smtp.Stall {
				limit = time.Second
			}
			res := protocol.SMTP{
				Addr: listen(t, c.smtp.Serve), Timeout: limit, StartTLS: protocol.Required,
				Policy: netprobe.TLSPolicy{Roots: pool},
			}.Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			assert.Equal(t, c.phase, res.Phase)
			if name == "stalls" {
				assert.Empty(t, res.Facts["capabilities"], "what was learned in plain text does not count")
			}
		})
	}
}

func TestEHLOIsSaidAgainInsideTLSAndQuitLast(t *testing.T) {
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	smtp := &netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	res := protocol.SMTP{Addr: listen(t, smtp.Serve), StartTLS: protocol.Optional, HELO: "probe.example", Policy: netprobe.TLSPolicy{Roots: pool}}.Probe(t.Context())
	require.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Equal(t, []string{"EHLO probe.example", "STARTTLS", "EHLO probe.example", "QUIT"}, smtp.Commands())
	assert.Equal(t, "TLS 1.3", res.TLS.Version)
	assert.True(t, res.TLS.KnownCA)
}

func TestCertificateFaultsAreApartAndFactsAlwaysThere(t *testing.T) {
	now := time.Now()
	long := now.AddDate(0, 6, 0)
	for name, c := range map[string]struct {
		from, to time.Time
		name     string
		foreign  bool
		want     map[netprobe.Cause]netprobe.State
	}{
		"good":              {now.Add(-time.Hour), long, "127.0.0.1", false, nil},
		"expired":           {now.AddDate(-1, 0, 0), now.Add(-time.Hour), "127.0.0.1", false, map[netprobe.Cause]netprobe.State{netprobe.TLSExpired: netprobe.Critical}},
		"not yet":           {now.AddDate(0, 1, 0), long, "127.0.0.1", false, map[netprobe.Cause]netprobe.State{netprobe.TLSNotYet: netprobe.Critical}},
		"in four days":      {now.AddDate(0, -3, 0), now.AddDate(0, 0, 4), "127.0.0.1", false, map[netprobe.Cause]netprobe.State{netprobe.TLSExpiring: netprobe.Critical}},
		"in ten days":       {now.AddDate(0, -3, 0), now.AddDate(0, 0, 10), "127.0.0.1", false, map[netprobe.Cause]netprobe.State{netprobe.TLSExpiring: netprobe.Warning}},
		"other host":        {now.Add(-time.Hour), long, "www.example", false, map[netprobe.Cause]netprobe.State{netprobe.TLSHostname: netprobe.Critical}},
		"unknown authority": {now.Add(-time.Hour), long, "127.0.0.1", true, map[netprobe.Cause]netprobe.State{netprobe.TLSChain: netprobe.Critical}},
		"everything": {now.AddDate(-1, 0, 0), now.Add(-time.Hour), "www.example", true, map[netprobe.Cause]netprobe.State{
			netprobe.TLSExpired: netprobe.Critical, netprobe.TLSHostname: netprobe.Critical, netprobe.TLSChain: netprobe.Critical,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cert, pool, err := netprobetest.Certify(c.from, c.to, c.name)
			require.NoError(t, err)
			if c.foreign {
				_, pool, err = netprobetest.Certify(c.from, c.to)
				require.NoError(t, err)
			}
			smtp := &netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
			res := protocol.SMTP{Addr: listen(t, smtp.Serve), StartTLS: protocol.Required, Policy: netprobe.TLSPolicy{Roots: pool}}.Probe(t.Context())
			got := map[netprobe.Cause]netprobe.State{}
			for _, is := range res.Issues {
				got[is.Cause] = is.State
			}
			if c.want == nil {
				c.want = map[netprobe.Cause]netprobe.State{}
			}
			assert.Equal(t, c.want, got)
			require.NotNil(t, res.TLS)
			assert.WithinDuration(t, c.to, res.TLS.NotAfter, time.Second)
			assert.Equal(t, []string{c.name}, res.TLS.Names)
			assert.Equal(t, !c.foreign, res.TLS.KnownCA)
		})
	}
}

func TestPolicyCanLeaveNameAndIssuerToTheReader(t *testing.T) {
	now := time.Now()
	cert, _, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 6, 0), "www.example")
	require.NoError(t, err)
	smtp := &netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	_, empty, err := netprobetest.Certify(now, now.AddDate(1, 0, 0))
	require.NoError(t, err)
	res := protocol.SMTP{
		Addr: listen(t, smtp.Serve), StartTLS: protocol.Required,
		Policy: netprobe.TLSPolicy{Roots: empty, AnyName: true, AnyIssuer: true},
	}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.False(t, res.TLS.KnownCA)
	assert.False(t, res.TLS.NameOK)
}

func TestHELOCannotCarryAnotherCommand(t *testing.T) {
	smtp := &netprobetest.SMTP{}
	res := protocol.SMTP{Addr: listen(t, smtp.Serve), HELO: "a\r\nMAIL FROM:<x>"}.Probe(t.Context())
	assert.Equal(t, netprobe.LocalConfig, res.Cause)
	assert.Empty(t, smtp.Commands())
}

func TestOtherProtocols(t *testing.T) {
	for name, c := range map[string]struct {
		probe func(addr string) netprobe.Prober
		serve netprobetest.Behaviour
		state netprobe.State
		cause netprobe.Cause
	}{
		"imap":               {imap, netprobetest.Say("* OK ready\r\n"), netprobe.OK, ""},
		"imap bye":           {imap, netprobetest.Say("* BYE full\r\n"), netprobe.Critical, netprobe.ProtoSyntax},
		"http 200":           {web, netprobetest.Say("HTTP/1.1 200 OK\r\n\r\n"), netprobe.OK, ""},
		"http 404 answers":   {web, netprobetest.Say("HTTP/1.0 404 \r\n\r\n"), netprobe.OK, ""},
		"http 502":           {web, netprobetest.Say("HTTP/1.1 502 Bad Gateway\r\n\r\n"), netprobe.Critical, netprobe.ProtoReject},
		"http 503":           {web, netprobetest.Say("HTTP/1.1 503 Busy\r\n\r\n"), netprobe.Critical, netprobe.ProtoDefer},
		"http other":         {web, netprobetest.Say("ICY 200 OK\r\n"), netprobe.Critical, netprobe.ProtoSyntax},
		"ssh":                {ssh, netprobetest.Say("SSH-2.0-OpenSSH_9.2\r\n"), netprobe.OK, ""},
		"ssh with a preface": {ssh, netprobetest.Say("welcome\r\nSSH-2.0-x\r\n"), netprobe.OK, ""},
		"ssh 1":              {ssh, netprobetest.Say("SSH-1.5-x\r\n"), netprobe.Critical, netprobe.ProtoSyntax},
		"ssh busy":           {ssh, netprobetest.Say("Exceeded MaxStartups\r\n"), netprobe.Warning, netprobe.ProtoDefer},
		"only connect":       {func(a string) netprobe.Prober { return netprobe.TCP{Addr: a} }, netprobetest.Silent, netprobe.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := c.probe(listen(t, c.serve)).Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause)
		})
	}
}

func imap(a string) netprobe.Prober { return netprobe.TCP{Addr: a, Expect: []string{"* OK"}} }
func web(a string) netprobe.Prober  { return protocol.HTTP{Addr: a} }
func ssh(a string) netprobe.Prober  { return protocol.SSH{Addr: a} }

func TestProberPanicBecomesUnknown(t *testing.T) {
	boom := func(context.Context, string, string) (net.Conn, error) { panic("boom") }
	res := netprobe.TCP{Addr: "a:1", Net: netprobe.Net{Dial: boom}}.Probe(t.Context())
	assert.Equal(t, netprobe.Unknown, res.State)
	assert.True(t, strings.Contains(res.Detail, "boom"))
}

func ExampleTCP() {
	srv, err := netprobetest.Listen(netprobetest.Say("* BYE too many users\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	res := netprobe.TCP{Addr: srv.Addr(), Expect: []string{"* OK"}, Quit: "a LOGOUT"}.Probe(context.Background())
	fmt.Println(res.State, res.Facts.Get("banner"))
	// Output: critical * BYE too many users
}

func ExampleHTTP() {
	srv, err := netprobetest.Listen(netprobetest.Say("HTTP/1.1 204 No Content\r\n\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	res := protocol.HTTP{Addr: srv.Addr()}.Probe(context.Background())
	fmt.Println(res.State, res.Code)
	// Output: ok 204
}

func ExampleSSH() {
	srv, err := netprobetest.Listen(netprobetest.Say("SSH-2.0-OpenSSH_9.2\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	res := protocol.SSH{Addr: srv.Addr()}.Probe(context.Background())
	fmt.Println(res.State, res.Facts.Get("banner"))
	// Output: ok SSH-2.0-OpenSSH_9.2
}

func ExampleSMTP() {
	srv, err := netprobetest.Listen((&netprobetest.SMTP{Banner: "554 5.3.2 closed for repair\r\n"}).Serve)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	res := protocol.SMTP{Addr: srv.Addr()}.Probe(context.Background())
	fmt.Println(res.State, res.Cause, res.Phase, res.Code)
	fmt.Println(res.Detail)
	// Output:
	// critical proto.reject banner 554
	// the server answered 554 "5.3.2 closed for repair", expected was 220
}

func TestExpiredCertificateThatIsSentAlongIsNamedAndOnlyAWarning(t *testing.T) {
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.Add(90*24*time.Hour), "127.0.0.1")
	require.NoError(t, err)
	stale, _, err := netprobetest.Certify(now.Add(-48*time.Hour), now.Add(-time.Hour), "old.example")
	require.NoError(t, err)
	cert.Certificate = append(cert.Certificate, stale.Certificate[0])
	srv, err := netprobetest.Listen((&netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}).Serve)
	require.NoError(t, err)
	defer srv.Close()
	probe := protocol.SMTP{Addr: srv.Addr(), StartTLS: protocol.Required, Policy: netprobe.TLSPolicy{Roots: pool}}
	res := probe.Probe(t.Context())
	assert.Equal(t, netprobe.Warning, res.State)
	assert.Equal(t, netprobe.TLSExpired, res.Cause)
	assert.Contains(t, res.Detail, "which the server sends along, expired ")
	probe.Policy = netprobe.TLSPolicy{AnyIssuer: true}
	assert.Equal(t, netprobe.Warning, probe.Probe(t.Context()).State, "it signed nothing of the path")
}
