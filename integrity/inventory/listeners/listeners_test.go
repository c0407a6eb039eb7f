package listeners_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A small Linux whose sockets are set by the tests; the forms are recorded live.
const small = `A small Linux.
-- $ ["uname", "-snrm"] --
Linux mail 6.1.0-41-amd64 x86_64
-- /etc/passwd --
root:x:0:0:root:/root:/bin/sh
www-data:x:33:33::/var/www:/bin/false
-- /proc/sys/net/ipv4/ip_local_port_range --
32768	60999
-- /proc/ dir complete --
-- /proc/stat --
cpu0 1 2 3
btime 1764000000
-- /proc/812/stat --
812 (sshd) S 1 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1000 9 9
-- /proc/812/exe link=/usr/sbin/sshd --
-- /proc/812/fd/ dir complete --
-- /proc/812/fd/3 link="socket:[4711]" --
-- /proc/900/stat --
900 (xd) S 1 900 900 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 2000 9 9
-- /proc/900/exe link="/tmp/xd (deleted)" --
-- /proc/900/fd/ dir complete --
-- /proc/900/fd/3 link="socket:[4712]" --
-- /proc/net/tcp6 absent --
-- /proc/net/udp6 absent --
`

const head = "sl local_address rem_address st\n"

// row is a line of /proc/net/tcp or udp.
func row(addr string, state string, uid, inode int) string {
	return fmt.Sprintf("0: %s 00000000:0000 %s 0:0 0:0 0 %d 0 %d 1\n", addr, state, uid, inode)
}

var ssh = row("00000000:0016", "0A", 0, 4711)

// world is the machine with these tables.
func world(t *testing.T, tcp, udp string) *hosttest.Machine {
	t.Helper()
	return hosttest.New(small + "-- /proc/net/tcp --\n" + head + tcp + "-- /proc/net/udp --\n" + head + udp)
}

// kept is the check of a question with its baseline in dir.
func kept(dir string, q inventory.Question) inventory.Check {
	return inventory.Check{Question: q, Dir: dir}
}

// runs checks one world after the other with one memory.
func runs(t *testing.T, worlds ...*hosttest.Machine) []report.Result {
	t.Helper()
	store, dir := memory.FileStore{Dir: t.TempDir()}, t.TempDir()
	var out []report.Result
	for _, w := range worlds {
		set := suite.Suite{Checks: []report.Checker{kept(dir, listeners.Sockets{Host: w.Host()})}, Store: store}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		out = append(out, rep.Results[0])
	}
	return out
}

func TestTheFirstRunFindsNothingAndTheNextOnlyWhatIsNew(t *testing.T) {
	before := world(t, ssh, "")
	after := world(t, ssh+row("00000000:2B67", "0A", 33, 4712)+row("0100007F:0019", "0A", 0, 1), "")
	res := runs(t, before, before, after, after, before)
	for i, n := range []int{0, 0, 2, 2, 0} {
		assert.Equal(t, report.OK, res[i].Status, "%v", res[i].Problems)
		assert.Len(t, res[i].Findings, n, "run %d", i)
		assert.True(t, res[i].Covers("listeners/tcp"))
	}
	assert.Empty(t, cmp.Diff(report.Finding{
		Rule: "integrity.listeners.new", Subject: report.Attr{Key: report.Listener, Value: "tcp/0.0.0.0:11111"},
		Scope: "listeners/tcp", Severity: report.Warning,
		Title: "xd listens on tcp port 11111 of all IPv4 addresses and did not before",
		Detail: "Other machines can reach it, if no firewall stands between. The program is xd (/tmp/xd), run by the user www-data, " +
			"process 900. Its program file was removed or replaced since it started.",
		Evidence: []report.Attr{{Key: report.Process, Value: "xd"}, {Key: report.Path, Value: "/tmp/xd"}, report.Program.Of("/tmp/xd"), {Key: report.User, Value: "www-data"}},
	}, res[2].Findings[0], cmp.FilterPath(func(p cmp.Path) bool {
		switch p.Last().String() {
		case ".Fix", ".Remedy", ".Count", ".Kind", ".Explain", ".Fingerprint", ".State":
			return true
		}
		return false
	}, cmp.Ignore())))
	assert.Equal(t, "notice: A program listens on tcp port 25 of 127.0.0.1 and did not before",
		res[2].Findings[1].Severity.String()+": "+res[2].Findings[1].Title)
	assert.Contains(t, res[2].Findings[1].Detail, "could not be seen")
	assert.Equal(t, res[2].Findings[0].State, res[3].Findings[0].State)
}

