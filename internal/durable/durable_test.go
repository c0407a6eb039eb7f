package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

var form = durable.Form{Name: "test", Version: 2, Limit: 1 << 10}

func sealed(dir string) durable.Sealed {
	return durable.Sealed{File: durable.File{Name: filepath.Join(dir, "state")}, Form: form}
}

func load(s durable.Sealed) (body string, unusable, err error) {
	unusable, err = s.Load(func(b []byte) error { body = string(b); return nil })
	return body, unusable, err
}

// TestMain lets the test binary be the process that is killed, or that holds a lock.
func TestMain(m *testing.M) {
	switch name := os.Getenv("DURABLE_TEST"); {
	case strings.HasPrefix(name, "lock:"):
		holdLock(strings.TrimPrefix(name, "lock:"))
	case name != "":
		saveAndDie(name)
	default:
		os.Exit(m.Run())
	}
}

// saveAndDie saves "three" and kills itself before step n.
func saveAndDie(spec string) {
	n, dir, _ := strings.Cut(spec, ":")
	left, err := strconv.Atoi(n)
	if err != nil {
		panic(err)
	}
	s := sealed(dir)
	s.Step = func(step string) error {
		if left--; left == 0 {
			fmt.Println(step)
			syscall.Kill(os.Getpid(), syscall.SIGKILL) //nolint:errcheck // the test sees how it ended
			select {}
		}
		return nil
	}
	if err := s.Save([]byte("three")); err != nil {
		panic(err)
	}
}

func TestKilledAtEveryStepASaveIsWholeOrNothing(t *testing.T) {
	var steps []string
	for n := 1; ; n++ {
		s := sealed(t.TempDir())
		require.NoError(t, s.Save([]byte("one")))
		require.NoError(t, s.Save([]byte("two")))
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("DURABLE_TEST=%d:%s", n, filepath.Dir(s.Name())))
		out, err := cmd.Output()
		step := strings.TrimSpace(string(out))
		body, unusable, loadErr := load(s)
		require.NoError(t, loadErr, step)
		require.NoError(t, unusable, step)
		if err == nil {
			break
		}
		steps = append(steps, step)
		want := "two"
		if step == "sync folder" || step == "done" {
			want = "three"
		}
		assert.Equal(t, want, body, step)
		require.NoError(t, s.Save([]byte("four")), "the next save is right")
		left, err := filepath.Glob(filepath.Join(filepath.Dir(s.Name()), ".*"))
		require.NoError(t, err)
		assert.Empty(t, left, "and leaves nothing of the killed one")
	}
	assert.Equal(t, []string{"create", "write", "write rest", "sync", "unlink old", "link old", "rename", "sync folder", "done"}, steps)
}

func TestFullDiskAtEveryStepLeavesTheOldContentAndNoTemporaryFile(t *testing.T) {
	for _, at := range []string{"create", "write", "write rest", "sync", "unlink old", "link old", "rename"} {
		s := sealed(t.TempDir())
		require.NoError(t, s.Save([]byte("one")))
		full := s
		full.Step = func(step string) error {
			if step == at {
				return syscall.ENOSPC
			}
			return nil
		}
		require.ErrorIs(t, full.Save([]byte("two")), syscall.ENOSPC, at)
		body, unusable, err := load(s)
		require.NoError(t, errors.Join(unusable, err), at)
		assert.Equal(t, "one", body, at)
		left, err := filepath.Glob(filepath.Join(filepath.Dir(s.Name()), ".*"))
		require.NoError(t, err)
		assert.Empty(t, left, at)
	}
}

func TestWhatIsCommittedIsOnTheDiskAndStaysThere(t *testing.T) {
	for _, c := range []struct {
		commit, rename error
		want           string
		left           int
	}{{nil, nil, "two", 0}, {syscall.EIO, nil, "one", 0}, {nil, syscall.EIO, "one", 1}} {
		name := filepath.Join(t.TempDir(), "f")
		require.NoError(t, durable.Write(name, []byte("one")))
		temporary := func() (out []string) {
			list, err := filepath.Glob(filepath.Join(filepath.Dir(name), ".*"))
			require.NoError(t, err)
			for _, one := range list {
				data, err := os.ReadFile(one)
				require.NoError(t, err)
				out = append(out, string(data))
			}
			return out
		}
		f := durable.File{Name: name, Commit: func() error {
			assert.Equal(t, []string{"two"}, temporary())
			return c.commit
		}, Step: func(step string) error {
			if step == "rename" {
				return c.rename
			}
			return nil
		}}
		require.Equal(t, c.want == "two", f.Write([]byte("two")) == nil)
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(data))
		assert.Len(t, temporary(), c.left)
	}
}

func TestEveryFlippedBitFallsBackAndSaysSo(t *testing.T) {
	s := sealed(t.TempDir())
	require.NoError(t, s.Save([]byte("one")))
	require.NoError(t, s.Save([]byte("two")))
	whole, err := os.ReadFile(s.Name())
	require.NoError(t, err)
	for i := range len(whole) * 8 {
		harmed := bytes.Clone(whole)
		harmed[i/8] ^= 1 << (i % 8)
		require.NoError(t, os.Remove(s.Name()))
		require.NoError(t, os.WriteFile(s.Name(), harmed, 0o600))
		body, unusable, err := load(s)
		var later *durable.VersionError
		if errors.As(err, &later) {
			continue // a flipped digit of the version: it stays, and the error names it
		}
		require.NoError(t, err, "bit %d", i)
		require.ErrorIs(t, unusable, durable.ErrDamaged, "bit %d", i)
		require.Equal(t, "one", body, "bit %d", i)
	}
}

