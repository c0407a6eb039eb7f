package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// sshd starts OpenSSH's server on loopback with one key whose command is forced,
// another that may use sftp, and one, that of $HOME, whose next session begins
// after as many seconds as the file delay in $HOME says. It gives the port; a
// program ssh that knows the first two comes first in PATH, and takes the key that
// $KEY names.
func sshd(t *testing.T, command string) (port string) {
	t.Helper()
	need.Root(t)
	server, keygen, client := need.Program(t, "sshd"), need.Program(t, "ssh-keygen"), need.Program(t, "ssh")
	need.That(t, "the folder /run/sshd", os.MkdirAll("/run/sshd", 0o755) == nil)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.MkdirAll(file("home/.ssh"), 0o700))
	t.Setenv("HOME", file("home"))
	const pull = "home/.ssh/id_ed25519"
	for _, key := range []string{"host", "forced", "sftp", pull} {
		out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", file(key)).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	public := func(key string) string {
		text, err := os.ReadFile(file(key + ".pub"))
		require.NoError(t, err)
		return string(text)
	}
	port = need.Port(t)
	write := func(name, text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(file(name), []byte(text), mode))
	}
	slow := fmt.Sprintf(`n=$(cat %[1]s); echo 0 >%[1]s; sleep $n; exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"`, file("home/delay"))
	write("authorized", fmt.Sprintf("restrict,command=%q %s%srestrict,command=%s %s", command, public("forced"), public("sftp"), strconv.Quote(slow), public(pull)), 0o600)
	write("sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1:%s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n", port, file("host"), file("authorized")), 0o600)
	write("known", fmt.Sprintf("[127.0.0.1]:%s %s", port, public("host")), 0o600)
	write("home/.ssh/known_hosts", fmt.Sprintf("[127.0.0.1]:%s %s", port, public("host")), 0o600)
	write("home/delay", "0", 0o600)
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
	need.Long(t)
	state, from, server := t.TempDir(), t.TempDir(), t.TempDir()
	at(t, state, 0, "init")
	keys, name := keysOf(t, state)
	copyFile(t, filepath.Join(keys, "signing-key.pub"), filepath.Join(server, name, "signing-key.pub"))
	self, err := os.Executable()
	require.NoError(t, err)
	own := t.TempDir() // of the server
	at(t, own, 0, "init")
	receipts, _ := keysOf(t, own)
	copyFile(t, filepath.Join(receipts, "signing-key.pub"), filepath.Join(keys, "server-key.pub"))
	port := sshd(t, fmt.Sprintf("UPKEEP_TEST_SERVE=1 exec %s serve -store %s -client %s -receipts %s", self, server, name, receipts))
	pushed := "ssh://root@127.0.0.1:" + port
	for _, one := range []struct {
		key, store, receipt string
		want                int
	}{
		{"sftp", "sftp://root@127.0.0.1:" + port + filepath.Join(t.TempDir(), "store"), "gives no receipt", 3},
		{"forced", pushed, "by the clock of the server", 0},
	} {
		key, store := one.key, one.store
		t.Setenv("KEY", key)
		for i, text := range []string{"one", "two"} {
			require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte(key+text), 0o600))
			out, _ := at(t, state, one.want, "run", from, "-store", store)
			assert.Contains(t, out, fmt.Sprintf("snapshot %d", i+1), key)
			assert.Contains(t, out, one.receipt)
			out, _ = at(t, state, 0, "show", "latest", filepath.Join(from, "a"), "-store", store)
			assert.Equal(t, key+text, out)
		}
		at(t, state, 0, "verify", "-store", store)
	}
	// A server that goes back to the day before is told by what it gave a receipt for.
	for _, gone := range []string{"snaps/0000000002", "receipts/0000000003"} {
		at(t, state, 0, "run", from, "-store", pushed)
		require.NoError(t, os.Remove(filepath.Join(server, name, "store", gone)))
		require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte(gone), 0o600))
		out, _ := at(t, state, 3, "run", from, "-store", pushed)
		assert.Contains(t, out, "the store is not what it was")
		assert.Contains(t, out, "by the clock of the server")
	}
	at(t, state, 0, "run", from, "-store", pushed)
	store := filepath.Join(server, name, "store")
	refusesNumbers(t, pushed, keys, store)
	// Without the newest ones and their receipts it has one of these from the client.
	for _, gone := range []string{"snaps/0000000004", "receipts/0000000004", "snaps/0000000003"} {
		require.NoError(t, os.Remove(filepath.Join(store, gone)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("put back"), 0o600))
	out, _ := at(t, state, 3, "run", from, "-store", pushed)
	assert.Contains(t, out, "the store is not what it was")
	assert.Contains(t, out, "snapshot 5")
	assert.NotContains(t, out, "loss of power")
	assert.FileExists(t, filepath.Join(store, "receipts", "0000000004"))
	// The key of the backup opens nothing else.
	said, err := exec.Command("ssh", "-p", port, "root@127.0.0.1", "cat /etc/shadow").Output()
	assert.NotContains(t, string(said), "root:", "%v", err)
}

