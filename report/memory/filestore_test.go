package memory_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv("UPKEEP_TEST_SAVE"); spec != "" {
		saveAndDie(spec)
		return
	}
	os.Exit(m.Run())
}

// saveAndDie saves report 2 into a folder and kills itself before step n.
func saveAndDie(spec string) {
	n, dir, _ := strings.Cut(spec, ":")
	left, err := strconv.Atoi(n)
	if err != nil {
		panic(err)
	}
	store := memory.FileStore{Dir: dir}.WithStep(func(step string) error {
		if left--; left == 0 {
			fmt.Println(step)
			syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // the test sees how it ended
			select {}
		}
		return nil
	})
	if err := store.Save(context.Background(), reporttest.Sample(2)); err != nil {
		panic(err)
	}
}

func TestFileStoreKeepsTheContract(t *testing.T) {
	err := reporttest.TestStore(t.Context(), func() memory.Store { return memory.FileStore{Dir: t.TempDir()} })
	require.NoError(t, err)
}

func TestKilledAtEveryStepASaveIsWholeOrNothing(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	var steps []string
	for n := 1; ; n++ {
		dir := t.TempDir()
		store := memory.FileStore{Dir: dir}
		require.NoError(t, store.Save(t.Context(), reporttest.Sample(0)))
		require.NoError(t, store.Save(t.Context(), reporttest.Sample(1)))
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), fmt.Sprintf("UPKEEP_TEST_SAVE=%d:%s", n, dir))
		out, err := cmd.Output()
		saved, loadErr := store.Load(t.Context())
		require.NoError(t, loadErr, "killed before %s", out)
		assert.Empty(t, saved.Notices)
		if err == nil {
			assert.Equal(t, uint64(2), saved.Report.Seq)
			break
		}
		step := strings.TrimSpace(string(out))
		steps = append(steps, step)
		want := uint64(1)
		if step == "sync folder" || step == "done" {
			want = 2
		}
		assert.Equal(t, want, saved.Report.Seq, "killed before %s", step)
		require.NoError(t, store.Save(t.Context(), reporttest.Sample(3)), "the next save is right")
		left, err := filepath.Glob(filepath.Join(dir, ".*"))
		require.NoError(t, err)
		assert.Empty(t, left, "and leaves nothing of the killed one")
	}
	assert.Equal(t, []string{"create", "write", "write rest", "sync", "unlink old", "link old", "rename", "sync folder", "done"}, steps)
}

func TestDamagedStateFallsBackAndSaysSo(t *testing.T) {
	damage := map[string]func(data []byte) []byte{
		"cut short":    func(d []byte) []byte { return d[:len(d)/2] },
		"emptied":      func([]byte) []byte { return nil },
		"one bit":      func(d []byte) []byte { d[len(d)-20] ^= 1; return d },
		"head changed": func(d []byte) []byte { d[0] = 'X'; return d },
		"too long":     func(d []byte) []byte { return append(d, " "...) },
	}
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			store := memory.FileStore{Dir: dir}
			require.NoError(t, store.Save(t.Context(), reporttest.Sample(1)))
			require.NoError(t, store.Save(t.Context(), reporttest.Sample(2)))
			spoil(t, filepath.Join(dir, "state.json"), harm)
			saved, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, uint64(1), saved.Report.Seq)
			require.Len(t, saved.Notices, 1)
			require.NoError(t, store.Save(t.Context(), reporttest.Sample(3)))
			kept, err := filepath.Glob(filepath.Join(dir, "state.json.damaged-*"))
			require.NoError(t, err)
			assert.Len(t, kept, 1, "nothing is written over")

			spoil(t, filepath.Join(dir, "state.json"), harm)
			spoil(t, filepath.Join(dir, "state.json.1"), harm)
			_, err = store.Load(t.Context())
			require.ErrorIs(t, err, report.ErrDamaged)
		})
	}
}

func TestStateThatCannotBeReadIsNoEmptyState(t *testing.T) {
	need.AsUser(t, func() {
		dir := t.TempDir()
		store := memory.FileStore{Dir: dir}
		require.NoError(t, store.Save(t.Context(), reporttest.Sample(1)))
		require.NoError(t, os.Chmod(filepath.Join(dir, "state.json"), 0))
		_, err := store.Load(t.Context())
		assert.ErrorIs(t, err, os.ErrPermission)
	})
}

func TestStateThatIsALinkIsNotFollowed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	require.NoError(t, memory.FileStore{Dir: other}.Save(t.Context(), reporttest.Sample(1)))
	require.NoError(t, os.Symlink(filepath.Join(other, "state.json"), filepath.Join(dir, "state.json")))
	_, err := memory.FileStore{Dir: dir}.Load(t.Context())
	assert.ErrorIs(t, err, report.ErrDamaged)
}

func TestStateOfALaterVersionIsRefusedAndStays(t *testing.T) {
	dir := t.TempDir()
	store := memory.FileStore{Dir: dir}
	require.NoError(t, store.Save(t.Context(), reporttest.Sample(1)))
	require.NoError(t, store.Save(t.Context(), reporttest.Sample(2)))
	later := []byte("upkeep-state/v9 blake3=00 of another shape\n\x00\x01")
	spoil(t, filepath.Join(dir, "state.json"), func([]byte) []byte { return later })
	_, err := store.Load(t.Context())
	var version *report.VersionError
	require.ErrorAs(t, err, &version, "and the copy before it is not used instead")
	assert.Equal(t, "upkeep-state/v9", version.Schema)
	assert.NotErrorIs(t, err, report.ErrDamaged)
	require.ErrorAs(t, store.Save(t.Context(), reporttest.Sample(3)), &version)
	data, err := os.ReadFile(filepath.Join(dir, "state.json"))
	require.NoError(t, err)
	assert.Equal(t, later, data)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "nothing is moved aside")
}

// A crash while a damaged state was moved aside leaves the copy before it alone.
func TestTheOnlyCopyStaysUntilTheNewStateIsThere(t *testing.T) {
	dir := t.TempDir()
	store := memory.FileStore{Dir: dir}
	require.NoError(t, store.Save(t.Context(), reporttest.Sample(1)))
	require.NoError(t, os.Rename(filepath.Join(dir, "state.json"), filepath.Join(dir, "state.json.1")))
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Len(t, saved.Notices, 1)
	err = store.WithStep(func(step string) error {
		if step == "rename" {
			assert.FileExists(t, filepath.Join(dir, "state.json.1"))
		}
		return nil
	}).Save(t.Context(), reporttest.Sample(2))
	require.NoError(t, err)
}
