//go:build linux || freebsd || openbsd || netbsd || darwin

package host_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// plant makes the sample tree of the kit.
func plant(t *testing.T, name func(dir string) string) (string, hosttest.Tree) {
	t.Helper()
	dir := t.TempDir()
	tree, err := hosttest.Plant(dir, name(dir))
	require.NoError(t, err)
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "locked"), 0o700) })
	return dir, tree
}

func TestLocalKeepsTheContract(t *testing.T) {
	_, tree := plant(t, func(dir string) string { return dir })
	require.NoError(t, hosttest.TestHost(t.Context(), host.Local(), tree))
}

func TestRootKeepsTheContract(t *testing.T) {
	dir, tree := plant(t, func(string) string { return "/" })
	require.NoError(t, hosttest.TestHost(t.Context(), host.Root(dir), tree))
}

func TestRootBelowKeepsTheContract(t *testing.T) {
	dir, tree := plant(t, func(dir string) string { return "/" + filepath.Base(dir) })
	require.NoError(t, hosttest.TestHost(t.Context(), host.Root(filepath.Dir(dir)), tree))
}

func TestARootThatMayNotBeEnteredIsAMatterOfRights(t *testing.T) {
	need.AsUser(t, func() {
		locked := filepath.Join(t.TempDir(), "locked")
		require.NoError(t, os.MkdirAll(filepath.Join(locked, "image", "etc"), 0o700))
		require.NoError(t, os.Chmod(locked, 0))
		t.Cleanup(func() { os.Chmod(locked, 0o700) })
		_, err := host.Root(filepath.Join(locked, "image")).Lstat(t.Context(), "/etc")
		assert.ErrorIs(t, err, fs.ErrPermission)
	})
}

// write makes files below dir; a content that starts with "-> " is a link.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if target, isLink := strings.CutPrefix(content, "-> "); isLink {
			require.NoError(t, os.Symlink(target, path))
		} else {
			require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		}
	}
}

func read(h host.Host, name string) (string, error) {
	data, err := h.ReadFile(context.Background(), name, 0)
	return string(data), err
}

func TestNoLinkLeadsOutOfRoot(t *testing.T) {
	top := t.TempDir()
	outside := filepath.Join(top, "secret")
	write(t, top, map[string]string{
		"secret":          "outside",
		"root/secret":     "inside",
		"root/a/b/up":     "-> ../../../../../secret",
		"root/a/b/abs":    "-> /secret",
		"root/a/real":     "-> " + outside,
		"root/a/dir":      "-> ../../..",
		"root/a/absdir":   "-> " + top,
		"root/a/slash":    "-> b/",
		"root/a/rootlink": "-> /",
		"root/a/dots":     "-> ./.././/../a/./b/abs",
	})
	h := host.Root(filepath.Join(top, "root"))
	for _, name := range []string{
		"/secret", "/../secret", "/../../../../secret", "/a/../../secret", "/a/b/up", "/a/b/abs",
		"/a/dir/secret", "/a/dir/../secret", "/a/slash/../../secret", "/a/rootlink/../secret", "//a//.//dots",
	} {
		content, err := read(h, name)
		assert.NoError(t, err, name)
		assert.Equal(t, "inside", content, name)
	}
	for _, name := range []string{"/a/real", "/a/absdir/secret", "/secret/", "/secret/.", "/secret/.."} {
		_, err := read(h, name)
		assert.Error(t, err, name)
	}
}

func TestFortyLinksAreFollowedAndNoMore(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"l0": "end", "loop/a": "-> b", "loop/b": "-> ../loop/a", "self": "-> self/x"})
	for i := 1; i <= 41; i++ {
		require.NoError(t, os.Symlink("l"+strconv.Itoa(i-1), filepath.Join(dir, "l"+strconv.Itoa(i))))
	}
	h := host.Root(dir)
	content, err := read(h, "/l40")
	require.NoError(t, err)
	assert.Equal(t, "end", content)
	for _, name := range []string{"/l41", "/loop/a", "/loop/b/c", "/self"} {
		_, err = read(h, name)
		assert.ErrorIs(t, err, syscall.ELOOP, name)
	}
}

func TestVeryDeepNameIsRefusedByRoot(t *testing.T) {
	dir := t.TempDir()
	deep := strings.Repeat("d/", 255)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, deep), 0o755))
	h := host.Root(dir)
	_, err := h.ReadDir(t.Context(), "/"+deep)
	require.NoError(t, err)
	_, err = h.Lstat(t.Context(), "/"+deep+"d/d")
	require.ErrorIs(t, err, syscall.ENAMETOOLONG)
	assert.NotErrorIs(t, err, fs.ErrNotExist)
}

