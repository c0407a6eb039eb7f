package listeners_test

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/live"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
)

// noPackage knows that no package owns what is in some folders.
type noPackage []string

func (dirs noPackage) Attest(_ context.Context, paths []string) (map[string]host.Claim, error) {
	out := map[string]host.Claim{}
	for _, p := range paths {
		if slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(p, dir) }) {
			out[p] = host.Claim{}
		}
	}
	return out, nil
}

// freePort is one that nobody has.
func freePort(t *testing.T) int {
	t.Helper()
	return int(netip.MustParseAddrPort(need.Addr(t)).Port())
}

// A daemon is how a server of a package is started on a port of ours.
type daemon struct {
	program, conf string
	args          []string // before the name of the file with the configuration
}

var (
	ftp = daemon{"vsftpd", "listen=YES\nlisten_address=127.0.0.1\nlisten_port=%d\nbackground=NO\nsecure_chroot_dir=/var/empty\n", nil}
	irc = daemon{"ngircd", "[Global]\nName = irc.example.org\nInfo = test\nListen = 127.0.0.1\nPorts = %d\n", []string{"-n", "-f"}}
)

// hide starts a copy of a server under another name, and waits until it
// listens: in a network of its own it cannot be asked, and says nothing.
func hide(t *testing.T, d daemon, dir, name string, clone uintptr) (port, pid int) {
	t.Helper()
	port = freePort(t)
	full := filepath.Join(dir, name)
	data, err := os.ReadFile(need.Program(t, d.program))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(full, data, 0o755))
	conf := filepath.Join(dir, name+".conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, d.conf, port), 0o600))
	cmd := exec.Command(full, append(slices.Clone(d.args), conf)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: clone, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() }) //nolint:errcheck // it is killed
	table := fmt.Sprintf("/proc/%d/net/tcp", cmd.Process.Pid)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(table)
		return err == nil && strings.Contains(string(text), fmt.Sprintf("0100007F:%04X 00000000:0000 0A", port))
	}, time.Minute, 10*time.Millisecond)
	return port, cmd.Process.Pid
}

// renamed starts this program as one that listens and calls itself sshd.
func renamed(t *testing.T) (port int) {
	t.Helper()
	port = freePort(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), fmt.Sprintf("UPKEEP_TEST_LISTEN=127.0.0.1:%d", port), "UPKEEP_TEST_NAME=sshd")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() }) //nolint:errcheck // it ends with its input
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return port
}

// The seed case: servers of packages under other names, on odd ports, seen on the
// first run with process, path, port and reason.
func TestHiddenServersAreToldOnTheFirstRun(t *testing.T) {
	need.Root(t)
	for _, d := range []daemon{ftp, irc} {
		need.Program(t, d.program)
	}
	if os.Getenv("UPKEEP_TEST_SEED") == "" { // once more, with mounts of its own
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.count=1")
		cmd.Env = append(os.Environ(), "UPKEEP_TEST_SEED=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "--- PASS: "+t.Name())
		return
	}
	require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	plain, _ := hide(t, ftp, dir, "kworker-0", 0)
	chat, _ := hide(t, irc, dir, "systemd-helper", 0)
	gone, _ := hide(t, ftp, dir, "crond", 0)
	require.NoError(t, os.Remove(filepath.Join(dir, "crond")))
	apart, _ := hide(t, ftp, dir, "dhclient", unix.CLONE_NEWNET|unix.CLONE_NEWNS)
	named := renamed(t)
	over, pid := hide(t, irc, dir, "udevd", 0)
	require.NoError(t, unix.Mount("none", fmt.Sprintf("/proc/%d", pid), "tmpfs", 0, ""))
	t.Cleanup(func() { unix.Unmount(fmt.Sprintf("/proc/%d", pid), unix.MNT_DETACH) }) //nolint:errcheck // its namespace ends

	check := listeners.Sockets{Host: host.Local(), Attestor: noPackage{dir, self}, Beneath: live.Beneath, Alive: live.Processes}
	res := integritytest.Collect(t, kept(t.TempDir(), check))
	assert.Contains(t, integritytest.Titles(res), fmt.Sprintf("critical: The process %d is hidden: it is udevd, from %s/udevd, and listens on tcp port %d", pid, dir, over))
	for _, c := range []struct {
		rule, title string
		port        int
	}{
		{"unowned", "kworker-0 listens on tcp port %d of 127.0.0.1 from " + dir + "/kworker-0, which no package owns", plain},
		{"unowned", "systemd-helper listens on tcp port %d of 127.0.0.1 from " + dir + "/systemd-helper, which no package owns", chat},
		{"no-file", "crond listens on tcp port %d of 127.0.0.1 from " + dir + "/crond, a file that was removed", gone},
		{"other-network", "dhclient listens on tcp port %d of 127.0.0.1 in a network of its own", apart},
		{"unowned", "sshd listens on tcp port %d of 127.0.0.1 from " + self + ", which no package owns", named},
	} {
		var found []report.Finding
		for _, f := range res.Findings {
			if strings.HasSuffix(f.Subject.Value, fmt.Sprintf(":%d", c.port)) && strings.HasPrefix(f.Subject.Value, "tcp/") {
				found = append(found, f)
			}
		}
		if !assert.Len(t, found, 1, c.title) {
			continue
		}
		assert.Equal(t, "integrity.listeners."+c.rule, found[0].Rule)
		assert.Equal(t, fmt.Sprintf(c.title, c.port), found[0].Title)
		assert.Contains(t, found[0].Detail, "process ")
	}
}

func TestBothViewsOfThisMachinesSocketsAgree(t *testing.T) {
	ask := func(ctx context.Context) (out []listeners.Listener, err error) {
		list, err := live.Listening(ctx)
		for _, s := range list {
			out = append(out, listeners.Listener{Network: s.Network, Addr: s.Local})
		}
		return out, err
	}
	res := integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: host.Local(), Listening: ask}))
	for _, f := range res.Findings {
		assert.NotEqual(t, "integrity.listeners.hidden", f.Rule, f.Title)
	}
	need.That(t, "a kernel with sock_diag", res.Covers("listeners/sockets"))
}
