package retain_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
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
	dir, fast := dirstore.Dir(t.TempDir()+"/store"), &backuptest.Memory{}
	repo, m := backup.Repo{Store: fast, Keys: backuptest.Keys(), Host: "web1"}, machine()
	for i := range n {
		at := start.Add(time.Duration(i) * day)
		m.SetNow(at)
		require.NoError(t, m.WriteFile("/etc/f1", fmt.Appendf(nil, "day %d\n", i), 0o644))
		change(m, i)
		_, _, err := commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
		require.NoError(t, err)
		for name, data := range fast.Files {
			name = filepath.Join(string(dir), name)
			if _, err := os.Stat(name); err == nil {
				continue
			}
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
			require.NoError(t, os.WriteFile(name, data, 0o600))
			require.NoError(t, os.Chtimes(name, at, at))
		}
	}
	repo.Store = dir
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
	_, err = backup.ParseRetention(file, repo.Keys.Verifier)
	require.NoError(t, err)

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

func TestSnapshotsThatWentWithoutARecordAreDamage(t *testing.T) {
	dir, repo := days(t, 6, nothing)
	damage := func() []backup.Damage {
		v, err := repo.Verify(t.Context(), backup.VerifyOptions{Level: backup.Heads})
		require.NoError(t, err)
		return v.Damage
	}
	forge := func(name string, r backup.Retention, signer backup.Signer) {
		file, err := r.Seal(signer)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(string(dir)+"/retained", 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(string(dir), name), file, 0o600))
	}
	require.NoError(t, os.Remove(string(dir)+"/snaps/0000000001"))
	require.Len(t, damage(), 1)
	assert.Equal(t, "snaps/0000000001", damage()[0].Name)
	assert.Equal(t, []uint64{1}, damage()[0].Snapshots)
	require.ErrorContains(t, damage()[0].Err, "no record says that it was to go")

	first := backup.Retention{Host: "web1", Upto: backup.Head{Seq: 1, Digest: strings.Repeat("0", 64)}}
	forge("retained/0000000001", first, repo.Keys.Signer)
	require.Len(t, damage(), 1, "of another history")
	second, err := repo.Snapshot(t.Context(), 2)
	require.NoError(t, err)
	first.Upto.Digest = second.Prev
	stranger := agekey.Folder{Dir: t.TempDir(), Create: true}
	forge("retained/0000000001", first, stranger.Keys().Signer)
	require.Len(t, damage(), 1, "signed by nobody that is known")
	forge("retained/0000000001", first, repo.Keys.Signer)
	assert.Empty(t, damage())
	require.NoError(t, os.Remove(string(dir)+"/retained/0000000001"))
	first.Upto = backup.Head{Seq: 3, Digest: first.Upto.Digest}
	forge("retained/0000000003", first, repo.Keys.Signer)
	assert.Empty(t, damage(), "the server was killed before all of them went")
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

// A store that was copied has files of today; the receipts say how old they are. One
// that is not right lets nothing go.
func TestReceiptsOutweighTheTimesOfFiles(t *testing.T) {
	dir, repo := days(t, 10, nothing)
	now := start.Add(60 * day)
	snaps, err := repo.List(t.Context())
	require.NoError(t, err)
	for i, s := range snaps {
		name := filepath.Join(string(dir), backup.SnapshotName(s.Seq))
		require.NoError(t, os.Chtimes(name, now, now))
		file, err := backup.Receipt{Host: "web1", Time: start.Add(time.Duration(i) * day), Snapshot: s.Head()}.Seal(repo.Keys.Signer)
		require.NoError(t, err)
		require.NoError(t, dir.Create(t.Context(), backup.ReceiptName(s.Seq), bytes.NewReader(file), int64(len(file))))
	}
	plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: 54 * day}, now)
	require.NoError(t, err)
	assert.Len(t, plan.Snapshots, 6)
	assert.Empty(t, plan.Oddities)
	name := filepath.Join(string(dir), backup.ReceiptName(3))
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.Remove(name))
	require.NoError(t, os.WriteFile(name, bytes.Replace(file, []byte("2026"), []byte("2016"), 1), 0o600))
	_, err = retain.Look(t.Context(), repo, retain.Policy{Keep: 54 * day}, now)
	require.ErrorIs(t, err, backup.ErrDamaged)
}

