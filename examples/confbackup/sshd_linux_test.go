package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// sshd starts OpenSSH's server on loopback with one key whose command is forced,
// and another that may use sftp. It gives the port; a program ssh that knows both
// comes first in PATH, and takes the key that $KEY names.
func sshd(t *testing.T, command string) (port string) {
	t.Helper()
	need.Root(t)
	server, keygen, client := need.Program(t, "sshd"), need.Program(t, "ssh-keygen"), need.Program(t, "ssh")
	need.That(t, "the folder /run/sshd", os.MkdirAll("/run/sshd", 0o755) == nil)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, key := range []string{"host", "forced", "sftp"} {
		out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", file(key)).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	public := func(key string) string {
		text, err := os.ReadFile(file(key + ".pub"))
		require.NoError(t, err)
		return string(text)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err = net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	write := func(name, text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(file(name), []byte(text), mode))
	}
	write("authorized", fmt.Sprintf("restrict,command=%q %s%s", command, public("forced"), public("sftp")), 0o600)
	write("sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1:%s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n", port, file("host"), file("authorized")), 0o600)
	write("known", fmt.Sprintf("[127.0.0.1]:%s %s", port, public("host")), 0o600)
	require.NoError(t, os.Mkdir(file("bin"), 0o755))
	write("bin/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F none -o UserKnownHostsFile=%s -o IdentitiesOnly=yes -i %s/$KEY \"$@\"\n", client, file("known"), dir), 0o755)
	t.Setenv("PATH", file("bin")+":"+os.Getenv("PATH"))
	var said bytes.Buffer
	cmd := exec.Command(server, "-D", "-e", "-f", file("sshd_config"))
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s", said.Bytes())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil && conn.Close() == nil
	}, time.Minute, 50*time.Millisecond)
	return port
}

func TestRealSSHServerTakesBackupsByAForcedCommandAndBySFTP(t *testing.T) {
	state, from, server := t.TempDir(), t.TempDir(), t.TempDir()
	at(t, state, 0, "init")
	keys, err := filepath.Glob(filepath.Join(state, "*", "backup-keys", "signing-key.pub"))
	require.NoError(t, err)
	require.Len(t, keys, 1)
	name := filepath.Base(filepath.Dir(filepath.Dir(keys[0])))
	public, err := os.ReadFile(keys[0])
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(server, name), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(server, name, "signing-key.pub"), public, 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	port := sshd(t, fmt.Sprintf("UPKEEP_TEST_SERVE=1 exec %s serve -store %s -client %s", self, server, name))
	for key, store := range map[string]string{
		"forced": "ssh://root@127.0.0.1:" + port,
		"sftp":   "sftp://root@127.0.0.1:" + port + filepath.Join(t.TempDir(), "store"),
	} {
		t.Setenv("KEY", key)
		for i, text := range []string{"one", "two"} {
			require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte(key+text), 0o600))
			out, _ := at(t, state, 0, "run", from, "-store", store)
			assert.Contains(t, out, fmt.Sprintf("snapshot %d", i+1), key)
			out, _ = at(t, state, 0, "show", "latest", filepath.Join(from, "a"), "-store", store)
			assert.Equal(t, key+text, out)
		}
		at(t, state, 0, "verify", "-store", store)
	}
	// The key of the backup opens nothing else.
	t.Setenv("KEY", "forced")
	out, err := exec.Command("ssh", "-p", port, "root@127.0.0.1", "cat /etc/shadow").Output()
	assert.NotContains(t, string(out), "root:", "%v", err)
}