// TestBackupIsPulledFromASystemWhereNothingIsInstalled asks a real server for all
// that a snapshot holds, and compares what it gives back with what is there.
func TestBackupIsPulledFromASystemWhereNothingIsInstalled(t *testing.T) {
	need.Long(t)
	state, from, to := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "new")
	host := "ssh://root@127.0.0.1:" + sshd(t, "false") + "?timeout=10m"
	file := func(name string) string { return filepath.Join(from, name) }
	write := func(name, text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(file(name), []byte(text), 0o600))
		require.NoError(t, os.Chmod(file(name), mode))
	}
	write("app.conf", "port = 1\npassword = hunter22\n", 0o640)
	write("a name\nof two lines", "odd", 0o604)
	write("tool", "#!/bin/sh\n", 0o755|os.ModeSetuid)
	write("empty", "", 0o600)
	write("large", strings.Repeat("0123456789abcdef", 200_000), 0o600)
	require.NoError(t, os.Mkdir(file("sub"), 0o751))
	require.NoError(t, os.Symlink("/nowhere", file("sub/link")))
	require.NoError(t, os.Link(file("tool"), file("sub/tool")))
	require.NoError(t, os.Chown(file("empty"), 4711, 4712))
	require.NoError(t, syscall.Mkfifo(file("pipe"), 0o620))

	at(t, state, 0, "init", "-host", host)
	out, _ := at(t, state, 0, "run", from, "-host", host)
	assert.Contains(t, out, "complete")
	write("app.conf", "port = 2\npassword = hunter22\n", 0o640)
	out, _ = at(t, state, 0, "run", from, "-host", host)
	assert.Contains(t, out, "+port = 2")
	assert.NotContains(t, out, "hunter22")
	assert.Contains(t, out, "+0 ~1 -0")
	at(t, state, 0, "verify", "-host", host)
	at(t, state, 0, "restore", "-to", to, "latest", "-host", host)
	same, err := exec.Command(need.Program(t, "rsync"), "-naHAXS", "--delete", "--checksum", "--itemize-changes", from+"/", filepath.Join(to, from)+"/").CombinedOutput()
	require.NoError(t, err)
	assert.Empty(t, string(same), "what was pulled is what is there")
}

// TestSlowLoginIsWaitedForAsLongAsAsked has logins that take far too long, and in long runs
// some that take longer than the time that is given without being asked.
func TestSlowLoginIsWaitedForAsLongAsAsked(t *testing.T) {
	state := t.TempDir()
	host := "ssh://root@127.0.0.1:" + sshd(t, "false")
	slow := func(seconds string) {
		require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("HOME"), "delay"), []byte(seconds), 0o600))
	}
	slow("120") // the session outlives its server
	_, said := at(t, state, 3, "init", "-host", host+"?timeout=1s")
	assert.Contains(t, said, "deadline exceeded")
	assert.Contains(t, said, "?timeout=2m")
	need.Long(t)
	host = "ssh://root@127.0.0.1:" + sshd(t, "false") // the other may still begin the session that nobody waits for
	slow("22")
	_, said = at(t, state, 3, "init", "-host", host)
	assert.Contains(t, said, "deadline exceeded")
	slow("22")
	at(t, state, 0, "init", "-host", host+"?timeout=10m")
	slow("22")
	out, _ := at(t, state, 0, "run", "/etc/hostname", "-host", host+"?timeout=10m")
	assert.Contains(t, out, "complete")
}