func TestAListenerThatIsGoneIsFoundUntilItIsBack(t *testing.T) {
	with, without := world(t, ssh, ""), world(t, "", "")
	res := runs(t, with, without, with)
	require.Len(t, res[1].Findings, 1)
	assert.Equal(t, "Nothing listens on tcp port 22 of all IPv4 addresses any more, where sshd did", res[1].Findings[0].Title)
	assert.Empty(t, res[2].Findings)
}

func TestAnotherProgramInAKnownPlaceIsFound(t *testing.T) {
	res := runs(t, world(t, ssh, ""), world(t, row("00000000:0016", "0A", 33, 4712), ""))
	require.Len(t, res[1].Findings, 1)
	assert.Equal(t, "integrity.listeners.program", res[1].Findings[0].Rule)
	assert.Equal(t, "xd now listens on tcp port 22 of all IPv4 addresses, where sshd did", res[1].Findings[0].Title)
}

func TestAProgramThatCannotBeSeenIsNotAnotherProgram(t *testing.T) {
	hidden := strings.ReplaceAll(small, "-- /proc/812/fd/ dir complete --\n-- /proc/812/fd/3 link=\"socket:[4711]\" --\n", "-- /proc/812/fd/ dir error=permission --\n")
	user := hosttest.New(hidden + "-- /proc/net/tcp --\n" + head + ssh + "-- /proc/net/udp --\n" + head)
	res := runs(t, world(t, ssh, ""), user)
	assert.Equal(t, report.OK, res[1].Status)
	assert.Empty(t, res[1].Findings)
	res = runs(t, user, world(t, ssh, ""))
	assert.Empty(t, res[1].Findings)
}

func TestATableThatCannotBeReadClosesNothing(t *testing.T) {
	broken := world(t, ssh, "")
	require.NoError(t, broken.Remove("/proc/net/tcp"))
	res := runs(t, world(t, ssh, ""), broken, world(t, "", ""))
	assert.Equal(t, report.Partial, res[1].Status)
	assert.Empty(t, res[1].Findings, "an unreadable table does not say that sshd is gone")
	assert.False(t, res[1].Covers("listeners/tcp"))
	assert.True(t, res[1].Covers("listeners/udp"))
	assert.Len(t, res[2].Findings, 1, "what was accepted is still known")
}

func TestADamagedMemoryIsNeverReadAsNothingRemembered(t *testing.T) {
	store := &reporttest.Store{}
	require.NoError(t, store.Save(t.Context(), memory.Saved{
		Report: &report.Report{}, Kept: map[string]map[string][]byte{"integrity.listeners": {"tcp-last": []byte("{")}},
	}))
	set := suite.Suite{Checks: []report.Checker{kept(t.TempDir(), listeners.Sockets{Host: world(t, ssh, "").Host()})}, Store: store}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	assert.Empty(t, rep.Results[0].Findings)
	assert.False(t, rep.Results[0].Covers("listeners/tcp"))
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "{", string(saved.Kept["integrity.listeners"]["tcp-last"]))
}

func listener(network, addr, program string) listeners.Listener {
	return listeners.Listener{Network: network, Addr: netip.MustParseAddrPort(addr), Program: program}
}

