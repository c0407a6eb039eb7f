package backup_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestRestoreByAnOrdinaryUserGivesTheGroupNoRights(t *testing.T) {
	need.AsUser(t, func() {
		m := hosttest.New("One secret.\n-- machine now=2026-11-25T06:00:00Z uid=0 gid=42 --\n-- /etc/ dir complete --\n-- /etc/shadow mode=0640 --\nroot:secret\n-- /etc/motd mode=0664 --\nhello\n")
		r := backup.Repo{Store: &backuptest.Memory{}}
		snap, _ := commit(t, r, m)
		dir := t.TempDir()
		into, err := os.OpenRoot(dir)
		require.NoError(t, err)
		defer into.Close()
		for name, want := range map[string]fs.FileMode{"/etc/shadow": 0o600, "/etc/motd": 0o644} {
			require.NoError(t, r.Restore(t.Context(), snap, name, into))
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.Equal(t, want, info.Mode().Perm(), name)
		}
	})
}
