package tree_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// noStatx names the folder that the test's own child walks.
const noStatx = "UPKEEP_TEST_NO_STATX"

// forbidStatx makes the kernel answer for all threads of this process as one that
// does not know the call.
func forbidStatx(t *testing.T) {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: unix.SYS_STATX},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	require.Zero(t, errno)
	require.ErrorIs(t, unix.Statx(unix.AT_FDCWD, "/", 0, unix.STATX_BASIC_STATS, new(unix.Statx_t)), unix.ENOSYS)
}

// told is what every kernel tells of a tree.
func told(t *testing.T, dir string) string {
	var b strings.Builder
	_, err := tree.Walk(t.Context(), host.Local().Files, dir, host.WalkOptions{Digests: []string{"sha256"}, Attrs: true}, func(e *host.Entry) error {
		fmt.Fprintf(&b, "told %q %o %d:%d %d %d %d %d %q %v %v %v\n", e.Path, e.Mode, e.UID, e.GID, e.Size, e.Ino, e.Mtime, e.Ctime, e.Link, e.Digests, e.Complete, e.Err)
		return nil
	})
	require.NoError(t, err)
	return b.String()
}

func TestAKernelWithoutStatxTellsTheSameTree(t *testing.T) {
	if dir := os.Getenv(noStatx); dir != "" {
		forbidStatx(t)
		fmt.Print(told(t, dir))
		return
	}
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "d/e"), 0o750))
	for _, name := range []string{"a", "d/b", "d/e/c"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o640))
	}
	require.NoError(t, os.Symlink("d/b", filepath.Join(dir, "link")))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), noStatx+"="+dir)
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	var lines strings.Builder
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "told ") {
			lines.WriteString(line)
		}
	}
	want := told(t, dir)
	assert.Equal(t, 8, strings.Count(want, "\n"))
	assert.Equal(t, want, lines.String())
}
