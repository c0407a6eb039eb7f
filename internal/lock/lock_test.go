package lock

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if name := os.Getenv("UPKEEP_TEST_LOCK"); name != "" {
		if _, err := Acquire(name); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // until the test ends it
		return
	}
	os.Exit(m.Run())
}

func TestLockDiesWithItsProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_LOCK="+name)
	_, err = cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	buf := make([]byte, 5)
	_, err = io.ReadFull(out, buf)
	require.NoError(t, err)

	_, err = Acquire(name)
	require.ErrorIs(t, err, ErrLocked)
	assert.Contains(t, err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid))

	require.NoError(t, cmd.Process.Kill())
	cmd.Wait() //nolint:errcheck // it was killed
	l, err := Acquire(name)
	require.NoError(t, err)
	_, err = Acquire(name)
	assert.ErrorIs(t, err, ErrLocked, "a second lock in the same process is refused too")
	require.NoError(t, l.Release())
	l, err = Acquire(name)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

func TestLockFileThatIsALinkIsRefused(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	require.NoError(t, os.WriteFile(target, []byte("keep"), 0o600))
	require.NoError(t, os.Symlink(target, filepath.Join(dir, "lock")))
	_, err := Acquire(filepath.Join(dir, "lock"))
	require.Error(t, err)
	data, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.Equal(t, "keep", strings.TrimSpace(string(data)))
}
