package restore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// cap_setuid=ep: as good as a set-id bit of root.
const capSetuid = "\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// Whoever keeps the store could write a snapshot of his own where nobody verifies.
func TestAnUnverifiedSnapshotGivesNoRights(t *testing.T) {
	need.Root(t)
	from := t.TempDir()
	program := filepath.Join(from, "program")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755))
	require.NoError(t, unix.Setxattr(program, "security.capability", []byte(capSetuid), 0))
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Root(from), Paths: []string{"/"}})
	require.NoError(t, err)
	for _, verified := range []bool{true, false} {
		if !verified {
			r.Keys.Verifier = nil
		}
		dir := t.TempDir()
		into, err := os.OpenRoot(dir)
		require.NoError(t, err)
		done, err := restore.Into(t.Context(), r, snap, into, restore.Options{Paths: []string{"/program"}})
		require.NoError(t, err)
		require.NoError(t, into.Close())
		value := make([]byte, 64)
		_, err = unix.Getxattr(filepath.Join(dir, "program"), "security.capability", value)
		assert.Equal(t, verified, err == nil, "capabilities are there")
		if !verified {
			assert.Contains(t, done[len(done)-1].Left, "security.capability")
		}
	}
}