func TestDamagedFileIsMovedAsideAndOneOfALaterVersionStays(t *testing.T) {
	s := sealed(t.TempDir())
	require.NoError(t, s.Save([]byte("one")))
	require.NoError(t, os.WriteFile(s.Name(), []byte("noise"), 0o600))
	_, _, err := load(s)
	require.ErrorIs(t, err, durable.ErrDamaged)
	require.NoError(t, s.Save([]byte("two")))
	aside, err := filepath.Glob(s.Name() + ".damaged-*")
	require.NoError(t, err)
	require.Len(t, aside, 1)

	later := s
	later.Version = 3
	require.NoError(t, os.Remove(s.Name()))
	require.NoError(t, later.Save([]byte("three")))
	var version *durable.VersionError
	_, _, err = load(s)
	require.ErrorAs(t, err, &version)
	assert.Equal(t, "test/v3", version.Form)
	require.ErrorAs(t, s.Save([]byte("four")), &version)
	body, _, err := load(later)
	require.NoError(t, err)
	assert.Equal(t, "three", body)
}

func TestWhatTheWriterWritesTheReaderTakes(t *testing.T) {
	s := sealed(t.TempDir())
	require.NoError(t, s.Save([]byte("one")))
	for n := 800; n < 1100; n++ {
		big := strings.Repeat("x", n)
		saved := s.Save([]byte(big)) == nil
		body, unusable, err := load(s)
		require.NoError(t, errors.Join(unusable, err), "%d bytes", n)
		require.Equal(t, saved, body == big, "%d bytes", n)
	}
	assert.ErrorContains(t, s.Save(make([]byte, 1100)), "ever read again")
}

func TestOnlyARegularFileIsRead(t *testing.T) {
	dir := t.TempDir()
	file, link, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	require.NoError(t, durable.Write(file, []byte("x")))
	require.NoError(t, os.Symlink(file, link))
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, name := range []string{link, fifo, dir} {
		_, err := durable.Read(name, 10)
		assert.ErrorIs(t, err, durable.ErrDamaged, name)
	}
	_, err := durable.Read(filepath.Join(dir, "missing"), 10)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	precious, name := filepath.Join(dir, "precious"), filepath.Join(dir, "state")
	require.NoError(t, os.WriteFile(precious, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(precious, name))
	require.NoError(t, durable.File{Name: name, Mode: 0o640}.Write([]byte("x")))
	got, err := os.ReadFile(precious)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(got))
	st, err := os.Lstat(name)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), st.Mode())
}

func TestTheOnlyCopyIsNotRemovedBeforeThereIsAnother(t *testing.T) {
	s := sealed(t.TempDir())
	require.NoError(t, s.Save([]byte("one")))
	require.NoError(t, os.Rename(s.Name(), s.Name()+".1"))
	s.Step = func(string) error {
		body, _, err := load(s)
		assert.NoError(t, err)
		assert.Contains(t, []string{"one", "two"}, body)
		return nil
	}
	require.NoError(t, s.Save([]byte("two")))
}

func TestCreateNeverReplaces(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, durable.File{Name: name}.Create([]byte("one")))
	require.ErrorIs(t, durable.File{Name: name}.Create([]byte("two")), fs.ErrExist)
	got, err := durable.Read(name, 10)
	require.NoError(t, err)
	assert.Equal(t, "one", string(got))
	list, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, list, 1)
}

func TestDigestsAreVerifiedAndSwept(t *testing.T) {
	d := durable.Digests{Dir: filepath.Join(t.TempDir(), "kept"), Limit: 100}
	one, err := d.Put([]byte("one"))
	require.NoError(t, err)
	two, err := d.Put([]byte("two"))
	require.NoError(t, err)
	again, err := d.Put([]byte("two"))
	require.NoError(t, err)
	assert.Equal(t, two, again)
	_, err = d.Put(make([]byte, 101))
	require.ErrorContains(t, err, "ever read again")
	_, err = d.Get("../../etc/passwd")
	require.ErrorIs(t, err, fs.ErrInvalid)

	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, one), []byte("0ne"), 0o600))
	_, err = d.Get(one)
	require.ErrorIs(t, err, durable.ErrDamaged)
	_, err = d.Put([]byte("one"))
	require.NoError(t, err)
	data, err := d.Get(one)
	require.NoError(t, err, "what is written again is whole again")
	assert.Equal(t, "one", string(data))

	for _, name := range []string{"." + one + ".tmp-1", "notes.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(d.Dir, name), nil, 0o600))
	}
	require.NoError(t, d.Sweep(func(digest string) bool { return digest == two }))
	list, err := os.ReadDir(d.Dir)
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.ElementsMatch(t, []string{two, "notes.txt"}, []string{list[0].Name(), list[1].Name()})
}

func FuzzUnseal(f *testing.F) {
	whole, err := form.Seal([]byte("body"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("test/v3 sha256=00 bytes=0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := form.Unseal(data)
		if err != nil {
			return
		}
		if again, err := form.Seal(body); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q is sealed as %q, %v", data, again, err)
		}
	})
}
