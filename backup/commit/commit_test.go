package commit_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

const small = backuptest.SmallEtc

func source(m *hosttest.Machine) commit.Source { return commit.Source{Host: m.Host()} }

func run(t *testing.T, r backup.Repo, m *hosttest.Machine) (backup.Snapshot, []string) {
	t.Helper()
	snap, changes, err := commit.Run(t.Context(), r, source(m))
	require.NoError(t, err)
	lines := []string{}
	for _, c := range changes {
		lines = append(lines, c.String())
	}
	return snap, lines
}

func verify(t *testing.T, r backup.Repo, newest int) ([]backup.Damage, error) {
	v, err := r.Verify(t.Context(), backup.VerifyOptions{Want: func(_ uint64, age int) bool { return newest == 0 || age < newest }})
	return v.Damage, err
}

func TestFirstCommitStoresEverythingAndTheSecondNothing(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	snap, changes := run(t, r, m)
	assert.EqualValues(t, 1, snap.Seq)
	assert.Empty(t, changes, "there was nothing to compare with")
	assert.Equal(t, 11, snap.Changed.Added)
	assert.True(t, snap.Complete)
	assert.Equal(t, 7, snap.Files)
	before := len(store.Files)
	again, changes := run(t, r, m)
	assert.Equal(t, snap, again)
	assert.Empty(t, changes)
	assert.Len(t, store.Files, before)
	damage, err := verify(t, r, 0)
	assert.NoError(t, err)
	assert.Empty(t, damage)
}

func TestEveryKindOfChangeIsSeen(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	run(t, r, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("changed\n"), 0o640))
	require.NoError(t, m.WriteFile("/etc/new", []byte("new\n"), 0o600))
	require.NoError(t, m.Remove("/etc/ssh/sshd_config"))
	st, err := m.Lstat(t.Context(), "/etc/copy")
	require.NoError(t, err)
	st.Mode = st.Mode&^0o7777 | 0o4755
	require.NoError(t, m.SetStat("/etc/copy", st))
	snap, changes := run(t, r, m)
	assert.EqualValues(t, 2, snap.Seq)
	assert.Equal(t, []string{
		`metadata "/etc/copy" (mode 0644 to 4755)`,
		`modified "/etc/motd" (content, time 2026-11-01 00:00:00 UTC to 2026-11-25 06:00:00 UTC)`,
		`added    "/etc/new"`,
		`deleted  "/etc/ssh/sshd_config"`,
	}, changes)
	assert.Equal(t, backup.Changed{Added: 1, Modified: 1, Deleted: 1, Metadata: 1}, snap.Changed)
	diff, err := r.Diff(t.Context(), 1, 2)
	require.NoError(t, err)
	assert.Len(t, diff, 4)
	list, err := r.List(t.Context())
	require.NoError(t, err)
	assert.Len(t, list, 2)
	assert.NotEmpty(t, list[1].Prev)
}

func TestBothSidesOfAChangeHaveTheirContent(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	first, _ := run(t, r, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("changed\n"), 0o640))
	second, changes, err := commit.Run(t.Context(), r, source(m))
	require.NoError(t, err)
	require.Len(t, changes, 1)
	var both bytes.Buffer
	require.NoError(t, r.Content(t.Context(), first, changes[0].Before, &both))
	require.NoError(t, r.Content(t.Context(), second, changes[0].After, &both))
	assert.Equal(t, "welcome\nchanged\n", both.String())
}

func TestSameSizeAndTimeWithOtherContentIsSeen(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	run(t, r, m)
	st, err := m.Lstat(t.Context(), "/etc/motd")
	require.NoError(t, err)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("WELCOME\n"), 0o640))
	require.NoError(t, m.SetStat("/etc/motd", st))
	_, changes := run(t, r, m)
	assert.Equal(t, []string{`modified "/etc/motd" (content)`}, changes)
}

func TestUnreadableFileIsNoDeletionAndKeepsItsLastContent(t *testing.T) {
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New(small)
	first, _ := run(t, r, m)
	require.NoError(t, m.Add("-- /etc/motd error=permission mode=0640 --\n-- /etc/ssh/ error=permission dir --\n"))
	snap, changes := run(t, r, m)
	assert.Empty(t, changes)
	assert.False(t, snap.Complete)
	assert.Equal(t, 2, snap.Errors)
	assert.Equal(t, first.Entries, snap.Entries)
	assert.Equal(t, "welcome\n", restored(t, r, snap, "/etc/motd"))
	assert.Equal(t, "Port 22\n", restored(t, r, snap, "/etc/ssh/sshd_config"))
	again, changes := run(t, r, m)
	assert.Equal(t, snap.Head(), again.Head(), "the same errors are no news")
	assert.Equal(t, snap.Failed, again.Failed)
	assert.Empty(t, changes)
	whole, changes := run(t, r, hosttest.New(small))
	assert.Empty(t, changes, "what can be read again and is the same has not changed")
	assert.True(t, whole.Complete)
}