func TestPortsThatTheSystemChoseAreKnownByTheirProgram(t *testing.T) {
	chosen := listeners.Ports{First: 32768, Last: 60999}
	for _, c := range []struct {
		sentence      string
		before, after []listeners.Listener
		want          int
	}{
		{
			"a program that was given another port has not changed",
			[]listeners.Listener{listener("tcp", "0.0.0.0:40000", "rpc.statd")},
			[]listeners.Listener{listener("tcp", "0.0.0.0:41000", "rpc.statd")},
			0,
		},
		{
			"one on a port that it chose itself has",
			[]listeners.Listener{listener("tcp", "0.0.0.0:4000", "x")},
			[]listeners.Listener{listener("tcp", "0.0.0.0:4001", "x")},
			2,
		},
		{
			"nor does a chosen port take the place of one of its own",
			[]listeners.Listener{listener("tcp", "0.0.0.0:4000", "x")},
			[]listeners.Listener{listener("tcp", "0.0.0.0:41000", "x")},
			2,
		},
		{
			"another program there is new, and the old one gone",
			[]listeners.Listener{listener("tcp", "0.0.0.0:40000", "rpc.statd")},
			[]listeners.Listener{listener("tcp", "0.0.0.0:41000", "xd")},
			2,
		},
		{
			"a UDP conversation that is over is nothing that is gone",
			[]listeners.Listener{listener("udp", "0.0.0.0:50000", "ntp")},
			nil, 0,
		},
		{
			"a program that was given another reserved port, as those of RPC are at each start, has not changed",
			[]listeners.Listener{listener("udp", "127.0.0.1:812", "rpc.statd")},
			[]listeners.Listener{listener("udp", "127.0.0.1:955", "rpc.statd")},
			0,
		},
		{
			"TCP has no such",
			[]listeners.Listener{listener("tcp", "127.0.0.1:812", "x")},
			[]listeners.Listener{listener("tcp", "127.0.0.1:955", "x")},
			2,
		},
		{
			"a question of a resolver that is answered is nothing that is gone",
			[]listeners.Listener{listener("udp", "0.0.0.0:53", "unbound"), listener("udp", "0.0.0.0:12345", "unbound")},
			[]listeners.Listener{listener("udp", "0.0.0.0:53", "unbound")},
			0,
		},
		{
			"but a program that is gone altogether is",
			[]listeners.Listener{listener("udp", "0.0.0.0:53", "unbound"), listener("udp", "0.0.0.0:12345", "unbound")},
			nil, 2,
		},
		{
			"a TCP listener there is never passing",
			nil,
			[]listeners.Listener{listener("tcp", "0.0.0.0:50000", "")},
			1,
		},
		{
			"a second socket of a known program on one more port is new",
			[]listeners.Listener{listener("tcp", "0.0.0.0:40000", "x")},
			[]listeners.Listener{listener("tcp", "0.0.0.0:40000", "x"), listener("tcp", "0.0.0.0:40001", "x")},
			1,
		},
	} {
		assert.Len(t, listeners.CompareListeners(c.before, c.after, chosen), c.want, c.sentence)
	}
}

func TestOneServiceOnManyAddressesIsOneFinding(t *testing.T) {
	six := func(inode int) string { return row("00000000000000000000000000000000:0016", "0A", 0, inode) }
	both := func(tcp, tcp6 string) *hosttest.Machine {
		m := world(t, tcp, "")
		require.NoError(t, m.Add("-- /proc/net/tcp6 --\n"+head+tcp6+"-- /proc/812/fd/4 link=\"socket:[4713]\" --\n"))
		return m
	}
	res := runs(t, both("", ""), both(ssh, six(4713)), both("", ""))
	require.Len(t, res[1].Findings, 1)
	f := res[1].Findings[0]
	assert.Equal(t, "sshd listens on tcp port 22 of all addresses and did not before", f.Title)
	assert.Equal(t, "tcp/0.0.0.0:22", f.Subject.Value)
	assert.Contains(t, f.Evidence, report.Attr{Key: report.Listener, Value: "tcp/[::]:22"})
	res = runs(t, both(ssh, six(4713)), both("", ""), both(ssh, six(4713)))
	require.Len(t, res[1].Findings, 1)
	assert.Equal(t, "Nothing listens on tcp port 22 of all addresses any more, where sshd did", res[1].Findings[0].Title)
	assert.Empty(t, res[2].Findings)

	// Loopback and others: the finding is as bad as its worst place.
	some := row("0100007F:1F90", "0A", 33, 4712) + row("0A00000A:1F90", "0A", 33, 1) + row("0B00000A:1F90", "0A", 33, 2) +
		row("0C00000A:1F90", "0A", 33, 3) + row("0D00000A:1F90", "0A", 33, 4)
	hidden := strings.ReplaceAll(some, " 4712 ", " 9 ")
	res = runs(t, world(t, "", ""), world(t, hidden, ""))
	require.Len(t, res[1].Findings, 1)
	assert.Equal(t, "warning: A program listens on tcp port 8080 of 10.0.0.10, 10.0.0.11, 10.0.0.12 and 2 more addresses and did not before",
		res[1].Findings[0].Severity.String()+": "+res[1].Findings[0].Title)
	res = runs(t, world(t, "", ""), world(t, some, ""))
	assert.Len(t, res[1].Findings, 2, "xd has one of them, and nobody knows who has the others")
}