// exchange makes the names in dir change places until the test has done.
func exchange(t *testing.T, dir string, swap func(dir string) error, do func()) {
	t.Helper()
	stop := make(chan struct{})
	var attack sync.WaitGroup
	attack.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, swap(dir))
			}
		}
	})
	defer attack.Wait()
	defer close(stop)
	do()
}

// swapWithLink makes dir/a in turn a directory and a link out of the root.
func swapWithLink(dir string) error {
	for _, pair := range [][2]string{{"a", "a.dir"}, {"a.link", "a"}, {"a", "a.link"}, {"a.dir", "a"}} {
		if err := os.Rename(filepath.Join(dir, pair[0]), filepath.Join(dir, pair[1])); err != nil {
			return err
		}
	}
	return nil
}

func TestDirectoryThatBecomesALinkLeadsNowhereElse(t *testing.T) {
	top := t.TempDir()
	write(t, top, map[string]string{
		"root/a/b/f":   "inside",
		"root/a.link":  "-> " + filepath.Join(top, "out"),
		"out/b/f":      "outside",
		"out/b/escape": "-> f",
	})
	h := host.Root(filepath.Join(top, "root"))
	right := 0
	exchange(t, filepath.Join(top, "root"), swapWithLink, func() {
		for range 2000 {
			content, err := read(h, "/a/b/f")
			if err == nil && assert.Equal(t, "inside", content) {
				right++
			}
			list, err := h.ReadDir(t.Context(), "/a/b")
			if err == nil {
				assert.Len(t, list, 1, "a directory outside was listed")
			}
		}
	})
	assert.Positive(t, right, "the attack let no look through")
}

// swapOut moves dir/root/a/b out of the root and back.
func swapOut(dir string) error {
	in, out := filepath.Join(dir, "root/a/b"), filepath.Join(dir, "out/deep/b")
	return errors.Join(os.Rename(in, out), os.Rename(out, in))
}

func TestDirectoryThatIsMovedOutHasNoWayUp(t *testing.T) {
	top := t.TempDir()
	write(t, top, map[string]string{"root/f": "inside", "root/a/b/x": "", "out/f": "outside", "out/deep/y": "", "f": "outside"})
	h := host.Root(filepath.Join(top, "root"))
	right := 0
	exchange(t, top, swapOut, func() {
		for range 2000 {
			content, err := read(h, "/a/b/../../f")
			if err == nil && assert.Equal(t, "inside", content) {
				right++
			}
		}
	})
	assert.Positive(t, right, "the attack let no look through")
}

func TestMissingRootIsNotAMissingFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"file": ""})
	for _, root := range []string{filepath.Join(dir, "nosuch"), filepath.Join(dir, "file"), ""} {
		_, err := read(host.Root(root), "/etc/passwd")
		require.Error(t, err)
		assert.NotErrorIs(t, err, fs.ErrNotExist, root)
	}
}

func TestRootCannotRunOrDial(t *testing.T) {
	h := host.Root(t.TempDir())
	_, err := h.Run(t.Context(), host.Command{Args: []string{"true"}})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = h.Connect(t.Context(), "tcp", "127.0.0.1:1")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.False(t, h.Time().IsZero())
}

func TestLocalDials(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	conn, err := host.Local().Connect(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	assert.NoError(t, conn.Close())
}

// bothHosts gives Local and Root over the same directory, with the name that it has.
func bothHosts(dir string) map[string]host.Host {
	return map[string]host.Host{dir: host.Local(), "": host.Root(dir)}
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"d/f": "x", "todev": "-> dev"})
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	defer l.Close()
	for prefix, h := range bothHosts(dir) {
		for _, name := range []string{"/fifo", "/s", "/d", "/d/"} {
			_, err := h.Open(t.Context(), prefix+name)
			assert.ErrorIs(t, err, host.ErrNotRegular, prefix+name)
		}
	}
	for _, name := range []string{"/dev/null", "/dev/zero", "/dev/tty"} {
		_, err := host.Local().Open(t.Context(), name)
		assert.ErrorIs(t, err, host.ErrNotRegular, name)
	}
}

func TestOpenDirFollowsNoLastLink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"d/f": "x", "link": "-> d", "up": "-> /d/..", "file": ""})
	for prefix, h := range bothHosts(dir) {
		opener := h.Files.(host.DirOpener)
		for _, name := range []string{"/link", "/link/", "/link//", "/file", "/nosuch"} {
			_, err := opener.OpenDir(t.Context(), prefix+name)
			assert.Error(t, err, prefix+name)
		}
		d, err := opener.OpenDir(t.Context(), prefix+"/d/")
		require.NoError(t, err)
		names, err := d.Readdirnames(-1)
		require.NoError(t, err)
		assert.Equal(t, []string{"f"}, names)
		require.NoError(t, d.Close())
	}
	d, err := host.Root(dir).Files.(host.DirOpener).OpenDir(t.Context(), "/../up/d")
	require.NoError(t, err, "a link in the middle is followed inside the root")
	d.Close()
}

