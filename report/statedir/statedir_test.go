package statedir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

func open(t *testing.T, o statedir.Options) *statedir.Dir {
	t.Helper()
	d, err := statedir.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// run is one stored run; it gives what its report says of the folder.
func run(t *testing.T, o statedir.Options) (dir string, notices []string) {
	t.Helper()
	d := open(t, o)
	saved, err := d.Store().Load(t.Context())
	require.NoError(t, err)
	require.NoError(t, d.Store().Save(t.Context(), memory.Saved{Report: &report.Report{Schema: report.Schema}}))
	require.NoError(t, d.Close())
	return d.Path(""), saved.Notices
}

func TestDefaultReadsNoEnvironment(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/wrong")
	for _, c := range []struct {
		uid               int
		state, home, want string
	}{
		{0, "/x", "/root", "/var/lib/upkeep"},
		{7, "/x", "/home/a", "/x/upkeep"},
		{7, "relative", "/home/a", "/home/a/.local/state/upkeep"},
	} {
		got, err := statedir.Default(c.uid, c.state, c.home)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
	_, err := statedir.Default(7, "", "")
	assert.Error(t, err)
}

func TestARenamedMachineKeepsItsFolderAndSaysSoOnce(t *testing.T) {
	root := t.TempDir()
	old := statedir.Options{Root: root, Host: "web1", Machine: "id-1"}
	first, notices := run(t, old)
	assert.Empty(t, notices)
	assert.Equal(t, filepath.Join(root, "web1"), first)

	renamed := old
	renamed.Host = "evil"
	unstored := open(t, renamed)
	assert.Len(t, unstored.Notices(), 1)
	require.NoError(t, unstored.Close())
	again, notices := run(t, renamed)
	assert.Equal(t, first, again)
	require.Len(t, notices, 1, "it is said until a report that says it is stored")
	assert.Contains(t, notices[0], "named evil now, and was named web1")
	_, notices = run(t, renamed)
	assert.Empty(t, notices)
}

func TestAnotherMachineUnderAKnownNameIsNew(t *testing.T) {
	root := t.TempDir()
	first, _ := run(t, statedir.Options{Root: root, Host: "web1", Machine: "id-1"})
	second, notices := run(t, statedir.Options{Root: root, Host: "web1", Machine: "id-2"})
	assert.NotEqual(t, first, second)
	require.Len(t, notices, 1)
	assert.Contains(t, notices[0], "was another machine until now")
	again, notices := run(t, statedir.Options{Root: root, Host: "web1", Machine: "id-2"})
	assert.Equal(t, second, again)
	assert.Empty(t, notices)
}

func TestAFolderWithoutIdentityIsTakenByItsName(t *testing.T) {
	root := t.TempDir()
	first, _ := run(t, statedir.Options{Root: root, Host: "web1"})
	second, notices := run(t, statedir.Options{Root: root, Host: "web1", Machine: "id-1"})
	assert.Equal(t, first, second)
	assert.Empty(t, notices)
	third, _ := run(t, statedir.Options{Root: root, Host: "web2", Machine: "id-1"})
	assert.Equal(t, first, third)
}

func TestIdentityIsNotWrittenAsItIs(t *testing.T) {
	dir, _ := run(t, statedir.Options{Root: t.TempDir(), Host: "web1", Machine: "secret-machine-id"})
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		assert.NotContains(t, string(data), "secret-machine-id", path)
		return err
	}))
}

func TestADamagedKeyIsSaidAndNeverSilentlyReplaced(t *testing.T) {
	o := statedir.Options{Root: t.TempDir(), Host: "web1"}
	first := open(t, o)
	key := first.RedactKey()
	require.NoError(t, first.Close())
	spoil := func(name string) {
		name = first.Path(name)
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		data[len(data)-1] ^= 1
		require.NoError(t, os.Remove(name))
		require.NoError(t, os.WriteFile(name, data, 0o600))
	}

	spoil("redact.key")
	_, notices := run(t, o)
	require.Len(t, notices, 1)
	assert.Contains(t, notices[0], "was read from its copy")
	same := open(t, o)
	assert.Equal(t, key, same.RedactKey())
	assert.Empty(t, same.Notices())
	require.NoError(t, same.Close())

	spoil("redact.key")
	spoil("redact.key.1")
	unstored := open(t, o)
	require.Len(t, unstored.Notices(), 1)
	require.NoError(t, unstored.Close())
	_, notices = run(t, o)
	require.Len(t, notices, 1)
	assert.Contains(t, notices[0], "a new one is made")
	fresh := open(t, o)
	assert.NotEqual(t, key, fresh.RedactKey())
	assert.Empty(t, fresh.Notices())
	damaged, err := filepath.Glob(fresh.Path("redact.key*damaged*"))
	require.NoError(t, err)
	assert.Len(t, damaged, 3, "nothing is written over")
}

