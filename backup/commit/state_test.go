package commit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// blindRepo is that of a writer that cannot read its store, and the repo of who can.
func blindRepo(t *testing.T) (writer, reader backup.Repo, store *backuptest.Memory) {
	t.Helper()
	store = &backuptest.Memory{}
	writer = backup.Repo{Store: store, Keys: backuptest.Writer(), State: t.TempDir()}
	return writer, backup.Repo{Store: store, Keys: backuptest.Keys()}, store
}

func TestWriterThatCannotReadKnowsWhatChanged(t *testing.T) {
	w, r, store := blindRepo(t)
	m := hosttest.New(small)
	first, _ := run(t, w, m)
	files := len(store.Files)
	again, changes := run(t, w, m)
	assert.Equal(t, first.Head(), again.Head())
	assert.Empty(t, changes)
	assert.Len(t, store.Files, files)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("new\n"), 0o640))
	second, changes := run(t, w, m)
	assert.Len(t, changes, 1)
	assert.Len(t, store.Files, files+3, "the content, the listings and the head")
	assert.Equal(t, "new\n", restored(t, r, second, "/etc/motd"))
	assert.Equal(t, "Port 22\n", restored(t, r, second, "/etc/ssh/sshd_config"))
	_, err := w.Entries(t.Context(), second)
	require.ErrorIs(t, err, backup.ErrNoIdentity)
	v, err := w.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Equal(t, backup.Bytes, v.Level)
	assert.Empty(t, v.Damage)
}

func TestLostOrDamagedStateStoresEverythingAgain(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"lost":    os.Remove,
		"cut off": func(name string) error { return os.Truncate(name, 100) },
		"flipped": func(name string) error {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			data[len(data)/2] ^= 1
			return os.WriteFile(name, data, 0o600)
		},
	} {
		w, r, _ := blindRepo(t)
		m := hosttest.New(small)
		run(t, w, m)
		require.NoError(t, spoil(filepath.Join(w.State, "state")), name)
		second, _ := run(t, w, m)
		assert.EqualValues(t, 2, second.Seq, name)
		assert.Equal(t, "welcome\n", restored(t, r, second, "/etc/motd"))
		damage, err := verify(t, r, 0)
		require.NoError(t, err)
		assert.Empty(t, damage)
	}
}

// cut is a store whose connection breaks after a snapshot was stored, or before.
type cut struct {
	*backuptest.Memory
	before, after bool
}

var errCut = errors.New("the connection broke")

func (c *cut) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if !strings.HasPrefix(name, "snaps/") {
		return c.Memory.Create(ctx, name, body, size)
	}
	if c.before {
		return errCut
	}
	err := c.Memory.Create(ctx, name, body, size)
	if c.after {
		err = errCut
	}
	return err
}

func TestStateFollowsWhatTheStoreHas(t *testing.T) {
	for _, c := range []struct {
		before, after bool
		changes       int
		seq           uint64
	}{{true, false, 1, 2}, {false, true, 0, 2}} {
		store := &cut{Memory: &backuptest.Memory{}}
		w := backup.Repo{Store: store, Keys: backuptest.Writer(), State: t.TempDir()}
		m := hosttest.New(small)
		run(t, w, m)
		require.NoError(t, m.WriteFile("/etc/motd", []byte("new\n"), 0o640))
		store.before, store.after = c.before, c.after
		_, _, err := commit.Run(t.Context(), w, source(m))
		require.ErrorIs(t, err, errCut)
		store.before, store.after = false, false
		snap, changes := run(t, w, m)
		assert.Len(t, changes, c.changes, "nothing is counted twice, and nothing is lost")
		assert.Equal(t, c.seq, snap.Seq)
		left, err := filepath.Glob(filepath.Join(w.State, ".state*"))
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}

// A wrong link would be there for ever, and look like two systems of one identity.
func TestStoreThatGivesWrongBytesOnceBreaksNoChain(t *testing.T) {
	w, r, store := blindRepo(t)
	m := hosttest.New(small)
	first, _ := run(t, w, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("new\n"), 0o640))
	w.Store = &backuptest.Faulty{Store: store, Fault: backuptest.Cut, At: 2} // it was listed first
	second, changes := run(t, w, m)
	assert.Equal(t, first.Digest, second.Prev)
	assert.Len(t, changes, 1)
	damage, err := verify(t, r, 0)
	require.NoError(t, err)
	assert.Empty(t, damage)

	store.Files["snaps/0000000002"] = []byte("{}\n")
	w.Store = store
	third, _ := run(t, w, m)
	assert.Equal(t, backup.Digest([]byte("{}\n")), third.Prev, "what is damaged is followed as it is")

	w.Store = &backuptest.Faulty{Store: store, Fault: backuptest.Cut, At: 2}
	store.Files["snaps/0000000003"] = []byte("{}\n")
	_, _, err = commit.Run(t.Context(), w, source(m))
	require.ErrorIs(t, err, backup.ErrDamaged)
	assert.NotContains(t, store.Files, "snaps/0000000004", "nobody knows what it would follow")
}