func TestARunFromAnotherNetworkIsNotCompared(t *testing.T) {
	from := func(tcp, net, boot string) *hosttest.Machine {
		m := world(t, tcp, "")
		require.NoError(t, m.Add("-- /proc/sys/kernel/random/boot_id --\n"+boot+"\n-- /proc/self/ns/net link=\""+net+"\" --\n"+
			"-- /proc/1/stat --\n1 (init) S 0 1 1 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 3 9 9\n-- /proc/1/fd/ dir complete --\n"))
		return m
	}
	res := runs(t, from(ssh, "net:[1]", "a"), from("", "net:[2]", "a"), from(ssh, "net:[1]", "a"), from("", "net:[3]", "b"))
	assert.Empty(t, res[1].Findings)
	assert.False(t, res[1].Covers("listeners/tcp"))
	assert.Contains(t, res[1].Problems[0].Message, "another network")
	assert.Equal(t, report.OK, res[2].Status, "the right side goes on: %v", res[2].Problems)
	assert.Len(t, res[3].Findings, 1, "after a reboot the numbers mean nothing")
	res = runs(t, from(ssh, "net:[1]", "a"), from("", "net:[2]", "a"), from("", "net:[2]", "a"))
	assert.False(t, res[1].Covers("listeners/tcp"))
	assert.Len(t, res[2].Findings, 1, "one change of the network blinds one run")
}

func TestTheSameNameInAKnownPlaceIsAnotherProgram(t *testing.T) {
	other := func(exe string) *hosttest.Machine {
		m := hosttest.New(strings.NewReplacer("900 (xd)", "900 (sshd)", "/tmp/xd (deleted)", exe).Replace(small) +
			"-- /proc/net/tcp --\n" + head + row("00000000:0016", "0A", 0, 4712) + "-- /proc/net/udp --\n" + head + "-- /tmp/ dir complete --\n")
		return m
	}
	res := runs(t, world(t, ssh, ""), other("/tmp/sshd (deleted)"))
	require.Len(t, res[1].Findings, 1)
	f := res[1].Findings[0]
	assert.Equal(t, "sshd (/tmp/sshd) now listens on tcp port 22 of all IPv4 addresses, where sshd (/usr/sbin/sshd) did", f.Title)
	assert.Equal(t, report.Critical, f.Severity, "its file is gone")
}

func TestAProgramWithoutItsFileIsToldOnTheFirstRun(t *testing.T) {
	for exe, title := range map[string]string{
		"/tmp/xd (deleted)":   "xd listens on tcp port 4444 of all IPv4 addresses from /tmp/xd, a file that was removed",
		"/memfd:x (deleted)":  "xd listens on tcp port 4444 of all IPv4 addresses from memory alone",
		"/usr/local/sbin/own": "xd listens on tcp port 4444 of all IPv4 addresses from /usr/local/sbin/own, which no package owns",
	} {
		m := hosttest.New(strings.ReplaceAll(small, "/tmp/xd (deleted)", exe) + "-- /proc/net/tcp --\n" + head + ssh +
			row("00000000:115C", "0A", 0, 4712) + "-- /proc/net/udp --\n" + head + "-- /tmp/ dir complete --\n")
		owners := integritytest.Claims{"/usr/sbin/sshd": {Package: "deb:openssh-server"}, "/usr/local/sbin/own": {}}
		res := integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: m.Host(), Attestor: owners}))
		require.Len(t, res.Findings, 1, exe)
		assert.Equal(t, title, res.Findings[0].Title)
	}
}

func TestAHiddenProcessIsTold(t *testing.T) {
	m := world(t, ssh, "")
	alive := func(context.Context) ([]int, error) { return []int{812, 900, 4711}, nil }
	res := integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: m.Host(), Alive: alive}))
	assert.Equal(t, []string{"critical: The process 4711 is hidden"}, integritytest.Titles(res))
	m = world(t, ssh, "")
	require.NoError(t, m.Add("-- /proc/self/mountinfo --\n22 1 0:21 / / rw - ext4 /dev/sda1 rw\n23 22 0:22 / /proc/900 rw - tmpfs t rw\n"))
	res = integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: m.Host()}))
	assert.Equal(t, []string{"critical: The process 900 is hidden"}, integritytest.Titles(res))
}