func TestStatOfAnOpenFileIsOfTheFileNotItsName(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"old": "first", "link": "-> old", "new": "second one"})
	for prefix, h := range bothHosts(dir) {
		before, err := h.Lstat(t.Context(), prefix+"/old")
		require.NoError(t, err)
		f, err := h.Open(t.Context(), prefix+"/link")
		require.NoError(t, err)
		require.NoError(t, os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "moved")))
		require.NoError(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "old")))
		st, err := f.Stat()
		require.NoError(t, err)
		same, known := host.SameFile(before, st)
		assert.True(t, same && known)
		assert.Equal(t, "link", st.Name)
		assert.EqualValues(t, 5, st.Size)
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		assert.Equal(t, "first", string(data))
		require.NoError(t, f.Close())
		require.NoError(t, os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new")))
		require.NoError(t, os.Rename(filepath.Join(dir, "moved"), filepath.Join(dir, "old")))
	}
}

func TestLongestLinkIsReadWhole(t *testing.T) {
	dir := t.TempDir()
	target := strings.Repeat("x/", 511)
	require.NoError(t, os.Symlink(target, filepath.Join(dir, "l")))
	for prefix, h := range bothHosts(dir) {
		st, err := h.Lstat(t.Context(), prefix+"/l")
		require.NoError(t, err)
		assert.Equal(t, target, st.Link)
	}
}

func TestTrailingSlashDoesNotMakeLstatFollow(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"d/f": "x", "link": "-> d"})
	for prefix, h := range bothHosts(dir) {
		st, err := h.Lstat(t.Context(), prefix+"/link//")
		require.NoError(t, err)
		assert.True(t, st.IsLink())
		assert.Equal(t, "link", st.Name)
	}
	st, err := host.Root(dir).Lstat(t.Context(), "//")
	require.NoError(t, err)
	assert.True(t, st.IsDir())
	assert.Equal(t, "/", st.Name)
}

func TestStatAgreesWithTheSystem(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"f": "four"})
	require.NoError(t, os.Link(filepath.Join(dir, "f"), filepath.Join(dir, "g")))
	var raw unix.Stat_t
	require.NoError(t, unix.Lstat(filepath.Join(dir, "f"), &raw))
	for prefix, h := range bothHosts(dir) {
		st, err := h.Lstat(t.Context(), prefix+"/f")
		require.NoError(t, err)
		st.Btime, st.Flags, st.Mount = 0, 0, 0
		st.Known &^= host.KnownBtime | host.KnownFlags | host.KnownMount
		assert.Equal(t, host.Stat{
			Name: "f", Mode: uint32(raw.Mode), UID: raw.Uid, GID: raw.Gid, Size: 4, Blocks: raw.Blocks,
			Dev: uint64(raw.Dev), Ino: raw.Ino, Nlink: 2, Mtime: raw.Mtim.Nano(), Ctime: raw.Ctim.Nano(),
			Known: host.KnownMode | host.KnownSize | host.KnownBlocks | host.KnownOwner | host.KnownInode |
				host.KnownNlink | host.KnownMtime | host.KnownCtime,
		}, st)
	}
	require.NoError(t, unix.Stat("/dev/null", &raw))
	st, err := host.Local().Lstat(t.Context(), "/dev/null")
	require.NoError(t, err)
	assert.Equal(t, uint64(raw.Rdev), st.Rdev)
	assert.True(t, st.Known.Has(host.KnownRdev))
}

func TestEntryThatVanishesIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"stays": "x"})
	comeAndGo := func(dir string) error {
		path := filepath.Join(dir, "goes")
		return errors.Join(os.WriteFile(path, nil, 0o600), os.Remove(path))
	}
	h := host.Root(dir)
	exchange(t, dir, comeAndGo, func() {
		for range 1000 {
			list, err := h.ReadDir(t.Context(), "/")
			require.NoError(t, err)
			assert.Equal(t, "stays", list[len(list)-1].Name)
		}
	})
}

// BenchmarkReadDir lists 1000 files with their Stats.
func BenchmarkReadDir(b *testing.B) {
	dir := b.TempDir()
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for name, h := range map[string]host.Host{"local": host.Local(), "root": host.Root("/")} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if list, err := h.ReadDir(b.Context(), dir); err != nil || len(list) != 1000 {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("os", func(b *testing.B) { // the same with the standard library
		for b.Loop() {
			list, err := os.ReadDir(dir)
			for _, entry := range list {
				_, infoErr := entry.Info()
				err = errors.Join(err, infoErr)
			}
			if err != nil || len(list) != 1000 {
				b.Fatal(err)
			}
		}
	})
}
