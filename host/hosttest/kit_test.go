package hosttest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// plant makes the sample tree, and makes it removable again in the end.
func plant(t *testing.T, name string) (dir string, tree hosttest.Tree) {
	t.Helper()
	dir = t.TempDir()
	if name == "" {
		name = dir
	}
	tree, err := hosttest.Plant(dir, name)
	require.NoError(t, err)
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "locked"), 0o700) })
	return dir, tree
}

func TestLocalConforms(t *testing.T) {
	_, tree := plant(t, "")
	require.NoError(t, hosttest.TestHost(t.Context(), host.Local(), tree))
}

func TestRootConforms(t *testing.T) {
	dir, tree := plant(t, "/")
	require.NoError(t, hosttest.TestHost(t.Context(), host.Root(dir), tree))
}

func TestMachineConforms(t *testing.T) {
	for _, name := range []string{"/", "/srv/sample"} {
		tree := hosttest.Tree{Name: name}
		m := hosttest.New(tree.Text() + hosttest.RunnerText())
		require.NoError(t, hosttest.TestHost(t.Context(), m.Host(), tree))
	}
}

func TestNilRunnerConforms(t *testing.T) {
	assert.NoError(t, hosttest.TestRunner(t.Context(), nil))
	assert.Error(t, hosttest.TestFS(t.Context(), nil, hosttest.Tree{}))
}
