package commit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// The script is what the documentation gives to those who have nothing of ours.
func TestStockProgramsRestoreTheNewestSnapshot(t *testing.T) {
	for _, program := range []string{"age", "jq", "ssh-keygen", "sha256sum", "tar", "gzip"} {
		need.Program(t, program)
	}
	from, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(from, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(from, name), []byte(text), 0o640))
	}
	write("motd", "welcome\n")
	write("sub/odd \xff\nname", "odd\n")
	write("sub/empty", "")
	large := make([]byte, 3<<20+17)
	for i := range large {
		large[i] = byte(i >> 8)
	}
	write("large", string(large))
	require.NoError(t, os.Symlink("/nowhere/at all", filepath.Join(from, "link")))

	keys := agekey.Folder{Dir: t.TempDir(), Create: true}
	store := t.TempDir()
	r := backup.Repo{Store: dirstore.Dir(store), Keys: keys.Keys(), State: t.TempDir()}
	src := commit.Source{Host: host.Local(), Paths: []string{from}}
	_, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	write("motd", "changed\n")
	_, _, err = commit.Run(t.Context(), r, src)
	require.NoError(t, err)

	script := exec.CommandContext(t.Context(), "/bin/sh", "testdata/recover.sh", store, filepath.Join(keys.Dir, "identity.txt"), filepath.Join(keys.Dir, "signing-key.pub"), target)
	out, err := script.CombinedOutput()
	require.NoError(t, err, string(out))
	for name, want := range map[string]string{"motd": "changed\n", "sub/odd \xff\nname": "odd\n", "sub/empty": "", "large": string(large)} {
		got, err := os.ReadFile(filepath.Join(target, from, name))
		require.NoError(t, err, name)
		assert.True(t, want == string(got), name)
	}
	info, err := os.Stat(filepath.Join(target, from, "motd"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o640, info.Mode().Perm())
	to, err := os.Readlink(filepath.Join(target, from, "link"))
	require.NoError(t, err)
	assert.Equal(t, "/nowhere/at all", to)
}