func restored(t *testing.T, r backup.Repo, snap backup.Snapshot, name string) string {
	t.Helper()
	text, err := r.Text(t.Context(), snap, name, 1<<30)
	require.NoError(t, err)
	return string(text)
}

// rootPack is the name of the pack that holds the manifest.
func rootPack(s backup.Snapshot) string {
	for _, p := range s.Packs {
		if p.Label == s.Root {
			return p.Name()
		}
	}
	return ""
}

func TestDamageIsNamedAndStaysLocal(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	first, _ := run(t, r, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("changed\n"), 0o640))
	second, _ := run(t, r, m)
	for name, whole := range store.Files {
		for _, spoil := range []func([]byte) []byte{
			func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b },
			func(b []byte) []byte { return b[:len(b)-1] },
			func(b []byte) []byte { return make([]byte, len(b)) },
			func([]byte) []byte { return nil },
		} {
			store.Files[name] = spoil(whole)
			damage, err := verify(t, r, 0)
			require.NoError(t, err)
			require.NotEmpty(t, damage, name)
			assert.Equal(t, name, damage[0].Name)
		}
		store.Files[name] = whole
	}
	delete(store.Files, rootPack(second))
	assert.Equal(t, "welcome\n", restored(t, r, first, "/etc/motd"), "the first snapshot does not need the second")
}

func TestLostManifestMakesANewBaseline(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	first, _ := run(t, r, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("changed\n"), 0o640))
	run(t, r, m)
	delete(store.Files, rootPack(first))
	third, changes := run(t, r, m)
	assert.EqualValues(t, 3, third.Seq)
	assert.Empty(t, changes, "nothing that is whole is there to compare with")
	assert.Equal(t, 11, third.Changed.Added)
	assert.Equal(t, "Port 22\n", restored(t, r, third, "/etc/ssh/sshd_config"))
	damage, err := verify(t, r, 1)
	require.NoError(t, err)
	assert.Empty(t, damage)
}

func TestOneChangedFileCostsItsDirectoryAlone(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	run(t, r, m)
	require.NoError(t, m.WriteFile("/etc/ssh/sshd_config", []byte("Port 2222\n"), 0o644))
	snap, _ := run(t, r, m)
	gz, err := gzip.NewReader(bytes.NewReader(store.Files[rootPack(snap)][len("not sealed\n")+26:]))
	require.NoError(t, err)
	plain, err := io.ReadAll(gz)
	require.NoError(t, err)
	assert.Contains(t, string(plain), `"name":"sshd_config"`)
	assert.NotContains(t, string(plain), "welcome", "no other content is stored again")
	assert.Equal(t, "welcome\n", restored(t, r, snap, "/etc/motd"))
}

func TestDamagedNewestSnapshotIsBuiltUponNoLonger(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	run(t, r, m)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("changed\n"), 0o640))
	run(t, r, m)
	store.Files["snaps/0000000002"] = []byte("{}\n")
	third, changes := run(t, r, m)
	assert.EqualValues(t, 3, third.Seq)
	assert.Len(t, changes, 1, "counted from the newest whole one")
	assert.Equal(t, "changed\n", restored(t, r, third, "/etc/motd"))
}

func TestFullDiskFailsCleanlyAndTheNextRunSucceeds(t *testing.T) {
	for _, at := range []string{"packs/", "snaps/"} {
		store := &backuptest.Memory{Fail: func(name string) error {
			if strings.HasPrefix(name, at) {
				return syscall.ENOSPC
			}
			return nil
		}}
		r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
		_, _, err := commit.Run(t.Context(), r, source(m))
		require.ErrorIs(t, err, syscall.ENOSPC)
		list, err := r.List(t.Context())
		require.NoError(t, err)
		assert.Empty(t, list)
		store.Fail = nil
		snap, _ := run(t, r, m)
		assert.EqualValues(t, 1, snap.Seq)
	}
}

