package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReplaceKeepsTheContentBefore(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	for i, text := range []string{"one", "two", "three"} {
		require.NoError(t, Replace(name, ".1", []byte(text), 0o640))
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
		if i > 0 {
			old, err := os.ReadFile(name + ".1")
			require.NoError(t, err)
			assert.Equal(t, []string{"one", "two"}[i-1], string(old))
		}
	}
	st, err := os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), st.Mode().Perm())
}

func TestFailedWriteLeavesTheOldContentAndNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "state")
	require.NoError(t, os.Mkdir(target, 0o700)) // a rename onto a folder fails
	require.Error(t, Write(target, []byte("x"), 0o600))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	assert.ErrorIs(t, Write(filepath.Join(dir, "missing", "x"), nil, 0o600), os.ErrNotExist)
}

// A reader that opens the file at any step sees one of the two contents.
func TestReadersNeverSeeAPart(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	require.NoError(t, Write(name, []byte("old old old"), 0o600))
	steps := 0
	w := Writer{Step: func(step string) {
		steps++
		got, err := os.ReadFile(name)
		if err != nil || string(got) != "old old old" && string(got) != "new" {
			t.Errorf("before %s: %q, %v", step, got, err)
		}
	}}
	require.NoError(t, w.Replace(name, ".1", []byte("new"), 0o600))
	assert.Equal(t, 9, steps)
}

func TestLinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	precious, name := filepath.Join(dir, "precious"), filepath.Join(dir, "state")
	require.NoError(t, os.WriteFile(precious, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(precious, name))
	require.NoError(t, Write(name, []byte("x"), 0o600))
	got, err := os.ReadFile(precious)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(got))
	assert.False(t, errors.Is(err, os.ErrExist))
}

func TestTheOnlyCopyIsNotRemovedBeforeThereIsAnother(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name+".1", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Replace(name, ".1", []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(name + ".1"); err != nil || string(data) != "old" {
		t.Errorf("the copy before holds %q, %v", data, err)
	}
}
