package main

import (
	"os"
	"path/filepath"
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
