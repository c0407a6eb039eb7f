package listeners_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// hide starts a copy of an FTP server under another name, and waits until it
// listens: in a network of its own it cannot be asked, and says nothing.
func hide(t *testing.T, server, dir, name string, clone uintptr) (port int) {
	t.Helper()
	port = freePort(t)
	full := filepath.Join(dir, name)
	data, err := os.ReadFile(server)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(full, data, 0o755))
	conf := filepath.Join(dir, name+".conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "listen=YES\nlisten_address=127.0.0.1\nlisten_port=%d\nbackground=NO\nsecure_chroot_dir=%s\n", port, dir), 0o600))
	cmd := exec.Command(full, conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: clone, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() }) //nolint:errcheck // it is killed
	table := fmt.Sprintf("/proc/%d/net/tcp", cmd.Process.Pid)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(table)
		return err == nil && strings.Contains(string(text), fmt.Sprintf("0100007F:%04X 00000000:0000 0A", port))
	}, time.Minute, 10*time.Millisecond)
	return port
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
	server := need.Program(t, "vsftpd")
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	plain := hide(t, server, dir, "kworker-0", 0)
	gone := hide(t, server, dir, "crond", 0)
	require.NoError(t, os.Remove(filepath.Join(dir, "crond")))
	apart := hide(t, server, dir, "dhclient", unix.CLONE_NEWNET|unix.CLONE_NEWNS)
	named := renamed(t)

	res := integritytest.Collect(t, kept(t.TempDir(), listeners.Sockets{Host: host.Local(), Attestor: noPackage{dir, self}}))
	for _, c := range []struct {
		rule, title string
		port        int
	}{
		{"unowned", "kworker-0 listens on tcp port %d of 127.0.0.1 from " + dir + "/kworker-0, which no package owns", plain},
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
