package retain_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/retain"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

var start = time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// machine has thirty files.
func machine() *hosttest.Machine {
	text := "Many files.\n-- machine now=2026-01-01T06:00:00Z --\n-- /etc/ dir complete --\n"
	for i := range 30 {
		text += fmt.Sprintf("-- /etc/f%d --\nfile %d\n", i, i)
	}
	return hosttest.New(text)
}

// days commits once a day, and dates what the store got; change says what
// happens before each.
func days(t *testing.T, n int, change func(m *hosttest.Machine, day int)) (dirstore.Dir, backup.Repo) {
	t.Helper()
	dir := dirstore.Dir(t.TempDir() + "/store")
	repo, m := backup.Repo{Store: dir, Keys: backuptest.Keys(), Host: "web1"}, machine()
	for i := range n {
		at := start.Add(time.Duration(i) * day)
		m.SetNow(at)
		require.NoError(t, m.WriteFile("/etc/f1", fmt.Appendf(nil, "day %d\n", i), 0o644))
		change(m, i)
		_, _, err := commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
		require.NoError(t, err)
		require.NoError(t, filepath.WalkDir(string(dir), func(p string, e os.DirEntry, err error) error {
			if info, infoErr := e.Info(); err == nil && infoErr == nil && info.ModTime().After(at.Add(20*day)) {
				err = os.Chtimes(p, at, at)
			}
			return err
		}))
	}
	return dir, repo
}

func nothing(*hosttest.Machine, int) {}

func TestOldSnapshotsGoAndAllOthersStayWhole(t *testing.T) {
	dir, repo := days(t, 60, nothing)
	now := start.Add(60 * day)
	plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: 20 * day}, now)
	require.NoError(t, err)
	assert.Empty(t, plan.Oddities)
	assert.Len(t, plan.Snapshots, 40)
	require.NotEmpty(t, plan.Packs)
	record, err := plan.Apply(t.Context(), dir)
	require.NoError(t, err)
	assert.EqualValues(t, 40, record.Upto.Seq)
	snaps, err := repo.List(t.Context())
	require.NoError(t, err)
	require.Len(t, snaps, 20)
	assert.Equal(t, record.Upto.Digest, snaps[0].Prev, "the record says what the chain begins behind")
	v, err := repo.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
	file, err := backup.Read(t.Context(), dir, "retained/0000000040", 1<<20)
	require.NoError(t, err)
	line, signature, _ := strings.Cut(string(file), "\n")
	assert.NoError(t, repo.Keys.Verifier.Verify([]byte(line+"\n"), []byte(signature)))

	again, err := retain.Look(t.Context(), repo, retain.Policy{Keep: 20 * day}, now)
	require.NoError(t, err)
	assert.Empty(t, again.Snapshots)
	assert.Empty(t, again.Packs)
	assert.DirExists(t, string(dir)+"/trash", "what went can be moved back")
	_, err = dir.Purge(t.Context(), time.Now().Add(48*time.Hour))
	require.NoError(t, err)
	left, err := os.ReadDir(string(dir) + "/trash")
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestFloodOfGarbageNeverEvictsTheLastGoodSnapshot(t *testing.T) {
	_, repo := days(t, 60, func(m *hosttest.Machine, day int) {
		if day == 10 {
			for i := range 30 {
				require.NoError(t, m.WriteFile(fmt.Sprintf("/etc/f%d", i), []byte("garbage\n"), 0o644))
			}
		}
	})
	plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: 5 * day}, start.Add(60*day))
	require.NoError(t, err)
	require.NotEmpty(t, plan.Oddities)
	assert.Contains(t, plan.Oddities[0].Reason, "most files changed")
	assert.EqualValues(t, 11, plan.Oddities[0].Seq)
	assert.EqualValues(t, 10, plan.Pinned)
	assert.Len(t, plan.Snapshots, 9)
	plan, err = retain.Look(t.Context(), repo, retain.Policy{Keep: 5 * day, Well: 11}, start.Add(60*day))
	require.NoError(t, err)
	assert.Len(t, plan.Snapshots, 55)
}

func TestTheNewestCompleteSnapshotStaysHoweverOldItIs(t *testing.T) {
	_, repo := days(t, 12, func(m *hosttest.Machine, day int) {
		if day == 4 {
			require.NoError(t, m.Add("-- /etc/f7 error=io --\n"))
		}
	})
	plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: day}, start.Add(900*day))
	require.NoError(t, err)
	assert.Equal(t, []uint64{1, 2, 3}, plan.Snapshots)
}

func TestClockThatStepsIsOddAndADamagedHeadStopsAll(t *testing.T) {
	dir, repo := days(t, 6, func(m *hosttest.Machine, i int) {
		if i == 3 {
			m.SetNow(start.Add(-40 * day))
		}
	})
	plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: day}, start.Add(60*day))
	require.NoError(t, err)
	require.NotEmpty(t, plan.Oddities)
	assert.Contains(t, plan.Oddities[0].Reason, "stepped back")
	name := filepath.Join(string(dir), "snaps/0000000002")
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	data[20] ^= 1
	require.NoError(t, os.WriteFile(name, data, 0o600))
	plan, err = retain.Look(t.Context(), repo, retain.Policy{Keep: day}, start.Add(60*day))
	require.ErrorIs(t, err, backup.ErrDamaged)
	assert.Empty(t, plan.Packs)
}

func ExampleLook() {
	plan, err := retain.Look(context.Background(), backup.Repo{Store: &backuptest.Memory{}, Keys: backuptest.Keys()}, retain.Policy{}, start)
	fmt.Println(len(plan.Snapshots), len(plan.Packs), err)
	// Output: 0 0 <nil>
}