// Directories that are alike share a listing, so a few of them could be entries
// without end for whoever reads.
func TestMoreEntriesThanTheHeadCountsAreDamage(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	snap, _ := run(t, r, m)
	snap.Entries--
	file, err := snap.Seal(r.Keys.Signer)
	require.NoError(t, err)
	store.Files[backup.SnapshotName(1)] = file
	_, err = r.Entries(t.Context(), snap)
	require.ErrorIs(t, err, backup.ErrDamaged)
	damage, err := verify(t, r, 0)
	require.NoError(t, err)
	assert.Len(t, damage, 1)
}

func TestLargeTreesSpanPacksAndALostOneIsStoredAgain(t *testing.T) {
	dir := t.TempDir()
	var want [][]byte
	for i := range 4 {
		data := bytes.Repeat([]byte{byte(i), 1, 2, 3}, 600_000)
		want = append(want, data)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), data, 0o600))
	}
	store := dirstore.Dir(filepath.Join(t.TempDir(), "store"))
	r := backup.Repo{Keys: backuptest.Keys(), Store: store}
	src := commit.Source{Host: host.Local(), Paths: []string{dir}}
	snap, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Greater(t, len(snap.Packs), 1)
	for i := range 4 {
		assert.Equal(t, string(want[i]), restored(t, r, snap, fmt.Sprintf("%s/%d", dir, i)))
	}
	again, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Equal(t, snap, again)

	// A pack that is gone, and does not hold the manifest, is made up for.
	lost := snap.Packs[0].ID
	require.NotEqual(t, snap.Root, snap.Packs[0].Label)
	require.NoError(t, os.Remove(filepath.Join(string(store), "packs", lost[:2], lost)))
	next, changes, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Equal(t, snap.Seq+1, next.Seq)
	assert.Empty(t, changes)
	damage, err := verify(t, r, 1)
	require.NoError(t, err)
	assert.Empty(t, damage)
	damage, err = verify(t, r, 0)
	require.NoError(t, err)
	require.Len(t, damage, 1)
	assert.Equal(t, []uint64{snap.Seq}, damage[0].Snapshots)
}

// restless is a file system in which /etc/motd changes before some of its
// openings.
type restless struct {
	*hosttest.Machine
	changes int // still to come
}

func (r *restless) Open(ctx context.Context, name string) (host.File, error) {
	if name == "/etc/motd" && r.changes > 0 {
		r.changes--
		r.SetNow(time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC).Add(-time.Duration(r.changes) * time.Second))
		if err := r.WriteFile(name, fmt.Appendf(nil, "change %d\n", r.changes), 0o640); err != nil {
			return nil, err
		}
	}
	return r.Machine.Open(ctx, name)
}

func TestFileThatChangesMeanwhileIsStoredAsItIsThen(t *testing.T) {
	for changes := range 12 {
		r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
		fsys := &restless{hosttest.New(small), changes}
		h := fsys.Host()
		h.Files = fsys
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: h})
		require.NoError(t, err)
		if changes > 0 && snap.Complete {
			assert.Equal(t, "change 0\n", restored(t, r, snap, "/etc/motd"))
		}
		assert.True(t, snap.Complete || changes > 2, "%d changes", changes)
		damage, err := verify(t, r, 0)
		require.NoError(t, err)
		assert.Empty(t, damage)
	}
}

// A restive file system is one where /etc/motd has changed whenever it was read.
type restive struct{ *hosttest.Machine }

type restiveFile struct {
	host.File
	looks int
}

func (r restive) Open(ctx context.Context, name string) (host.File, error) {
	f, err := r.Machine.Open(ctx, name)
	if err == nil && name == "/etc/motd" {
		f = &restiveFile{File: f}
	}
	return f, err
}

func (f *restiveFile) Stat() (host.Stat, error) {
	st, err := f.File.Stat()
	if f.looks++; f.looks > 1 {
		st.Size++
	}
	return st, err
}

func TestFileThatNeverStandsStillIsStoredAsItWasReadAndMarked(t *testing.T) {
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	fsys := restive{hosttest.New(small)}
	h := fsys.Host()
	h.Files = fsys
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: h})
	require.NoError(t, err)
	assert.False(t, snap.Complete, "a file that never stands still is said to be torn")
	require.Len(t, snap.Failed, 1)
	assert.True(t, snap.Failed[0].Unstable)
	assert.Contains(t, restored(t, r, snap, "/etc/motd"), "welcome\n", "and stored as it was read")
}

// interrupted lets another writer go first, once.
type interrupted struct {
	*backuptest.Memory
	before func()
}

func (i *interrupted) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if run := i.before; run != nil {
		i.before = nil
		run()
	}
	return i.Memory.Create(ctx, name, body, size)
}

