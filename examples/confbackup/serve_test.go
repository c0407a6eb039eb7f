package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever has broken into a client speaks to the server as it likes. What is refused stands
// in a log of the server: ssh brings the client what is written to standard error.
func TestWhatIsRefusedIsLoggedWhereTheClientIsNot(t *testing.T) {
	state, server := t.TempDir(), t.TempDir()
	at(t, state, 0, "init")
	keys, _ := keysOf(t, state)
	copyFile(t, filepath.Join(keys, "signing-key.pub"), filepath.Join(server, "web1", "signing-key.pub"))
	self, err := os.Executable()
	require.NoError(t, err)
	ask := func(requests string) (stderr string) {
		cmd := exec.Command(self, "serve", "-store", server, "-client", "web1")
		cmd.Env = append(os.Environ(), "UPKEEP_TEST_SERVE=1")
		var errs strings.Builder
		cmd.Stdin, cmd.Stderr = strings.NewReader(requests), &errs
		require.NoError(t, cmd.Run(), errs.String())
		return errs.String()
	}
	const stranger = "DELETE /snaps/0000000001 HTTP/1.1\r\nHost: x\r\n\r\n"
	said := ask(stranger)
	assert.Empty(t, said)
	log := filepath.Join(server, "web1", "refused.log")
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Contains(t, string(text), "DELETE")

	for range 4 { // no client fills the disk with it
		ask(strings.Repeat(stranger, 8000))
	}
	all := 0
	for _, name := range []string{log, log + ".1"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all += len(text)
		assert.True(t, strings.HasSuffix(string(text), leftOut), "that there was more is said")
	}
	assert.LessOrEqual(t, all, 4*maxRefused)
}

// A client whose key is among those of the server would write the receipts itself.
func TestKeysOfTheClientSignNoReceipts(t *testing.T) {
	server, client := t.TempDir(), filepath.Join(t.TempDir(), "web1")
	made := func() (dir string) {
		state := t.TempDir()
		at(t, state, 0, "init")
		dir, _ = keysOf(t, state)
		return dir
	}
	require.NoError(t, os.CopyFS(client, os.DirFS(made())))
	require.NoError(t, os.CopyFS(filepath.Join(server, "web1"), os.DirFS(client)))
	own, mixed := made(), made()
	theirs, err := os.ReadFile(filepath.Join(client, "signing-key.pub"))
	require.NoError(t, err)
	public, err := os.ReadFile(filepath.Join(mixed, "signing-key.pub"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(mixed, "signing-key.pub"), append(public, theirs...), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	for dir, refused := range map[string]bool{own: false, mixed: true, client: true, filepath.Join(server, "web1"): true} {
		cmd := exec.Command(self, "serve", "-store", server, "-client", "web1", "-receipts", dir)
		cmd.Env = append(os.Environ(), "UPKEEP_TEST_SERVE=1")
		out, err := cmd.CombinedOutput()
		assert.Equal(t, refused, err != nil, "%s: %s", dir, out)
		assert.Equal(t, refused, strings.Contains(string(out), "a key of the client"), "%s: %s", dir, out)
	}
}
