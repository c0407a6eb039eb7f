package restore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func TestRehearsalGivesBackEveryKindOfEntryAndLeavesNothing(t *testing.T) {
	need.Long(t)
	need.Root(t)
	from, dir := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "place")
	require.NoError(t, os.Mkdir(from, 0o750))
	everything(t, from)
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}, State: t.TempDir()}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
	require.NoError(t, err)
	killed := filepath.Join(dir, "rehearsal-1")
	require.NoError(t, os.MkdirAll(killed, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(killed, "x"), nil, 0o600))
	run(t, "chattr", "+i", filepath.Join(killed, "x"))

	got, err := restore.Rehearse(t.Context(), r, snap, dir, nil)
	require.NoError(t, err)
	assert.Empty(t, got.Left)
	assert.Empty(t, got.Differences)
	assert.Greater(t, got.Entries, 20)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left, "an immutable file went as well")
}

// TestEachDifferenceFromASnapshotIsNamed changes one thing after another of what was
// backed up.
func TestEachDifferenceFromASnapshotIsNamed(t *testing.T) {
	need.Root(t)
	from := t.TempDir()
	at := func(name string) string { return filepath.Join(from, name) }
	then := time.Unix(1e9, 5)
	fresh := func() {
		require.NoError(t, os.RemoveAll(from))
		require.NoError(t, os.Mkdir(from, 0o700))
		require.NoError(t, os.Mkdir(at("sub"), 0o750))
		require.NoError(t, os.WriteFile(at("sub/file"), []byte("one\n"), 0o640))
		require.NoError(t, os.Link(at("sub/file"), at("twin")))
		require.NoError(t, os.Symlink("sub", at("link")))
		require.NoError(t, unix.Mkfifo(at("pipe"), 0o600))
		require.NoError(t, os.WriteFile(at("holes"), nil, 0o600))
		require.NoError(t, os.Truncate(at("holes"), 1<<20))
		require.NoError(t, unix.Mknod(at("null"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
		stamp := unix.NsecToTimespec(then.UnixNano())
		for _, name := range []string{"sub/file", "link", "pipe", "holes", "null", "sub", ""} {
			require.NoError(t, unix.UtimesNanoAt(unix.AT_FDCWD, at(name), []unix.Timespec{stamp, stamp}, unix.AT_SYMLINK_NOFOLLOW))
		}
	}
	fresh()
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
	require.NoError(t, err)
	differences := func(skip func(string) bool) map[string]string {
		got, err := restore.Compare(t.Context(), r, snap, host.Local(), restore.Comparison{Skip: skip})
		require.NoError(t, err)
		out := map[string]string{}
		for _, d := range got {
			name, _ := filepath.Rel(from, d.Path)
			out[name] = strings.Join(d.Fields, " ")
			assert.Equal(t, out[name] == "content", d.Silent(), d)
		}
		return out
	}
	assert.Empty(t, differences(nil))
	keepTimes := func(dir string, change func()) {
		change()
		for _, name := range []string{dir, ""} {
			require.NoError(t, os.Chtimes(at(name), then, then))
		}
	}
	for want, change := range map[string]func(){
		"sub/file: content, twin: content": func() {
			require.NoError(t, os.WriteFile(at("twin"), []byte("two\n"), 0))
			require.NoError(t, os.Chtimes(at("twin"), then, then))
		},
		"sub/file: time size content, twin: time size content": func() { require.NoError(t, os.WriteFile(at("twin"), []byte("x"), 0)) },
		"sub: mode":         func() { require.NoError(t, os.Chmod(at("sub"), 0o755)) },
		"sub: group owner":  func() { require.NoError(t, os.Chown(at("sub"), 1, 1)) },
		"sub: time":         func() { require.NoError(t, os.Chtimes(at("sub"), then, time.Unix(5, 0))) },
		"sub/more: more":    func() { keepTimes("sub", func() { require.NoError(t, os.MkdirAll(at("sub/more/below"), 0o700)) }) },
		"pipe: missing":     func() { keepTimes("", func() { require.NoError(t, os.Remove(at("pipe"))) }) },
		"sub/file: missing": func() { keepTimes("sub", func() { require.NoError(t, os.Remove(at("sub/file"))) }) },
		"pipe: mode type": func() {
			keepTimes("", func() {
				require.NoError(t, os.Remove(at("pipe")))
				require.NoError(t, os.WriteFile(at("pipe"), nil, 0o644))
			})
			require.NoError(t, os.Chtimes(at("pipe"), then, then))
		},
		"link: time link": func() {
			keepTimes("", func() {
				require.NoError(t, os.Remove(at("link")))
				require.NoError(t, os.Symlink("elsewhere", at("link")))
			})
		},
		"null: time device": func() {
			keepTimes("", func() {
				require.NoError(t, os.Remove(at("null")))
				require.NoError(t, unix.Mknod(at("null"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))))
			})
		},
		"holes: holes": func() {
			require.NoError(t, os.WriteFile(at("holes"), make([]byte, 1<<20), 0o600))
			require.NoError(t, os.Chtimes(at("holes"), then, then))
		},
		"twin: names": func() {
			keepTimes("", func() {
				require.NoError(t, os.Remove(at("twin")))
				require.NoError(t, os.WriteFile(at("twin"), []byte("one\n"), 0o640))
			})
			require.NoError(t, os.Chtimes(at("twin"), then, then))
		},
		"sub/file: attributes, twin: attributes": func() { require.NoError(t, unix.Setxattr(at("twin"), "user.note", []byte("x"), 0)) },
	} {
		fresh()
		change()
		var said []string
		got := differences(nil)
		for _, name := range []string{"holes", "link", "null", "pipe", "sub", "sub/file", "sub/more", "twin"} {
			if got[name] != "" {
				said = append(said, name+": "+got[name])
			}
		}
		assert.Equal(t, want, strings.Join(said, ", "))
		assert.Len(t, got, len(said), "%v", got)
	}
	fresh()
	keepTimes("sub", func() { require.NoError(t, os.WriteFile(at("sub/.file.swp"), nil, 0o600)) })
	assert.Empty(t, differences(commit.SkipGenerated))
}
