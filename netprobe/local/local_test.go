package local_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/netprobe/local"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// machine has a program "sshd" on 0.0.0.0:2222, "master" on 127.0.0.1:25 and
// "dbd" on 127.0.0.1:5000, as far as keep keeps their table lines.
func machine(t *testing.T, keep ...string) *hosttest.Machine {
	t.Helper()
	table := "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for i, line := range []string{"00000000:08AE", "0100007F:0019", "0100007F:1388"} {
		if len(keep) == 0 || strings.Contains(strings.Join(keep, " "), []string{"sshd", "master", "dbd"}[i]) {
			table += fmt.Sprintf("   %d: %s 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 %d 1 0 100 0 0 10 0\n", i, line, 1001+i)
		}
	}
	m := hosttest.New(`A machine with three listeners, written for this test.
-- machine now=2026-11-25T06:00:00Z --
-- $ ["uname","-snrm"] --
Linux box 6.1.0 x86_64
-- /proc/net/tcp --
` + table + `-- /proc/net/tcp6 absent --
-- /proc/stat absent --
-- /proc/ dir complete --
` + program(10, "sshd", 1001) + program(11, "master", 1002) + program(12, "dbd", 1003))
	m.SetServer("tcp", "127.0.0.1:2222", serve(netprobetest.Say("SSH-2.0-x\r\n")))
	m.SetServer("tcp", "127.0.0.1:25", serve((&netprobetest.SMTP{}).Serve))
	return m
}

func program(pid int, name string, inode int) string {
	return fmt.Sprintf(`-- /proc/%[1]d/ dir complete --
-- /proc/%[1]d/stat --
%[1]d (%[2]s) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 100 1000 10 18446744073709551615
-- /proc/%[1]d/exe link=/usr/sbin/%[2]s --
-- /proc/%[1]d/fd/ dir complete --
-- /proc/%[1]d/fd/3 link=socket:[%[3]d] --
`, pid, name, inode)
}

func serve(b netprobetest.Behaviour) func(net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		b(c, nil)
	}
}

func run(t *testing.T, h host.Host, store memory.Store) report.Result {
	t.Helper()
	rep, err := (&suite.Suite{Checks: []report.Checker{local.Services{Host: h}}, Store: store}).Run(t.Context())
	require.NoError(t, err)
	return rep.Results[0]
}

func rules(res report.Result) []string {
	ids := []string{}
	for _, f := range res.Findings {
		ids = append(ids, f.Rule+" "+f.Subject.Value)
	}
	return ids
}

func TestServicesThatAnswerAreMeasuredAndNotReported(t *testing.T) {
	res := run(t, machine(t).Host(), nil)
	assert.Equal(t, report.OK, res.Status, res.Problems)
	assert.Empty(t, res.Findings)
	up := map[string]string{}
	for _, m := range res.Metrics {
		if m.Name == "probe_up" {
			up[m.Attrs[0].Value] = m.Value.String()
		}
	}
	assert.Equal(t, map[string]string{"ssh://127.0.0.1:2222": "1", "smtp://127.0.0.1:25": "1"}, up)
	assert.True(t, res.Covers("services/smtp/127.0.0.1:25"))
}

// What a person types names the unit behind the listener.
func TestTheRemedyNamesTheUnitOfTheService(t *testing.T) {
	m := machine(t)
	m.SetServer("tcp", "127.0.0.1:25", nil)
	const more = `
-- /etc/os-release --
ID=debian
-- /run/systemd/system/ dir --
-- /proc/11/cgroup --
0::/system.slice/postfix.service
`
	require.NoError(t, m.Add(more))
	res := run(t, m.Host(), nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, &report.Remedy{
		Look:   [][]string{{"ss", "-ltunp"}, {"journalctl", "--no-pager", "-n", "50", "-u", "postfix.service"}},
		Do:     [][]string{{"systemctl", "restart", "--", "postfix.service"}},
		Verify: [][]string{{"systemctl", "status", "--no-pager", "--", "postfix.service"}},
	}, res.Findings[0].Remedy)
}

