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
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
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
	r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(filepath.Join(small, "store"))}
	src := commit.Source{Host: host.Local(), Paths: []string{from}}
	first, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	noise := make([]byte, 300<<10)
	rand.Read(noise)
	require.NoError(t, os.WriteFile(filepath.Join(from, "b"), noise, 0o600))
	_, _, err = commit.Run(t.Context(), r, src)
	require.ErrorIs(t, err, syscall.ENOSPC)
	v, err := r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
	require.NoError(t, os.WriteFile(filepath.Join(from, "b"), bytes.Repeat([]byte("b"), 300<<10), 0o600))
	second, changes, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Equal(t, first.Seq+1, second.Seq)
	assert.Len(t, changes, 1)
}
