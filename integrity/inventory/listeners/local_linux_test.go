package listeners_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// TestMain lets this program be one that listens, until its standard input ends.
func TestMain(m *testing.M) {
	addr := os.Getenv("UPKEEP_TEST_LISTEN")
	if addr == "" {
		os.Exit(m.Run())
	}
	if name := os.Getenv("UPKEEP_TEST_NAME"); name != "" {
		for _, task := range tasks() { // the first of them has the name of the process
			if err := os.WriteFile("/proc/self/task/"+task+"/comm", []byte(name), 0); err != nil {
				panic(err)
			}
		}
	}
	if _, err := net.Listen("tcp", addr); err != nil {
		panic(err)
	}
	fmt.Println("listening")
	io.Copy(io.Discard, os.Stdin) //nolint:errcheck // any end is the end
}

// tasks are the threads of this process.
func tasks() (names []string) {
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// listen starts a program that listens on addr, and gives what ends it.
func listen(t *testing.T, addr string) (end func()) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_LISTEN="+addr)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "listening\n", line)
	return func() {
		in.Close()
		assert.NoError(t, cmd.Wait())
	}
}

func TestAProgramThatIsRestartedHereIsTold(t *testing.T) {
	hidden := sysview.Sockets(t.Context(), host.Local())[0].Hidden
	need.That(t, "the rights to look into every process", !hidden)
	addr := netip.MustParseAddrPort(need.Addr(t))

	set := suite.Suite{Checks: []report.Checker{kept(t.TempDir(), listeners.Sockets{Host: host.Local()})}, Store: &reporttest.Store{}}
	subject := report.ListenerOf("tcp", addr)
	look := func() []report.Finding {
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		return about(rep, subject)
	}
	end := listen(t, addr.String())
	assert.Empty(t, look())
	end()
	end = listen(t, addr.String())
	defer end()
	found := look()
	require.Len(t, found, 1)
	assert.Equal(t, "integrity.listeners.restarted", found[0].Rule)
	assert.WithinDuration(t, time.Now(), found[0].First, 15*time.Minute)
	assert.Empty(t, look())
}

func TestAListenerThatIsOpenedHereIsFoundAndClosedAgain(t *testing.T) {
	store := &reporttest.Store{}
	set := suite.Suite{Checks: []report.Checker{kept(t.TempDir(), listeners.Sockets{Host: host.Local()})}, Store: store}
	_, err := set.Run(t.Context())
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	subject := report.ListenerOf("tcp", l.Addr().(*net.TCPAddr).AddrPort())

	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	found := about(rep, subject)
	require.Len(t, found, 1)
	self, err := os.Executable()
	require.NoError(t, err)
	assert.Contains(t, found[0].Evidence, report.Attr{Key: report.Process, Value: kernelName(filepath.Base(self))})
	assert.Contains(t, found[0].Evidence, report.Attr{Key: report.Path, Value: self})
	assert.Equal(t, report.Notice, found[0].Severity)

	require.NoError(t, l.Close())
	rep, err = set.Run(t.Context())
	require.NoError(t, err)
	assert.Empty(t, about(rep, subject))
}

// kernelName is what Linux keeps of a program's name.
func kernelName(s string) string { return s[:min(15, len(s))] }

func about(rep *report.Report, subject report.Attr) []report.Finding {
	var out []report.Finding
	for _, f := range rep.Results[0].Findings {
		if f.Subject == subject {
			out = append(out, f)
		}
	}
	return out
}

func TestASocketOfThisMachineIsReadWithItsUser(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer c.Close()
	want := c.LocalAddr().(*net.UDPAddr).AddrPort()
	table := listeners.ReadListeners(t.Context(), host.Local())[1]
	require.NoError(t, table.Err)
	at := map[netip.AddrPort]listeners.Listener{}
	for _, l := range table.Listeners {
		at[l.Addr] = l
	}
	assert.NotEmpty(t, at[want].User)
	assert.False(t, at[want].Start.IsZero())
}

func TestEveryCheckerKeepsTheContractOnThisMachine(t *testing.T) {
	for _, c := range []report.Checker{kept(t.TempDir(), listeners.Sockets{Host: host.Local()}), inventory.Check{Question: accounts.Users{Host: host.Local()}}} {
		assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{Changes: true}), c.Name())
	}
}