func TestServiceThatIsDownIsCriticalWithItsListener(t *testing.T) {
	m := machine(t)
	m.SetServer("tcp", "127.0.0.1:25", nil)
	res := run(t, m.Host(), nil)
	require.Len(t, res.Findings, 1)
	f := res.Findings[0]
	assert.Equal(t, "netprobe.local.unreachable", f.Rule)
	assert.Equal(t, report.Critical, f.Severity)
	assert.Equal(t, "smtp://127.0.0.1:25 (master) refuses connections", f.Title)
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Listener, Value: "tcp/127.0.0.1:25"})
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Process, Value: "master"})
}

func TestWhatThisSideCannotDoIsAProblemAndNoFinding(t *testing.T) {
	h := machine(t).Host()
	h.Dial = nil
	res := run(t, h, nil)
	assert.Empty(t, res.Findings)
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("services/smtp/127.0.0.1:25"))
	for _, p := range res.Problems {
		assert.Equal(t, report.CodeUnsupported, p.Code)
	}
}

func TestServiceThatStopsListeningIsReportedOnce(t *testing.T) {
	var store reporttest.Store
	assert.Empty(t, run(t, machine(t).Host(), &store).Findings)
	res := run(t, machine(t, "sshd", "dbd").Host(), &store)
	assert.Equal(t, []string{"netprobe.local.gone smtp://127.0.0.1:25"}, rules(res))
	assert.Equal(t, report.Event, res.Findings[0].Kind)
	assert.Empty(t, run(t, machine(t, "sshd", "dbd").Host(), &store).Findings, "it is remembered as open, not found anew")
}

func TestAServiceThatWasRemovedIsNotToBeStarted(t *testing.T) {
	const units = "\n-- /etc/os-release --\nID=debian\n-- /run/ dir complete=tree --\n-- /run/systemd/system/ dir complete --\n-- /etc/ dir complete --\n" +
		"-- /usr/ dir complete --\n-- /usr/lib/ dir complete --\n-- /usr/lib/systemd/ dir complete --\n-- /usr/lib/systemd/system/ dir complete --\n-- /lib link=/usr/lib --\n-- /usr/local/ dir complete --\n"
	for unit, c := range map[string]struct {
		severity report.Severity
		do       bool
	}{"": {report.Warning, false}, "-- /usr/lib/systemd/system/postfix@.service --\n": {report.Critical, true}} {
		var store reporttest.Store
		m := machine(t)
		require.NoError(t, m.Add(units+"-- /proc/11/cgroup --\n0::/system.slice/system-postfix.slice/postfix@-.service\n"))
		require.Empty(t, run(t, m.Host(), &store).Findings)
		m = machine(t, "sshd", "dbd")
		require.NoError(t, m.Add(units+unit))
		res := run(t, m.Host(), &store)
		require.Equal(t, []string{"netprobe.local.gone smtp://127.0.0.1:25"}, rules(res))
		assert.Equal(t, c.severity, res.Findings[0].Severity)
		assert.Equal(t, c.do, res.Findings[0].Remedy != nil && len(res.Findings[0].Remedy.Do) > 0)
	}
}

func TestServiceWhoseProgramIsHiddenIsNotGone(t *testing.T) {
	var store reporttest.Store
	run(t, machine(t).Host(), &store)
	m := machine(t)
	require.NoError(t, m.Remove("/proc/10")) // sshd on port 2222 is known by its program alone
	m.SetServer("tcp", "127.0.0.1:2222", nil)
	assert.Equal(t, []string{"netprobe.local.unreachable ssh://localhost:2222"}, rules(run(t, m.Host(), &store)))
}

func TestNoSuchServiceIsSkippedOnlyWhenProven(t *testing.T) {
	m := machine(t, "dbd")
	assert.Equal(t, report.Skipped, run(t, m.Host(), nil).Status)
	require.NoError(t, m.Remove("/proc/12"))
	res := run(t, m.Host(), nil)
	assert.Equal(t, report.OK, res.Status, "the program behind port 5000 is not known")
}

func TestUnreadableListenersAreAFailure(t *testing.T) {
	m := machine(t)
	m.SetCommand([]string{"uname", "-snrm"}, host.Output{Exit: 1}, nil)
	res := run(t, m.Host(), nil)
	assert.Equal(t, report.Failed, res.Status)
	assert.False(t, res.Covers("services"))
}

func TestDamagedMemoryIsSaid(t *testing.T) {
	store := reporttest.Store{}
	require.NoError(t, store.Save(t.Context(), memory.Saved{Kept: map[string]map[string][]byte{"netprobe.local": {"answered": []byte("{")}}}))
	res := run(t, machine(t).Host(), &store)
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("services/gone"))
	assert.True(t, res.Covers("services/smtp/127.0.0.1:25"))
}

