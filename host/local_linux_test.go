package host

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// withoutRights calls do as a user who owns nothing. Linux keeps the identity
// for file access per thread, so the thread is thrown away afterwards.
func withoutRights(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread()
			_, err := unix.SetfsuidRetUid(65534)
			assert.NoError(t, err)
		}
		do()
	}()
	<-done
}

func TestMissingRightsArePermission(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "d"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "d/f"), nil, 0o600))
	require.NoError(t, os.Chmod(filepath.Join(dir, "d/f"), 0))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "listonly"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "listonly/f"), nil, 0o600))
	require.NoError(t, os.Chmod(filepath.Join(dir, "listonly"), 0o444))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "closed"), 0o700))
	require.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "listonly"), 0o700) })
	root, err := os.Open(dir) // the way to it may be closed to others
	require.NoError(t, err)
	defer root.Close()
	for _, h := range []Host{Root(procFD(root)), {Files: files{locate: belowFD(root)}}} {
		withoutRights(t, func() {
			_, err := h.Open(t.Context(), "/d/f")
			assert.ErrorIs(t, err, fs.ErrPermission)
			_, err = h.Lstat(t.Context(), "/d/f")
			assert.NoError(t, err)
			list, err := h.ReadDir(t.Context(), "/listonly")
			assert.ErrorIs(t, err, fs.ErrPermission, "names without their Stat are not complete")
			assert.Nil(t, list)
			_, err = h.Lstat(t.Context(), "/closed/f")
			assert.ErrorIs(t, err, fs.ErrPermission)
			assert.NotErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

func procFD(f *os.File) string { return filepath.Join("/proc/self/fd", strconv.Itoa(int(f.Fd()))) }

// belowFD finds names as Local does, but from a directory.
func belowFD(f *os.File) func(string, bool) (place, error) {
	return func(name string, follow bool) (place, error) {
		return place{dir: int(f.Fd()), name: "." + name, follow: follow}, nil
	}
}

// A process that has ended and is not reaped has a link that nobody can read.
func TestLinkThatCannotBeReadIsNotKnown(t *testing.T) {
	ended := exec.Command("/bin/true")
	require.NoError(t, ended.Start())
	defer ended.Wait()
	pid := ended.Process.Pid
	require.NoError(t, unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
	proc := "/proc/" + strconv.Itoa(pid)
	st, err := Local().Lstat(t.Context(), proc+"/exe")
	require.NoError(t, err)
	assert.True(t, st.IsLink())
	assert.False(t, st.Known.Has(KnownLink))
	list, err := Local().ReadDir(t.Context(), proc)
	require.NoError(t, err, "one such link does not spoil the directory")
	assert.Contains(t, list, st)
}

func TestStatWithoutStatxIsTheSameButForWhatOnlyItTells(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o600))
	for _, name := range []string{filepath.Join(dir, "f"), dir, "/dev/null", "/proc/self"} {
		want, err := statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT)
		require.NoError(t, err)
		got, err := fstatat(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT)
		require.NoError(t, err)
		want.Btime, want.Flags, want.Mount = 0, 0, 0
		want.Known &^= KnownBtime | KnownFlags | KnownMount
		assert.Equal(t, want, got, name)
	}
	f, err := os.Open(dir)
	require.NoError(t, err)
	defer f.Close()
	got, err := fstatat(int(f.Fd()), "", unix.AT_EMPTY_PATH)
	require.NoError(t, err)
	assert.True(t, got.IsDir())
}

// What other systems use, and Linux without /proc.
func TestOpenDirectOpensRegularFilesOnly(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o600))
	require.NoError(t, os.Symlink("f", filepath.Join(dir, "link")))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	at := func(name string, follow bool) place {
		return place{dir: unix.AT_FDCWD, name: filepath.Join(dir, name), follow: follow}
	}
	for _, p := range []place{at("f", false), at("f", true), at("link", true)} {
		fd, err := openDirect(p)
		require.NoError(t, err)
		require.NoError(t, unix.Close(fd))
	}
	for _, p := range []place{at("link", false), at("fifo", true), at(".", true), {dir: unix.AT_FDCWD, name: "/dev/null"}} {
		_, err := openDirect(p)
		assert.ErrorIs(t, err, ErrNotRegular, p.name)
	}
	_, err := openDirect(at("nosuch", true))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestWhatIsExchangedAfterTheLookIsClosedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	require.NoError(t, err)
	_, err = onlyRegular(fd)
	require.ErrorIs(t, err, ErrNotRegular)
	var st unix.Stat_t
	assert.True(t, errors.Is(unix.Fstat(fd, &st), unix.EBADF))
}

func TestKernelFollowsItsOwnLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString("removed")
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	data, err := Local().ReadFile(t.Context(), procFD(f), 0)
	require.NoError(t, err)
	assert.Equal(t, "removed", string(data), "what runs from a removed file can be read")
}

func TestCommandHasASessionOfItsOwn(t *testing.T) {
	out, err := Local().Query(t.Context(), "cat", "/proc/self/stat")
	require.NoError(t, err)
	words := strings.Fields(string(out)) // proc(5): pid, comm, state, ppid, pgrp, session
	require.Greater(t, len(words), 5)
	assert.Equal(t, words[0], words[4], "process group")
	assert.Equal(t, words[0], words[5], "session")
}