func TestOfTwoWritersTheSlowerOneBeginsAnew(t *testing.T) {
	store := &backuptest.Memory{}
	r, m := backup.Repo{Keys: backuptest.Keys(), Store: store}, hosttest.New(small)
	run(t, r, m)
	other := hosttest.New(small)
	require.NoError(t, other.WriteFile("/etc/motd", []byte("other\n"), 0o640))
	require.NoError(t, m.WriteFile("/etc/motd", []byte("mine\n"), 0o640))
	racing := &interrupted{Memory: store, before: func() { run(t, r, other) }}
	third, _, err := commit.Run(t.Context(), backup.Repo{Keys: backuptest.Keys(), Store: racing}, source(m))
	require.NoError(t, err)
	assert.EqualValues(t, 3, third.Seq)
	assert.Equal(t, "mine\n", restored(t, r, third, "/etc/motd"))
	damage, err := verify(t, r, 0)
	require.NoError(t, err)
	assert.Empty(t, damage)
}

func TestFileBeyondTheBoundIsSaidNotToBeStored(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "big"), nil, 0o600))
	require.NoError(t, os.Truncate(filepath.Join(dir, "big"), 9<<20))
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	src := commit.Source{Host: host.Local(), Paths: []string{dir}, MaxFileSize: 8 << 20}
	snap, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Equal(t, 1, snap.Errors)
	src.MaxFileSize = 0
	snap, _, err = commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.True(t, snap.Complete)
	assert.Len(t, restored(t, r, snap, filepath.Join(dir, "big")), 9<<20)
}

func TestRealEtcComesBack(t *testing.T) {
	need.Root(t)
	r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(filepath.Join(t.TempDir(), "store"))}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local()})
	require.NoError(t, err)
	entries, err := r.Entries(t.Context(), snap)
	require.NoError(t, err)
	compared := 0
	for _, e := range entries {
		if e.Type != backup.Regular || e.Object == "" || compared >= 8 {
			continue
		}
		compared++
		want, err := os.ReadFile(e.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		require.NoError(t, err)
		assert.Equal(t, string(want), restored(t, r, snap, e.Path), e.Path)
	}
	assert.Equal(t, 8, compared)
}

func BenchmarkCommitUnchangedEtc(b *testing.B) {
	r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(filepath.Join(b.TempDir(), "store"))}
	src := commit.Source{Host: host.Local()}
	if _, _, err := commit.Run(b.Context(), r, src); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := commit.Run(b.Context(), r, src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstCommitOfEtc(b *testing.B) {
	for b.Loop() {
		r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(filepath.Join(b.TempDir(), "store"))}
		if _, _, err := commit.Run(b.Context(), r, commit.Source{Host: host.Local()}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleRun() {
	m := hosttest.New(small)
	repo := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	first, _, err := commit.Run(context.Background(), repo, source(m))
	fmt.Println(first.Seq, first.Files, first.Complete, err)
	if err := m.WriteFile("/etc/motd", []byte("changed\n"), 0o640); err != nil {
		fmt.Println(err)
	}
	_, changes, err := commit.Run(context.Background(), repo, source(m))
	fmt.Println(changes[0].Kind, changes[0].Path, changes[0].Fields(), err)
	// Output:
	// 1 7 true <nil>
	// modified /etc/motd [content time] <nil>
}

// crowded is a store without a lock: behind a look into it another writer is
// faster.
type crowded struct {
	backup.Store
	faster func()
}

func (c crowded) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		for info, err := range c.Store.List(ctx, prefix) {
			if !yield(info, err) {
				return
			}
		}
		c.faster()
	}
}

func TestWhoStoresBetweenTwoLooksBreaksNoChain(t *testing.T) {
	free := backup.Repo{Keys: backuptest.Keys(), Store: struct{ backup.Store }{dirstore.Dir(t.TempDir())}}
	from, other := t.TempDir(), t.TempDir()
	of := func(dir string) commit.Source { return commit.Source{Host: host.Local(), Paths: []string{dir}} }
	_, _, err := commit.Run(t.Context(), free, of(other))
	require.NoError(t, err)
	others := 0
	busy := free
	busy.Store = crowded{free.Store, func() {
		if others++; others > 1 {
			return
		}
		require.NoError(t, os.WriteFile(filepath.Join(other, fmt.Sprint(others)), nil, 0o600))
		_, _, err := commit.Run(t.Context(), free, of(other))
		require.NoError(t, err)
	}}
	s, _, err := commit.Run(t.Context(), busy, of(from))
	require.NoError(t, err)
	assert.EqualValues(t, 3, s.Seq, "behind the two of the other")
	v, err := free.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
}