// table makes a machine whose kernel lists these listening sockets, all of one
// program, in the hexadecimal form of the kernel.
func table(program4 []string, program6 []string, name string) *hosttest.Machine {
	const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	text := "A machine with one program, written for this test.\n-- machine now=2026-11-25T06:00:00Z --\n" +
		"-- $ [\"uname\",\"-snrm\"] --\nLinux box 6.1.0 x86_64\n-- /proc/stat absent --\n-- /proc/ dir complete --\n-- /proc/net/tcp --\n" + header
	inode, fds := 1000, ""
	line := func(addr, zero string) {
		inode++
		text += fmt.Sprintf("   0: %s %s:0000 0A 00000000:00000000 00:00000000 00000000     0        0 %d 1 0 100 0 0 10 0\n", addr, zero, inode)
		fds += fmt.Sprintf("-- /proc/10/fd/%d link=socket:[%d] --\n", inode, inode)
	}
	for _, addr := range program4 {
		line(addr, "00000000")
	}
	text += "-- /proc/net/tcp6 --\n" + header
	for _, addr := range program6 {
		line(addr, strings.Repeat("0", 32))
	}
	return hosttest.New(text + program(10, name, 0) + fds)
}

var (
	any4  = []string{"00000000:0019"}
	any6  = []string{strings.Repeat("0", 32) + ":0019"}
	smtpd = serve((&netprobetest.SMTP{}).Serve)
)

func TestOneServerThatFailsOnBothFamiliesIsOneFinding(t *testing.T) {
	m := table(any4, any6, "master")
	m.SetServer("tcp", "127.0.0.1:25", nil)
	m.SetServer("tcp", "[::1]:25", nil)
	res := run(t, m.Host(), nil)
	require.Len(t, res.Findings, 1)
	f := res.Findings[0]
	assert.Equal(t, "smtp://localhost:25 (master) refuses connections", f.Title)
	assert.EqualValues(t, 1, f.Count)
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Listener, Value: "tcp/0.0.0.0:25"})
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Listener, Value: "tcp/[::]:25"})
	assert.Contains(t, f.Detail, "127.0.0.1:25, tried once: ")
	assert.Contains(t, f.Detail, "[::1]:25, tried once: ")
	both := f.Fingerprint

	m.SetServer("tcp", "127.0.0.1:25", smtpd)
	res = run(t, m.Host(), nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "smtp://localhost:25 (master) on [::1]:25 refuses connections", res.Findings[0].Title)
	assert.Equal(t, both, res.Findings[0].Fingerprint, "it is the same problem, now of one family alone")
}

func TestSocketOfBothFamiliesIsReachedWithoutALoopbackOfIPv6(t *testing.T) {
	m := table(nil, any6, "master")
	m.SetServer("tcp", "127.0.0.1:25", smtpd)
	h := m.Host()
	h.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "[") {
			return nil, &net.OpError{Op: "dial", Err: syscall.EADDRNOTAVAIL}
		}
		return m.Host().Dial(ctx, network, addr)
	}
	res := run(t, h, nil)
	assert.Equal(t, report.OK, res.Status, res.Problems)
	m.SetServer("tcp", "127.0.0.1:25", nil)
	res = run(t, h, nil)
	assert.Empty(t, res.Findings, "what this system cannot reach is no fault of the service")
	assert.Equal(t, report.Partial, res.Status)
}

func TestServiceThatKeepsAnotherListenerIsNotOutOfReach(t *testing.T) {
	var store reporttest.Store
	m := table(any4, any6, "master")
	m.SetServer("tcp", "127.0.0.1:25", smtpd)
	m.SetServer("tcp", "[::1]:25", smtpd)
	run(t, m.Host(), &store)
	m = table(nil, any6, "master")
	m.SetServer("tcp", "[::1]:25", smtpd)
	res := run(t, m.Host(), &store)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, report.Warning, res.Findings[0].Severity)
	assert.Equal(t, "smtp://localhost:25 (master) no longer listens on 0.0.0.0:25", res.Findings[0].Title)
	assert.Equal(t, "The same program still listens on [::]:25, so it may be reached under another address only.", res.Findings[0].Detail)
	res = run(t, table(nil, nil, "master").Host(), &store)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, report.Critical, res.Findings[0].Severity)
}

