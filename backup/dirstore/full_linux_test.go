package dirstore_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestReallyFullDiskFailsCleanlyAndTheNextRunSucceeds(t *testing.T) {
	need.Root(t)
	small := t.TempDir()
	need.That(t, "mount of a tmpfs", unix.Mount("tmpfs", small, "tmpfs", 0, "size=128k") == nil)
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(small, 0)) })
	from := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("a"), 0o600))
	r := backup.Repo{Store: dirstore.Dir(filepath.Join(small, "store"))}
	src := backup.Source{Host: host.Local(), Paths: []string{from}}
	first, _, err := r.Commit(t.Context(), src)
	require.NoError(t, err)
	noise := make([]byte, 300<<10)
	rand.Read(noise)
	require.NoError(t, os.WriteFile(filepath.Join(from, "b"), noise, 0o600))
	_, _, err = r.Commit(t.Context(), src)
	require.ErrorIs(t, err, syscall.ENOSPC)
	damage, err := r.Verify(t.Context(), 0)
	require.NoError(t, err)
	assert.Empty(t, damage)
	require.NoError(t, os.WriteFile(filepath.Join(from, "b"), bytes.Repeat([]byte("b"), 300<<10), 0o600))
	second, changes, err := r.Commit(t.Context(), src)
	require.NoError(t, err)
	assert.Equal(t, first.Seq+1, second.Seq)
	assert.Len(t, changes, 1)
}
