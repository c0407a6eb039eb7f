package dirstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestDirKeepsTheContract(t *testing.T) {
	n := 0
	base := t.TempDir()
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store {
		n++
		return dirstore.Dir(filepath.Join(base, fmt.Sprint(n), "not", "there", "yet"))
	}))
}

func TestMemoryKeepsTheContract(t *testing.T) {
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store { return &backuptest.Memory{} }))
}

func create(s backup.Store, name string, data []byte) error {
	return s.Create(context.Background(), name, bytes.NewReader(data), int64(len(data)))
}

func list(t *testing.T, s backup.Store) (names []string, err error) {
	for info, err := range s.List(t.Context(), "") {
		if err != nil {
			return nil, err
		}
		names = append(names, info.Name)
	}
	return names, nil
}

func TestStoreIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	require.NoError(t, create(dirstore.Dir(dir), "packs/aa/x", []byte("x")))
	require.NoError(t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := e.Info()
		require.NoError(t, err)
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		assert.Equal(t, want, info.Mode().Perm(), p)
		return nil
	}))
}

func TestSecondWriterIsTurnedAway(t *testing.T) {
	d := dirstore.Dir(t.TempDir())
	release, err := d.Lock()
	require.NoError(t, err)
	_, err = d.Lock()
	assert.ErrorIs(t, err, durable.ErrLocked)
	require.NoError(t, release())
	release, err = d.Lock()
	require.NoError(t, err)
	require.NoError(t, release())
}

// TestMain makes the test binary a writer that ends itself at one step.
func TestMain(m *testing.M) {
	at, dir := os.Getenv("DIRSTORE_KILL_AT"), os.Getenv("DIRSTORE_DIR")
	if at == "" {
		os.Exit(m.Run())
	}
	s := stepped{dirstore.Dir(dir), killAt(at)}
	var err error
	if from := os.Getenv("DIRSTORE_COMMIT"); from != "" {
		_, _, err = commit.Run(context.Background(), backup.Repo{Keys: backuptest.Keys(), Store: s}, commit.Source{Host: host.Local(), Paths: []string{from}})
	} else {
		err = create(s, "snaps/1", []byte(content))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// stepped is a Dir with a hook before each system call that changes the disk.
type stepped struct {
	dirstore.Dir
	step func(string) error
}

func (s stepped) Create(_ context.Context, name string, body io.ReaderAt, size int64) error {
	data := make([]byte, size)
	if n, err := body.ReadAt(data, 0); n < len(data) {
		return err
	}
	return dirstore.CreateWithSteps(s.Dir, name, data, s.step)
}

// runKilled runs this binary as a writer that is killed at a step, and reports
// whether it ended by itself before it came so far.
func runKilled(t *testing.T, at int, dir, commitFrom string) (ended bool) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("DIRSTORE_KILL_AT=%d", at), "DIRSTORE_DIR="+dir, "DIRSTORE_COMMIT="+commitFrom)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return true
	}
	require.Equal(t, "signal: killed", err.Error(), string(out))
	return false
}

const content = "the whole content of a snapshot"

func killAt(at string) func(string) error {
	n := 0
	return func(string) error {
		if n++; fmt.Sprint(n) == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
}

// steps counts those of a writer that nobody kills.
func steps(t *testing.T, write func(backup.Store) error) (n int) {
	t.Helper()
	require.NoError(t, write(stepped{dirstore.Dir(t.TempDir()), func(string) error { n++; return nil }}))
	return n
}

func TestKilledWriterLeavesTheFileWholeOrNotThere(t *testing.T) {
	all := steps(t, func(s backup.Store) error { return create(s, "snaps/1", []byte(content)) })
	assert.GreaterOrEqual(t, all, 8)
	for at := 1; at <= all+1; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.Equal(t, at > all, runKilled(t, at, dir, ""), "every step was tried")
			d := dirstore.Dir(dir)
			data, readErr := backup.Read(t.Context(), d, "snaps/1", 1000)
			if readErr == nil {
				require.Equal(t, content, string(data))
			} else {
				require.ErrorIs(t, readErr, fs.ErrNotExist)
			}
			require.Equal(t, at > all-2, readErr == nil, "it is there from the link on")
			release, lockErr := d.Lock()
			require.NoError(t, lockErr, "nothing has to be cleared by hand")
			left, listErr := os.ReadDir(filepath.Join(dir, "tmp"))
			require.NoError(t, listErr)
			assert.Empty(t, left)
			require.NoError(t, create(d, "snaps/1", []byte(content)))
			require.NoError(t, release())
		})
	}
}

