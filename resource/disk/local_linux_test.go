package disk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/resource"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

func TestThisMachineIsMeasured(t *testing.T) {
	usage, err := disk.ReadUsage(t.Context(), host.Local())
	require.NoError(t, err)
	i := slices.IndexFunc(usage, func(u disk.Usage) bool { return u.Mount == "/" })
	need.That(t, "a writable root file system", i >= 0)
	root := usage[i]
	require.NoError(t, root.SpaceErr)
	var st syscall.Statfs_t
	require.NoError(t, syscall.Statfs("/", &st))
	assert.Equal(t, st.Blocks*uint64(st.Bsize)/1024*1024, root.Size)
	assert.InDelta(t, float64(st.Bavail)*float64(st.Bsize), float64(root.Free), float64(root.Size)/20)
	for _, c := range []report.Checker{resource.Memory{Host: host.Local()}, resource.Load{Host: host.Local()}} {
		res := reporttest.Collect(t, c)
		assert.Equal(t, report.OK, res.Status, c.Name())
		assert.NotEmpty(t, res.Metrics, c.Name())
	}
}

// inOwnMounts runs the test again in a mount namespace of its own, so that the
// machine never sees what it mounts, and gives a folder there; "" outside.
func inOwnMounts(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("UPKEEP_TEST_MOUNTS"); dir != "" {
		return dir
	}
	need.Root(t)
	unshare := need.Program(t, "unshare")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), unshare, "--mount", "--propagation", "private",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_MOUNTS="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	if _, why, skipped := strings.Cut(string(out), "skip: needs "); skipped {
		need.That(t, strings.SplitN(why, "\n", 2)[0], false)
	}
	assert.Contains(t, string(out), "--- PASS: "+t.Name(), "%s", out)
	return ""
}

func TestASmallTmpfsThatFillsUpIsFound(t *testing.T) {
	if dir := inOwnMounts(t); dir != "" {
		fillTmpfs(t, dir)
	}
}

func fillTmpfs(t *testing.T, dir string) {
	require.NoError(t, syscall.Mount("small", dir, "tmpfs", 0, "size=1m,nr_inodes=20"))
	c := disk.Filesystems{Host: host.Local()}
	assert.Empty(t, onMount(reporttest.Collect(t, c), dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "big"), make([]byte, 1<<20), 0o600))
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	found := onMount(reporttest.Collect(t, c), dir)
	require.Len(t, found, 2)
	assert.Equal(t, report.Critical, found[0].Severity)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "big")))
	require.NoError(t, os.Remove(filepath.Join(dir, "a")))
	require.NoError(t, os.Remove(filepath.Join(dir, "b")))
	require.NoError(t, os.Remove(filepath.Join(dir, "c")))
	res := reporttest.Collect(t, c)
	assert.Empty(t, onMount(res, dir))
	assert.True(t, res.Covers("space"+dir))
}

func onMount(res report.Result, dir string) []report.Finding {
	var out []report.Finding
	for _, f := range res.Findings {
		if f.Subject.Value == dir {
			out = append(out, f)
		}
	}
	return out
}