func TestASocketThatOneViewAloneShowsIsHidden(t *testing.T) {
	m := world(t, ssh+row("00000000:2B67", "0A", 33, 4712), "")
	at := func(addrs ...string) func(context.Context) ([]listeners.Listener, error) {
		var out []listeners.Listener
		for _, a := range addrs {
			out = append(out, listener("tcp", a, ""))
		}
		return func(context.Context) ([]listeners.Listener, error) { return out, nil }
	}
	look := func(ask func(context.Context) ([]listeners.Listener, error)) report.Result {
		return integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: m.Host(), Listening: ask}))
	}
	res := look(at("0.0.0.0:22", "0.0.0.0:11111"))
	assert.Empty(t, integritytest.Titles(res))
	assert.True(t, res.Covers("listeners/sockets"))
	assert.Equal(t, []string{"critical: The tcp port 31337 of 0.0.0.0 is hidden"}, integritytest.Titles(look(at("0.0.0.0:22", "0.0.0.0:11111", "0.0.0.0:31337"))))
	res = look(at("0.0.0.0:22"))
	assert.Equal(t, []string{"critical: The tcp port 11111 of 0.0.0.0 is hidden"}, integritytest.Titles(res))
	assert.Contains(t, res.Findings[0].Detail, "by /proc/net/tcp, and not by sock_diag")

	looks := 0
	res = look(func(ctx context.Context) ([]listeners.Listener, error) {
		if looks++; looks == 1 {
			return at("0.0.0.0:22", "0.0.0.0:11111", "0.0.0.0:40000")(ctx)
		}
		return at("0.0.0.0:22", "0.0.0.0:11111")(ctx)
	})
	assert.Empty(t, integritytest.Titles(res), "what comes or goes between two looks is not hidden")
	looks = 0
	res = look(func(ctx context.Context) ([]listeners.Listener, error) {
		if looks++; looks == 4 {
			return at("0.0.0.0:22", "0.0.0.0:11111")(ctx)
		}
		return at("0.0.0.0:22", "0.0.0.0:11111", "0.0.0.0:40000")(ctx)
	})
	assert.Empty(t, integritytest.Titles(res), "a port that is taken again and again is not hidden")
	busy := world(t, ssh, "")
	res = integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{
		Host: busy.Host().Remembering(),
		Listening: func(ctx context.Context) ([]listeners.Listener, error) {
			err := busy.Add("-- /proc/net/tcp --\n" + head + ssh + row("00000000:9C40", "0A", 33, 4713))
			return []listeners.Listener{listener("tcp", "0.0.0.0:22", ""), listener("tcp", "0.0.0.0:40000", "")}, err
		},
	}))
	assert.Empty(t, integritytest.Titles(res), "what comes after the look that all checks share is not hidden")
	res = look(func(context.Context) ([]listeners.Listener, error) { return nil, errors.ErrUnsupported })
	assert.Equal(t, report.OK, res.Status)
	assert.False(t, res.Covers("listeners/sockets"))
	res = look(func(context.Context) ([]listeners.Listener, error) { return nil, errors.New("broken") })
	assert.Equal(t, report.Partial, res.Status)
}

func TestACoveredProcessIsToldWithWhatIsBelow(t *testing.T) {
	m := world(t, ssh+row("00000000:2B67", "0A", 33, 77), "")
	require.NoError(t, m.Add("-- /proc/self/mountinfo --\n22 1 0:21 / / rw - ext4 /dev/sda1 rw\n23 22 0:22 / /proc/950 rw - tmpfs t rw\n"))
	look := func(exe string, err error) report.Result {
		beneath := func(pid int) (string, string, []uint64, error) { return "crond", exe, []uint64{5, 77}, err }
		return integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: m.Host(), Beneath: beneath}))
	}
	res := look("/tmp/vsftpd (deleted)", nil)
	assert.Equal(t, []string{"critical: The process 950 is hidden: it is crond, from /tmp/vsftpd, and listens on tcp port 11111"}, integritytest.Titles(res))
	assert.Contains(t, res.Findings[0].Evidence, report.Program.Of("/tmp/vsftpd"))
	res = look("", errors.New("not root"))
	assert.Equal(t, []string{"critical: The process 950 is hidden"}, integritytest.Titles(res))
	assert.Contains(t, res.Findings[0].Detail, "Nor could it be seen below that: not root.")
}

func TestThousandsOfSocketsHideNoNewOne(t *testing.T) {
	var tcp, udp strings.Builder
	for i := range 10_000 {
		tcp.WriteString(row(fmt.Sprintf("%08X:1F90", i+0x0A000000), "0A", 33, i+10000))
		udp.WriteString(row(fmt.Sprintf("00000000:%04X", 40000+i), "07", 33, i+30000))
	}
	crowd := world(t, tcp.String(), udp.String())
	planted := world(t, ssh+tcp.String(), row("00000000:0045", "07", 33, 4712)+udp.String())
	res := runs(t, crowd, crowd, planted)
	assert.Empty(t, res[1].Findings)
	require.Len(t, res[2].Findings, 2)
	for _, r := range res {
		assert.Equal(t, report.OK, r.Status, "%v", r.Problems)
	}
}

