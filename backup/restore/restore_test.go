package restore_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

const small = backuptest.SmallEtc

func stored(t *testing.T, r backup.Repo, m *hosttest.Machine) backup.Snapshot {
	t.Helper()
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
	require.NoError(t, err)
	return snap
}

func restored(t *testing.T, r backup.Repo, snap backup.Snapshot, name string) string {
	t.Helper()
	text, err := r.Text(t.Context(), snap, name, 1<<30)
	require.NoError(t, err)
	return string(text)
}

func TestRestoreByAnOrdinaryUserGivesTheGroupNoRights(t *testing.T) {
	need.AsUser(t, func() {
		m := hosttest.New("One secret.\n-- machine now=2026-11-25T06:00:00Z uid=0 gid=42 --\n-- /etc/ dir complete --\n-- /etc/shadow mode=0640 --\nroot:secret\n-- /etc/motd mode=0664 --\nhello\n")
		r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
		snap := stored(t, r, m)
		dir := t.TempDir()
		into, err := os.OpenRoot(dir)
		require.NoError(t, err)
		defer into.Close()
		for name, want := range map[string]fs.FileMode{"/etc/shadow": 0o600, "/etc/motd": 0o644} {
			require.NoError(t, restoreOne(t, r, snap, name, into))
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			assert.Equal(t, want, info.Mode().Perm(), name)
		}
	})
}

// restoreOne restores one path, and gives what is wrong with it.
func restoreOne(t *testing.T, r backup.Repo, snap backup.Snapshot, name string, into *os.Root) error {
	t.Helper()
	done, err := restore.Into(t.Context(), r, snap, into, restore.Options{Paths: []string{name}})
	require.NoError(t, err)
	require.Len(t, done, 1)
	return done[0].Err
}

func TestInPlaceTheOldFileIsKept(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	snap := stored(t, r, m)
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "etc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "etc/motd"), []byte("mine\n"), 0o600))
	into, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer into.Close()
	o := restore.Options{Paths: []string{"/etc/motd"}, Keep: ".before-restore", DryRun: true}
	done, err := restore.Into(t.Context(), r, snap, into, o)
	require.NoError(t, err)
	require.Len(t, done, 1)
	old, err := os.ReadFile(filepath.Join(dir, "etc/motd"))
	require.NoError(t, err)
	assert.Equal(t, "mine\n", string(old), "a dry run does nothing")

	o.DryRun = false
	done, err = restore.Into(t.Context(), r, snap, into, o)
	require.NoError(t, err)
	require.NoError(t, done[0].Err)
	assert.Equal(t, "/etc/.motd.before-restore", done[0].Kept)
	done, err = restore.Into(t.Context(), r, snap, into, o)
	require.NoError(t, err)
	require.NoError(t, done[0].Err, "once more")
	assert.Equal(t, "/etc/.motd.before-restore.2", done[0].Kept)
	for name, want := range map[string]string{"etc/motd": "welcome\n", "etc/.motd.before-restore": "mine\n", "etc/.motd.before-restore.2": "welcome\n"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	_, err = restore.Into(t.Context(), r, snap, into, restore.Options{Paths: []string{"/etc/none"}})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestRestoreGivesContentModeAndTimeOfEverySnapshot(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	first := stored(t, r, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("changed\n"), 0o640))
	second := stored(t, r, m)
	assert.Equal(t, "welcome\n", restored(t, r, first, "/etc/motd"))
	assert.Equal(t, "changed\n", restored(t, r, second, "/etc/motd"))
	assert.Equal(t, "welcome\n", restored(t, r, second, "/etc/copy"), "an object of an earlier pack")
	assert.Equal(t, "odd\n", restored(t, r, first, "/etc/odd\xff name\n"))
	assert.Equal(t, "", restored(t, r, first, "/etc/empty"))
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	require.NoError(t, restoreOne(t, r, first, "/etc/motd", root))
	st, err := os.Lstat(filepath.Join(dir, "etc/motd"))
	require.NoError(t, err)
	want := fs.FileMode(0o640)
	if os.Geteuid() != 0 {
		want = 0o600 // the rights were for root's group, which this user cannot give
	}
	assert.Equal(t, want, st.Mode())
	assert.Equal(t, "2026-11-01T00:00:00Z", st.ModTime().UTC().Format("2006-01-02T15:04:05Z07:00"))
	assert.ErrorIs(t, restoreOne(t, r, first, "/etc/motd", root), fs.ErrExist, "nothing is replaced")
	require.NoError(t, restoreOne(t, r, first, "/etc/localtime", root))
	link, err := os.Readlink(filepath.Join(dir, "etc/localtime"))
	require.NoError(t, err)
	assert.Equal(t, "/usr/share/zoneinfo/UTC", link)
	left, err := filepath.Glob(filepath.Join(dir, "etc/.restore-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestRestoreFollowsNoPlantedLink(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	snap := stored(t, r, m)
	for _, to := range []string{"/tmp", "elsewhere", "."} {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "elsewhere"), 0o755))
		require.NoError(t, os.Symlink(to, filepath.Join(dir, "etc")))
		root, err := os.OpenRoot(dir)
		require.NoError(t, err)
		assert.Error(t, restoreOne(t, r, snap, "/etc/motd", root), to)
		assert.NoFileExists(t, filepath.Join(dir, "elsewhere/motd"))
		assert.NoFileExists(t, filepath.Join(dir, "motd"))
		root.Close()
	}
}

func ExampleInto() {
	m := hosttest.New(small)
	repo := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _, err := commit.Run(context.Background(), repo, commit.Source{Host: m.Host()})
	if err != nil {
		fmt.Println(err)
	}
	dir, err := os.MkdirTemp("", "restore")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		fmt.Println(err)
	}
	defer root.Close()
	done, err := restore.Into(context.Background(), repo, snap, root, restore.Options{Paths: []string{"/etc/ssh"}, DryRun: true})
	for _, one := range done {
		fmt.Println(one.Entry.Path, one.Err)
	}
	fmt.Println(err)
	// Output:
	// /etc/ssh <nil>
	// /etc/ssh/sshd_config <nil>
	// <nil>
}
