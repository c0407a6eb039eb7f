//go:build linux || freebsd || openbsd || netbsd || darwin

package host

import (
	"context"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlainNameIsTheFirstProgramOfThatName(t *testing.T) {
	top := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a/x": 0o644, "b/x": 0o755, "c/x": 0o755, "a/y": 0o644} {
		path := filepath.Join(top, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, mode))
	}
	r := runner{search: []string{top + "/nosuch", top + "/a", top + "/a/x", top + "/b", top + "/c"}}
	path, err := r.find("x")
	require.NoError(t, err)
	assert.Equal(t, top+"/b/x", path)
	_, err = r.find("y")
	require.ErrorIs(t, err, fs.ErrPermission, "what may not be run is there")
	assert.NotErrorIs(t, err, exec.ErrNotFound)
	_, err = r.find("z")
	assert.ErrorIs(t, err, exec.ErrNotFound)
}

func TestEndOfTheProcessCountsBeforeThatOfTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, mutates := range []bool{false, true} {
		ch, err := start("/bin/sh", Command{Args: []string{"sh", "-c", "echo done"}, Mutates: mutates})
		require.NoError(t, err)
		<-ch.exited
		out, err := ch.wait(ctx)
		require.NoError(t, err)
		assert.Equal(t, "done\n", string(out.Stdout))
	}
}

func TestTimeOutOfRangeIsTheNearest(t *testing.T) {
	assert.EqualValues(t, 1_500_000_000, nanoseconds(1, 500_000_000))
	assert.EqualValues(t, -500_000_000, nanoseconds(-1, 500_000_000))
	assert.Equal(t, int64(math.MaxInt64), nanoseconds(1<<40, 0))
	assert.Equal(t, int64(math.MinInt64), nanoseconds(-1<<40, 0))
}