func TestManyNewSocketsOfOneProgramAreOneFindingAndFixNothing(t *testing.T) {
	var b strings.Builder
	b.WriteString(row("00000000:C350", "07", 33, 4712))
	before := world(t, ssh, b.String())
	for i := range 100 {
		b.WriteString(row(fmt.Sprintf("00000000:%04X", 51000+i), "07", 33, i+10))
	}
	res := runs(t, world(t, ssh, ""), before, before, world(t, ssh, b.String()), world(t, ssh, b.String()))
	assert.Len(t, res[3].Findings, 1, "the backdoor is still there, the others may be questions")
	var rules []string
	for _, f := range res[4].Findings {
		rules = append(rules, f.Rule)
	}
	assert.ElementsMatch(t, []string{"integrity.listeners.new", "integrity.listeners.many"}, rules)
}

func TestAUDPSocketOnAChosenPortCountsWhenItStays(t *testing.T) {
	none, some := world(t, "", ""), world(t, "", row("00000000:C350", "07", 33, 4712))
	res := runs(t, none, some, some, some, none, some)
	for i, n := range []int{0, 0, 1, 1, 0, 0} {
		assert.Equal(t, report.OK, res[i].Status, "%v", res[i].Problems)
		assert.Len(t, res[i].Findings, n, "run %d", i)
	}
	res = runs(t, some, some, none, some, some)
	for i := range res {
		assert.Empty(t, res[i].Findings, "run %d: it was accepted", i)
	}
	res = runs(t, none, world(t, "", row("00000000:0043", "07", 33, 4712)))
	assert.Len(t, res[1].Findings, 1, "a port that a program chose counts at once")
}

func TestAResolverAsksFromPortsThatItChooses(t *testing.T) {
	last := []listeners.Listener{listener("udp", "0.0.0.0:53", "unbound")}
	now := append(last, listener("udp", "0.0.0.0:12345", "unbound"), listener("udp", "0.0.0.0:12346", "xd"), listener("tcp", "0.0.0.0:12347", "unbound"))
	var got []string
	for _, l := range listeners.Settled(now, last, listeners.Ports{First: 32768, Last: 60999}) {
		got = append(got, l.Network+" "+l.Addr.String())
	}
	assert.Equal(t, []string{"udp 0.0.0.0:53", "udp 0.0.0.0:12346", "tcp 0.0.0.0:12347"}, got)
}

func ExampleSettled() {
	at := func(addr string) listeners.Listener {
		return listeners.Listener{Network: "udp", Addr: netip.MustParseAddrPort(addr)}
	}
	chosen := listeners.Ports{First: 32768, Last: 60999}
	last := []listeners.Listener{at("0.0.0.0:40001")}
	now := []listeners.Listener{at("0.0.0.0:53"), at("0.0.0.0:40001"), at("0.0.0.0:40002")}
	for _, l := range listeners.Settled(now, last, chosen) {
		fmt.Println(l.Addr)
	}
	// Output:
	// 0.0.0.0:53
	// 0.0.0.0:40001
}

func ExampleCompareListeners() {
	at := func(addr, program string) listeners.Listener {
		return listeners.Listener{Network: "tcp", Addr: netip.MustParseAddrPort(addr), Program: program}
	}
	before := []listeners.Listener{at("0.0.0.0:22", "sshd"), at("127.0.0.1:25", "master")}
	after := []listeners.Listener{at("0.0.0.0:22", "sshd"), at("[::]:6667", "ircd")}
	for _, c := range listeners.CompareListeners(before, after, listeners.Ports{}) {
		switch {
		case c.Was == nil:
			fmt.Println("new:", c.Now.Addr, c.Now.Program)
		case c.Now == nil:
			fmt.Println("gone:", c.Was.Addr, c.Was.Program)
		}
	}
	// Output:
	// gone: 127.0.0.1:25 master
	// new: [::]:6667 ircd
}

func ExampleSockets() {
	m := hosttest.New(small + "-- /proc/net/tcp --\n" + head + "-- /proc/net/udp --\n" + head)
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	res, err := suite.Collect(context.Background(), inventory.Check{Question: listeners.Sockets{Host: m.Host()}, Dir: dir})
	fmt.Println(res.Status, len(res.Findings), err)
	// Output: ok 0 <nil>
}
