package agekey_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/agekey"
)

// Who sets up a new machine gives the identity of the lost one, and is told to make keys:
// the only secret key that reads the backups must survive that.
func TestKeysThatAreThereAreNeverReplaced(t *testing.T) {
	old := agekey.Folder{Dir: t.TempDir()}
	_, err := old.Init()
	require.NoError(t, err)
	identity := filepath.Join(old.Dir, "identity.txt")
	was, err := os.ReadFile(identity)
	require.NoError(t, err)
	public, err := os.ReadFile(filepath.Join(old.Dir, "signing-key.pub"))
	require.NoError(t, err)
	signed, err := old.Sign([]byte("of before\n"))
	require.NoError(t, err)

	for _, create := range []bool{false, true} {
		fresh := agekey.Folder{Dir: t.TempDir(), Identity: identity, Create: create}
		require.NoError(t, os.WriteFile(filepath.Join(fresh.Dir, "signing-key.pub"), public, 0o600))
		if !create {
			made, err := fresh.Init()
			require.NoError(t, err)
			assert.NotContains(t, made, identity)
		}
		got, err := fresh.Recipients()
		require.NoError(t, err)
		want, err := old.Recipients()
		require.NoError(t, err)
		assert.Equal(t, want, got, "whoever has the identity reads what is stored from now on")
		now, err := os.ReadFile(identity)
		require.NoError(t, err)
		assert.Equal(t, string(was), string(now))
		require.NoError(t, fresh.Verify([]byte("of before\n"), signed), "what was signed before stays right")
		mine, err := fresh.Sign([]byte("of now\n"))
		require.NoError(t, err)
		require.NoError(t, fresh.Verify([]byte("of now\n"), mine))
	}

	broken := filepath.Join(t.TempDir(), "identity.txt")
	require.NoError(t, os.WriteFile(broken, []byte("AGE-SECRET-KEY-PQ-1XXXX\n"), 0o600))
	_, err = agekey.Folder{Dir: t.TempDir(), Identity: broken}.Init()
	require.ErrorContains(t, err, broken)
	left, err := os.ReadFile(broken)
	require.NoError(t, err)
	assert.Equal(t, "AGE-SECRET-KEY-PQ-1XXXX\n", string(left))
}
