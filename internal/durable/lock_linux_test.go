package durable_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// A child has the descriptors of its parent until it becomes its program.
func TestALockThatIsGivenBackIsFreeWhoeverElseHasItsDescriptor(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	l, err := durable.Acquire(name)
	require.NoError(t, err)
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	child := -1
	for _, fd := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); to == name {
			n, err := strconv.Atoi(fd.Name())
			require.NoError(t, err)
			child, err = unix.Dup(n)
			require.NoError(t, err)
		}
	}
	require.Positive(t, child)
	defer unix.Close(child) //nolint:errcheck // it is only held
	require.NoError(t, l.Release())
	again, err := durable.Acquire(name)
	require.NoError(t, err)
	require.NoError(t, again.Release())
}