func TestWhoOnlyReadsMakesTheSameMarksAndWritesNothing(t *testing.T) {
	o := statedir.Options{Root: t.TempDir(), Host: "web1"}
	d := open(t, o)
	key := d.RedactKey()
	require.NoError(t, d.Close())
	o.Reading = true
	d = open(t, o)
	assert.Equal(t, key, d.RedactKey())
	for _, name := range []string{"redact.key", "redact.key.1"} {
		require.NoError(t, os.Remove(d.Path(name)))
	}
	d = open(t, o)
	assert.Len(t, d.RedactKey(), 32, "never one that anybody knows")
	assert.NotEqual(t, key, d.RedactKey())
	assert.NoFileExists(t, d.Path("redact.key"))
}

func TestTwoProcessesDoNotShareAFolder(t *testing.T) {
	o := statedir.Options{Root: t.TempDir(), Host: "web1"}
	open(t, o)
	_, err := statedir.Open(o)
	assert.ErrorIs(t, err, statedir.ErrLocked)
}

func TestAFolderThatOthersCouldExchangeIsRefused(t *testing.T) {
	cases := map[string]struct {
		mode fs.FileMode
		want string
	}{
		"writable for all": {0o777, "everybody can write into"},
		"with sticky bit":  {0o777 | fs.ModeSticky, ""},
		"private":          {0o700, ""},
		"readable":         {0o755, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			parent := filepath.Join(t.TempDir(), "parent")
			root := filepath.Join(parent, "deep", "root")
			require.NoError(t, os.MkdirAll(root, 0o700))
			require.NoError(t, os.Chmod(parent, c.mode))
			link := filepath.Join(t.TempDir(), "link")
			require.NoError(t, os.Symlink(root, link))
			for _, path := range []string{root, link, link + "/below"} {
				d, err := statedir.Open(statedir.Options{Root: path, Host: "web1"})
				if c.want != "" {
					assert.ErrorContains(t, err, c.want, path)
					continue
				}
				require.NoError(t, err, path)
				require.NoError(t, d.Close())
			}
		})
	}
	root := t.TempDir()
	folder, _ := run(t, statedir.Options{Root: root, Host: "web1"})
	require.NoError(t, os.Chmod(folder, 0o770))
	_, err := statedir.Open(statedir.Options{Root: root, Host: "web1"})
	assert.ErrorContains(t, err, "others can write into the state folder")
}

func TestNothingIsMadeWhereItIsRefused(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "parent")
	require.NoError(t, os.Mkdir(parent, 0o700))
	require.NoError(t, os.Chmod(parent, 0o777))
	_, err := statedir.Open(statedir.Options{Root: filepath.Join(parent, "deep", "root"), Host: "web1"})
	assert.ErrorContains(t, err, "everybody can write into")
	assert.NoDirExists(t, filepath.Join(parent, "deep"))
}

func TestAFolderOfAnotherUserIsRefused(t *testing.T) {
	need.Root(t)
	root := filepath.Join(t.TempDir(), "root")
	require.NoError(t, os.Mkdir(root, 0o700))
	require.NoError(t, os.Chown(root, 12345, 12345))
	_, err := statedir.Open(statedir.Options{Root: root, Host: "web1"})
	assert.ErrorContains(t, err, "belongs to user id 12345")
}

func TestWithoutAPlaceTheReportSaysWhy(t *testing.T) {
	why := &fs.PathError{Op: "mkdir", Path: "/var/lib/upkeep", Err: syscall.EROFS}
	require.True(t, statedir.Unwritable(why))
	assert.False(t, statedir.Unwritable(errors.New("refused")))
	d := statedir.Without(statedir.Options{Root: "/var/lib/upkeep", Host: "web1"}, why)
	assert.Equal(t, "/var/lib/upkeep/web1/integrity", d.Path("integrity"), "never in the folder that the program was started in")
	_, err := d.Store().Load(t.Context())
	require.ErrorIs(t, err, syscall.EROFS)
	require.ErrorIs(t, d.Store().Save(t.Context(), memory.Saved{}), syscall.EROFS)
	assert.Len(t, d.RedactKey(), 32)
	assert.NoError(t, d.Close())
}

func TestFolderNamesAreDifferentAndStayInTheRoot(t *testing.T) {
	seen := map[string]string{}
	for _, host := range []string{"web1", "web/1", "web_1", "..", ".", "", "a\x00b", "a\nb", "../../etc", ".hidden", "wéb", "w\xffb"} {
		name := statedir.FolderName(host)
		assert.True(t, filepath.IsLocal(name) && filepath.Base(name) == name && name[0] != '.', "%q gives %q", host, name)
		assert.NotContains(t, seen, name, "%q and %q", host, seen[name])
		seen[name] = host
	}
}