// A client that was broken into signs what it likes: that nothing changed, although
// nothing is as it was.
func TestFloodThatSaysNothingChangedNeverEvictsTheLastGoodSnapshot(t *testing.T) {
	dir, keys := dirstore.Dir(t.TempDir()), backuptest.Keys()
	repo := backup.Repo{Store: dir, Keys: keys, Host: "web1"}
	prev, before := "", backup.Pack{}
	for i := range 40 {
		content := "what was backed up"
		if i >= 10 {
			content = "garbage"
		}
		large := backup.Pack{Label: "a.d0", ID: backup.Digest([]byte(content)), Size: 2 << 20}
		list := backup.Pack{Label: "a.m0", ID: backup.Digest(fmt.Append(nil, content, i)), Size: 2 << 10}
		packs := []backup.Pack{large, list}
		if i == 10 { // one old pack is needed still, it says: a large one, twice, and one that nobody has
			packs = append(packs, backup.Pack{Label: "b.d0", ID: before.ID, Size: 1 << 20}, backup.Pack{Label: "b.d1", ID: before.ID, Size: 1 << 20}, backup.Pack{Label: "b.d2", ID: backup.Digest(nil), Size: 1 << 20})
		}
		before = list
		at := start.Add(time.Duration(i) * day)
		s := backup.Snapshot{
			Host: "web1", Seq: uint64(i + 1), Prev: prev, Time: at, Root: "a.m0", Packs: packs,
			Entries: 30, Files: 30, Bytes: 3 << 20, Complete: true,
		}
		file, err := s.Seal(keys.Signer)
		require.NoError(t, err)
		prev = s.Digest
		for name, data := range map[string][]byte{backup.SnapshotName(s.Seq): file, large.Name(): make([]byte, large.Size), list.Name(): make([]byte, list.Size)} {
			require.NoError(t, dir.Create(t.Context(), name, bytes.NewReader(data), int64(len(data))))
			require.NoError(t, os.Chtimes(filepath.Join(string(dir), name), at, at))
		}
	}
	plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: 5 * day}, start.Add(900*day))
	require.NoError(t, err)
	require.Len(t, plan.Oddities, 1)
	assert.Equal(t, retain.Oddity{Seq: 11, Reason: "it needs 2048 bytes of the 2099200 that the one before needed"}, plan.Oddities[0])
	assert.EqualValues(t, 10, plan.Pinned)
	assert.NotContains(t, plan.Packs, backup.Pack{ID: backup.Digest([]byte("what was backed up"))}.Name())
	plan, err = retain.Look(t.Context(), repo, retain.Policy{Keep: 5 * day, Well: 11}, start.Add(900*day))
	require.NoError(t, err)
	assert.Contains(t, plan.Packs, backup.Pack{ID: backup.Digest([]byte("what was backed up"))}.Name())
	assert.Len(t, plan.Snapshots, 39)
}

// listed does something behind the first list of snapshots.
type listed struct {
	dirstore.Dir
	then func()
}

func (l *listed) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	all := l.Dir.List(ctx, prefix)
	if prefix != backup.SnapPrefix {
		return all
	}
	return func(yield func(backup.Info, error) bool) {
		for info, err := range all {
			if !yield(info, err) {
				return
			}
		}
		then := l.then
		l.then = func() {}
		then()
	}
}

func TestWhatGoesWhileItIsVerifiedIsNoDamage(t *testing.T) {
	dir, repo := days(t, 30, nothing)
	again := repo
	again.Store = &listed{dir, func() {
		plan, err := retain.Look(t.Context(), repo, retain.Policy{Keep: 10 * day}, start.Add(30*day))
		require.NoError(t, err)
		require.Len(t, plan.Snapshots, 20)
		_, err = plan.Apply(t.Context(), dir)
		require.NoError(t, err)
	}}
	v, err := again.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
	require.NoError(t, os.Remove(filepath.Join(string(dir), backup.SnapshotName(25))))
	v, err = again.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Len(t, v.Damage, 1, "what is gone by itself is")
}

func TestEachThingThatIsUnlikeTheSnapshotBeforeIsNamed(t *testing.T) {
	was := backup.Snapshot{Host: "web1", Seq: 7, Digest: "aa", Time: start, Entries: 40, Files: 30, Bytes: 3 << 20}
	for want, change := range map[string]func(now *backup.Snapshot, got *time.Time){
		"":                                func(now *backup.Snapshot, _ *time.Time) { now.Changed.Modified = 20 },
		"most files changed: 21 of 40":    func(now *backup.Snapshot, _ *time.Time) { now.Changed.Modified, now.Changed.Deleted = 11, 10 },
		"it has 31457281 bytes, and":      func(now *backup.Snapshot, _ *time.Time) { now.Bytes = 30<<20 + 1 },
		"it has 314571 bytes, and":        func(now *backup.Snapshot, _ *time.Time) { now.Bytes = 314571 },
		"its clock stepped back by 1h0m":  func(now *backup.Snapshot, _ *time.Time) { now.Time = start.Add(-time.Hour) },
		"its clock is off by 49h0m":       func(now *backup.Snapshot, got *time.Time) { now.Time = got.Add(49 * time.Hour) },
		"its clock is off by -25h0m":      func(now *backup.Snapshot, got *time.Time) { *got = now.Time.Add(25 * time.Hour) },
		`it is of the system "web2"`:      func(now *backup.Snapshot, _ *time.Time) { now.Host = "web2" },
		"two systems have one identity":   func(now *backup.Snapshot, _ *time.Time) { now.Prev = "bb" },
		"it was written after another sn": func(now *backup.Snapshot, _ *time.Time) { now.Prev = "" },
	} {
		now, got := was, start.Add(day)
		now.Seq, now.Prev, now.Digest, now.Time = 8, "aa", "cc", start.Add(day)
		change(&now, &got)
		reasons := retain.Unlike(was, now, got)
		if want == "" {
			assert.Empty(t, reasons)
			continue
		}
		require.NotEmpty(t, reasons, want)
		assert.Contains(t, strings.Join(reasons, "; "), want)
	}
}