func TestServiceWhoseListenersAllEndIsOneFinding(t *testing.T) {
	var store reporttest.Store
	m := table(any4, any6, "master")
	m.SetServer("tcp", "127.0.0.1:25", smtpd)
	m.SetServer("tcp", "[::1]:25", smtpd)
	run(t, m.Host(), &store)
	res := run(t, table(nil, nil, "master").Host(), &store)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "smtp://localhost:25 (master) no longer listens", res.Findings[0].Title)
	assert.Equal(t, report.Critical, res.Findings[0].Severity)
	assert.Len(t, res.Findings[0].Evidence, 3, "both listeners and the program")
}

func TestOtherProgramOnThePortOfAServiceIsNamed(t *testing.T) {
	var store reporttest.Store
	at := []string{"00000000:1F41"} // 8001
	m := table(at, nil, "nginx")
	m.SetServer("tcp", "127.0.0.1:8001", page(200))
	run(t, m.Host(), &store)
	res := run(t, table(at, nil, "dbd").Host(), &store)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "It listened and answered when it was last looked at; now the program dbd listens there.", res.Findings[0].Detail)
}

func TestEndOfTheOnlyServiceStaysOpenOnTheNextDay(t *testing.T) {
	var store reporttest.Store
	m := table(any4, nil, "master")
	m.SetServer("tcp", "127.0.0.1:25", smtpd)
	run(t, m.Host(), &store)
	empty := table([]string{"00000000:1388"}, nil, "dbd").Host()
	require.Len(t, run(t, empty, &store).Findings, 1)
	for range 2 {
		assert.Equal(t, report.OK, run(t, empty, &store).Status, "skipping would retire the event before anybody has signed it")
	}
}

// page answers one request with a status.
func page(code int) func(net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			fmt.Fprintf(c, "HTTP/1.1 %d x\r\n\r\n", code)
		}
	}
}

func TestProtocolThatIsOnlyConcludedIsSaidToBe(t *testing.T) {
	m := table([]string{"00000000:008F"}, nil, "dbd") // 143
	m.SetServer("tcp", "127.0.0.1:143", serve(netprobetest.Say("hello\r\n")))
	res := run(t, m.Host(), nil)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, `imap://localhost:143 (dbd): the greeting is "hello", expected was "* OK" or "* PREAUTH"`, res.Findings[0].Title)
	assert.Contains(t, res.Findings[0].Detail, "That it speaks imap is concluded from its port or its program.")
}

func TestFailingBackEndIsNotCalledTooBusy(t *testing.T) {
	for code, want := range map[int]string{
		500: "http://localhost:80 (nginx) answers with the error 500",
		503: "http://localhost:80 (nginx) answers with the error 503",
	} {
		m := table([]string{"00000000:0050"}, nil, "nginx")
		m.SetServer("tcp", "127.0.0.1:80", page(code))
		res := run(t, m.Host(), nil)
		require.Len(t, res.Findings, 1)
		assert.Equal(t, want, res.Findings[0].Title)
	}
}

func TestFiftyServicesOfWhichHalfAreSilentAreAllAsked(t *testing.T) {
	var targets []local.Target
	silent, err := netprobetest.Listen(netprobetest.Silent)
	require.NoError(t, err)
	defer silent.Close()
	good, err := netprobetest.Listen((&netprobetest.SMTP{}).Serve)
	require.NoError(t, err)
	defer good.Close()
	for i := range 50 {
		p := protocol.SMTP{Addr: silent.Addr(), Timeout: 100 * time.Millisecond}
		if i%2 == 1 {
			p = protocol.SMTP{Addr: good.Addr(), Timeout: time.Minute}
		}
		targets = append(targets, local.Target{URL: fmt.Sprintf("smtp://host%d:25", i), Prober: p})
	}
	res, err := suite.Collect(t.Context(), local.Services{Targets: targets})
	require.NoError(t, err)
	assert.Len(t, res.Findings, 25)
}