func TestNumberOfALostSnapshotIsNeverUsedAgain(t *testing.T) {
	w, r, store := blindRepo(t)
	m := hosttest.New(small)
	run(t, w, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("new\n"), 0o640))
	run(t, w, m)
	delete(store.Files, "snaps/0000000002")
	require.NoError(t, m.WriteFile("/etc/motd", []byte("newer\n"), 0o640))
	third, _ := run(t, w, m)
	assert.EqualValues(t, 3, third.Seq)
	damage, err := verify(t, r, 0)
	require.NoError(t, err)
	require.Len(t, damage, 1)
	assert.Equal(t, "snaps/0000000002", damage[0].Name)

	r.Known = backup.Head{Seq: 9, Digest: strings.Repeat("0", 64)}
	require.NoError(t, m.WriteFile("/etc/motd", []byte("newest\n"), 0o640))
	tenth, _ := run(t, r, m)
	assert.EqualValues(t, 10, tenth.Seq, "nor is that of one that was reported")
}

func TestLostPackIsStoredAgainByAWriterThatCannotRead(t *testing.T) {
	w, r, store := blindRepo(t)
	m := hosttest.New(small)
	first, _ := run(t, w, m)
	delete(store.Files, first.Packs[0].Name())
	second, changes := run(t, w, m)
	assert.EqualValues(t, 2, second.Seq)
	assert.Empty(t, changes)
	assert.Equal(t, "welcome\n", restored(t, r, second, "/etc/motd"))
	damage, err := verify(t, r, 1)
	require.NoError(t, err)
	assert.Empty(t, damage)
}

// opened counts the files that are opened.
type opened struct {
	host.FS
	files atomic.Int64
}

func (o *opened) Open(ctx context.Context, name string) (host.File, error) {
	o.files.Add(1)
	return o.FS.Open(ctx, name)
}

func TestFileThatLooksAsItDidIsReadOnlyOnceAWeek(t *testing.T) {
	from := t.TempDir()
	for i := range 70 {
		require.NoError(t, os.WriteFile(filepath.Join(from, fmt.Sprint(i)), fmt.Appendf(nil, "file %d\n", i), 0o600))
	}
	w, _, _ := blindRepo(t)
	h, n := host.Local(), &opened{}
	n.FS, h.Files = h.Files, n
	now := time.Now().Add(time.Hour)
	h.Now = func() time.Time { return now }
	src := commit.Source{Host: h, Paths: []string{from}}
	var read []int64
	for range 9 {
		before := n.files.Load()
		_, _, err := commit.Run(t.Context(), w, src)
		require.NoError(t, err)
		read = append(read, n.files.Load()-before)
		now = now.Add(24 * time.Hour)
	}
	assert.GreaterOrEqual(t, read[0], int64(70))
	for _, calls := range read[1:] {
		assert.Less(t, calls, int64(40), "%v", read)
	}
}

// A snapshot names every pack that it needs, so that years of daily changes would
// each be more than the one before.
func TestAYearOfOneChangedLineStaysSmall(t *testing.T) {
	days := 70
	if need.Strict() {
		days = 365
	}
	store := &backuptest.Memory{}
	w := backup.Repo{Store: store, Keys: backuptest.Keys()}
	m := tiny(3, 30)
	run(t, w, m)
	size := func() (n int) {
		for _, data := range store.Files {
			n += len(data)
		}
		return n
	}
	before, packs := size(), 0
	for day := range days {
		require.NoError(t, m.WriteFile(fmt.Sprintf("/etc/d%03d/f%03d", day/30, day%30), fmt.Appendf(nil, "day %d\n", day), 0o640))
		snap, _ := run(t, w, m)
		packs = max(packs, len(snap.Packs))
	}
	assert.Less(t, packs, days, "what every later head would name is stored again, together")
	t.Logf("%d kB in %d days", (size()-before)/1000, days)
	assert.Less(t, (size()-before)/days*365, 10<<20)
}
