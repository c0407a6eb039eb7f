package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever keeps the store can put it back to a day before, or take all of it away: what is
// left is right in itself.
func TestAStoreThatWasPutBackIsNotVerified(t *testing.T) {
	state, from, store := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "store")
	at(t, state, 0, "init", "-store", store)
	for _, text := range []string{"a", "ab", "abc"} {
		require.NoError(t, os.WriteFile(filepath.Join(from, "app.conf"), []byte(text), 0o600))
		at(t, state, 0, "run", "-store", store, from)
	}
	at(t, state, 0, "verify", "-store", store)
	require.NoError(t, os.Remove(filepath.Join(store, "snaps", "0000000003")))
	for _, verb := range [][]string{{"verify"}, {"verify", "-keyless"}, {"verify", "-level", "restore"}, {"list"}, {"restore", "-to", t.TempDir(), "latest"}, {"restore", "-n", "-to", "/", "latest"}} {
		out, _ := at(t, state, 3, append(verb, "-store", store)...)
		assert.Contains(t, out, "the store is not what it was", verb)
	}
	require.NoError(t, os.RemoveAll(store))
	for _, verb := range []string{"verify", "list", "diff"} {
		_, stderr := at(t, state, 3, verb, "-store", store)
		assert.Contains(t, stderr, "there is no snapshot here", verb)
	}
}

// A path that is mistyped, or not mounted today, is no empty backup that is complete.
func TestAPathThatIsNamedAndNotThereIsSaid(t *testing.T) {
	state, from := t.TempDir(), t.TempDir()
	at(t, state, 0, "init")
	out, stderr := at(t, state, 3, "run", filepath.Join(from, "nowhere"))
	assert.Contains(t, out, "nowhere")
	assert.Contains(t, stderr, "nothing is stored")
	at(t, state, 3, "list")
	out, _ = at(t, state, 3, "run", from, filepath.Join(from, "nowhere"))
	assert.Contains(t, out, "not captured")
	at(t, state, 0, "list")
	at(t, state, 0, "run", from)
}

// The machine is lost, and its files are wanted on another one of another name.
func TestALostMachineIsRestoredOnAnother(t *testing.T) {
	from, store, lost, next := t.TempDir(), filepath.Join(t.TempDir(), "store"), t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "app.conf"), []byte("port = 1\n"), 0o600))
	at(t, lost, 0, "init", "-store", store)
	at(t, lost, 0, "run", "-store", store, from)
	keys, name := keysOf(t, lost)
	as := []string{"-host", "root:" + t.TempDir(), "-store", store, "-of", name, "-identity", filepath.Join(keys, "identity.txt")}
	to := t.TempDir()
	_, stderr := at(t, next, 3, append([]string{"restore", "-to", to, "latest"}, as...)...)
	assert.Contains(t, stderr, "copy the signing-key.pub of "+name+" there")
	there := filepath.Dir(stderr[strings.Index(stderr, next):strings.Index(stderr, "signing-key.pub")] + "x")
	copyFile(t, filepath.Join(keys, "signing-key.pub"), filepath.Join(there, "signing-key.pub"))
	at(t, next, 0, append([]string{"restore", "-to", to, "latest"}, as...)...)
	got, err := os.ReadFile(filepath.Join(to, from, "app.conf"))
	require.NoError(t, err)
	assert.Equal(t, "port = 1\n", string(got))
	at(t, next, 0, append([]string{"verify"}, as...)...)
	_, stderr = at(t, next, 3, append([]string{"run", from}, as...)...)
	assert.Contains(t, stderr, "none are made in the name of another system")
}