func TestDiscoverProbesWildcardsOnLoopback(t *testing.T) {
	socket := func(addr, process string) sysview.Socket {
		return sysview.Socket{Network: "tcp", Local: netip.MustParseAddrPort(addr), Process: sysview.Process{PID: 1, Name: process}}
	}
	var urls []string
	for _, target := range local.Discover(host.Host{}, []sysview.Socket{
		socket("0.0.0.0:80", "nginx"), socket("[::]:443", "nginx"), socket("127.0.0.1:8001", "nginx"),
		socket("10.0.0.1:993", "dovecot"), socket("0.0.0.0:5432", "postgres"), socket("0.0.0.0:443", "sshd"),
		socket("[fe80::1]:22", "sshd"), socket("[::ffff:127.0.0.1]:25", "java"), socket("0.0.0.0:443", "openvpn"), socket("0.0.0.0:80", "nginx"), socket("0.0.0.0:25", ""),
	}) {
		urls = append(urls, target.URL)
	}
	assert.Equal(t, []string{
		"http://127.0.0.1:80", "https://[::1]:443", "http://127.0.0.1:8001", "imaps://10.0.0.1:993",
		"ssh://127.0.0.1:443", "smtp://127.0.0.1:25",
	}, urls)
}

func TestServicesKeepTheContractOfCheckers(t *testing.T) {
	m := machine(t)
	m.SetServer("tcp", "127.0.0.1:25", nil)
	err := reporttest.TestChecker(t.Context(), func() report.Checker { return local.Services{Host: m.Host()} }, reporttest.Options{Changes: true})
	assert.NoError(t, err)
}

func ExampleServices() {
	srv, err := netprobetest.Listen((&netprobetest.SMTP{EHLO: "554 5.7.1 go away\r\n"}).Serve)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	check := local.Services{Targets: []local.Target{
		{URL: "smtp://mx.example:25", Prober: protocol.SMTP{Addr: srv.Addr(), Timeout: time.Minute}},
	}}
	res, err := suite.Collect(context.Background(), check)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range res.Findings {
		fmt.Println(f.Severity, f.Title)
	}
	// Output: critical smtp://mx.example:25 refuses its service with 554
}

func TestServicesOnThisMachineAreFoundOrSkipped(t *testing.T) {
	res, err := suite.Collect(t.Context(), local.Services{Host: host.Local()})
	require.NoError(t, err)
	assert.Contains(t, []report.Status{report.OK, report.Partial, report.Skipped}, res.Status, res.Reason)
}

// Who was reached with TLS, or answered requests, does so still.
func TestAServiceGivesNoLessThanItGaveBefore(t *testing.T) {
	page := func(c net.Conn) {
		defer c.Close()
		if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}
	cert, _, err := netprobetest.Certify(recorded.AddDate(0, -1, 0), recorded.AddDate(0, 2, 0), "mail.example")
	require.NoError(t, err)
	offering := &netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	for name, c := range map[string]struct {
		program, hex, addr string
		before, after      func(net.Conn)
		want               string
	}{
		"a mail server without its TLS": {"master", "00000000:0019", "127.0.0.1:25", serve(offering.Serve), serve((&netprobetest.SMTP{}).Serve), "netprobe.local.tls smtp://localhost:25"},
		"a web server that closes":      {"nginx", "00000000:0050", "127.0.0.1:80", page, readAndClose, "netprobe.local.unreachable http://localhost:80"},
		"a web server without its TLS":  {"nginx", "00000000:20FB", "127.0.0.1:8443", secure(t, recorded.AddDate(0, 2, 0), nil), page, "netprobe.local.tls http://localhost:8443"},
		"a name that is refused":        {"nginx", "00000000:20FB", "127.0.0.1:8443", secure(t, recorded.AddDate(0, 2, 0), nil), rejectName, "netprobe.local.tls http://localhost:8443"},
	} {
		store := &reporttest.Store{}
		m := table([]string{c.hex}, nil, c.program)
		m.SetServer("tcp", c.addr, c.before)
		for range 2 {
			assert.Empty(t, run(t, m.Host(), store).Findings, name)
		}
		m.SetServer("tcp", c.addr, c.after)
		for range 2 { // until a person accepts it
			res := run(t, m.Host(), store)
			assert.Equal(t, []string{c.want}, rules(res), name)
			assert.Equal(t, report.Critical, res.Findings[0].Severity, name)
		}
		assert.Empty(t, run(t, m.Host(), nil).Findings, "%s: of a server that was never otherwise it is its way", name)
	}
}
