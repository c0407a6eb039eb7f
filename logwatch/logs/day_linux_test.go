package logs

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// TestWhatARealSSHServerWritesOfGuessersIsKnown holds the shapes of the recipe against
// the program: what sshd of this system logs needs no rule that is not there.
func TestWhatARealSSHServerWritesOfGuessersIsKnown(t *testing.T) {
	need.Root(t)
	sshd, ssh, keygen := need.Program(t, "sshd"), need.Program(t, "ssh"), need.Program(t, "ssh-keygen")
	dir := t.TempDir()
	key, conf, log := filepath.Join(dir, "key"), filepath.Join(dir, "conf"), filepath.Join(dir, "log")
	out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput()
	require.NoError(t, err, "%s", out)
	port := need.Port(t)
	addr := "127.0.0.1:" + port
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // where it parts with its rights
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "ListenAddress %s\nHostKey %s\nPidFile none\nUsePAM no\nAllowUsers root\n", addr, key), 0o600))
	cmd := exec.Command(sshd, "-D", "-E", log, "-f", conf)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	wrote := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool {
			data, _ := os.ReadFile(log)
			return strings.Contains(string(data), text)
		}, time.Minute, 5*time.Millisecond, text)
	}
	wrote("Server listening")
	for _, user := range []string{"root", "nosuchuser"} {
		err := exec.Command(ssh, "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
			"-o", "IdentityFile=none", "-p", port, user+"@127.0.0.1", "true").Run()
		require.Error(t, err, "nobody gets in")
	}
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	wrote("invalid format")
	conn.Close()
	wrote("Connection closed by authenticating user root")
	wrote("Connection closed by invalid user nosuchuser")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()

	m := newMachine(t)
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		m.append("auth.log", stamp(noon)+" web sshd[7]: "+strings.TrimSpace(line)+"\n")
	}
	assert.Equal(t, "notice logwatch.logs.ssh-invalid-user: Users that do not exist were tried over SSH from 127.0.0.1\n"+
		"notice logwatch.logs.ssh-unfinished-login: Logins over SSH to accounts that exist ended unfinished from 127.0.0.1", titles(m.run()), "%s", data)
}