func TestKilledCommitLosesNothingAndHindersNothing(t *testing.T) {
	need.Long(t)
	from := t.TempDir()
	write := func(from, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(from, "file"), []byte(text), 0o600))
	}
	write(from, "any")
	all := steps(t, func(s backup.Store) error {
		_, _, err := commit.Run(t.Context(), backup.Repo{Keys: backuptest.Keys(), Store: s}, commit.Source{Host: host.Local(), Paths: []string{from}})
		return err
	})
	assert.Greater(t, all, 16, "two files are created")
	for at := 1; at <= all+1; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			store, from := dirstore.Dir(t.TempDir()), t.TempDir()
			r := backup.Repo{Keys: backuptest.Keys(), Store: store}
			src := commit.Source{Host: host.Local(), Paths: []string{from}}
			write(from, "first")
			first, _, err := commit.Run(t.Context(), r, src)
			require.NoError(t, err)
			write(from, "second")
			require.Equal(t, at > all, runKilled(t, at, string(store), from))
			v, err := r.Verify(t.Context(), backup.VerifyOptions{})
			require.NoError(t, err)
			require.Empty(t, v.Damage)
			second, _, err := commit.Run(t.Context(), r, src)
			require.NoError(t, err)
			require.EqualValues(t, 2, second.Seq)
			for snap, want := range map[uint64]string{first.Seq: "first", second.Seq: "second"} {
				require.Equal(t, want, contentOf(t, r, snap, filepath.Join(from, "file")))
			}
		})
	}
}

func contentOf(t *testing.T, r backup.Repo, seq uint64, name string) string {
	t.Helper()
	snap, err := r.Snapshot(t.Context(), seq)
	require.NoError(t, err)
	text, err := r.Text(t.Context(), snap, name, 1000)
	require.NoError(t, err)
	return string(text)
}

func TestFailingDiskLeavesNothingVisible(t *testing.T) {
	for at := 1; at <= 6; at++ {
		d := dirstore.Dir(t.TempDir())
		n := 0
		var name string
		err := dirstore.CreateWithSteps(d, "snaps/1", []byte(content), func(step string) error {
			if n++; n == at {
				name = step
				return syscall.ENOSPC
			}
			return nil
		})
		require.ErrorIs(t, err, syscall.ENOSPC, name)
		infos, err := list(t, d)
		require.NoError(t, err)
		assert.Empty(t, infos, name)
		left, err := os.ReadDir(filepath.Join(string(d), "tmp"))
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
		assert.Empty(t, left, name)
	}
}

func TestStoreBehindALinkIsTheSameStore(t *testing.T) {
	disk, link := filepath.Join(t.TempDir(), "disk"), filepath.Join(t.TempDir(), "store")
	require.NoError(t, os.Mkdir(disk, 0o700))
	require.NoError(t, os.Symlink(disk, link))
	d := dirstore.Dir(link)
	require.NoError(t, create(d, "snaps/1", []byte("x")))
	infos, err := list(t, d)
	require.NoError(t, err)
	assert.Equal(t, []string{"snaps/1"}, infos)
}

func TestPlantedFIFOIsDamageAndHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	d := dirstore.Dir(dir)
	require.NoError(t, create(d, "snaps/1", []byte("x")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "snaps", "2"), 0o600))
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(dir, "snaps", "3")))
	for _, name := range []string{"snaps/2", "snaps/3"} {
		_, err := backup.Read(t.Context(), d, name, 100)
		require.ErrorIs(t, err, backup.ErrDamaged, name)
		require.Error(t, create(d, name, []byte("x")), name)
	}
}

func TestStoreThatOthersCanWriteIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o777))
	_, err := dirstore.Dir(dir).Lock()
	require.ErrorContains(t, err, "other users can write into it (mode 0777)")
	assert.NotErrorIs(t, err, fs.ErrPermission, "it is a fact, and no matter of this run's rights")
	require.NoError(t, os.Chmod(dir, 0o755))
	release, err := dirstore.Dir(dir).Lock()
	require.NoError(t, err)
	require.NoError(t, release())
}

func ExampleDir() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store := dirstore.Dir(dir)
	fmt.Println(create(store, "snaps/1", []byte("one")))
	err = create(store, "snaps/1", []byte("two"))
	fmt.Println(strings.HasSuffix(err.Error(), "exists with other content"))
	// Output:
	// <nil>
	// true
}
