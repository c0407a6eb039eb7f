package durable_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

func holdLock(name string) {
	if _, err := durable.Acquire(name); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	io.Copy(io.Discard, os.Stdin) //nolint:errcheck // until the test ends it
}

func TestLockDiesWithItsProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DURABLE_TEST=lock:"+name)
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, 5))
	require.NoError(t, err)

	_, err = durable.Acquire(name)
	require.ErrorIs(t, err, durable.ErrLocked)
	assert.Contains(t, err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid))

	require.NoError(t, cmd.Process.Kill())
	cmd.Wait() //nolint:errcheck // it was killed
	l, err := durable.Acquire(name)
	require.NoError(t, err)
	_, err = durable.Acquire(name)
	assert.ErrorIs(t, err, durable.ErrLocked, "a second lock in the same process is refused too")
	require.NoError(t, l.Release())
	l, err = durable.Acquire(name)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

func TestLockFileThatIsALinkIsRefused(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	require.NoError(t, os.WriteFile(target, []byte("keep"), 0o600))
	require.NoError(t, os.Symlink(target, filepath.Join(dir, "lock")))
	_, err := durable.Acquire(filepath.Join(dir, "lock"))
	require.Error(t, err)
	data, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.Equal(t, "keep", string(data))
}
