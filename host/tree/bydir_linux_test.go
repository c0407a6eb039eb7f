package tree

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// TestSwappedDirectoriesLeadNowhereElse swaps a directory in the middle of the
// tree for a link to another one, again and again, while the tree is walked.
func TestSwappedDirectoriesLeadNowhereElse(t *testing.T) {
	base := t.TempDir()
	root, outside := base+"/root", base+"/outside"
	for _, dir := range []string{root + "/a/middle/deep/inner", outside + "/deep/inner"} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
	}
	for i := range 40 {
		write(t, fmt.Sprintf("%s/a/middle/deep/inner/f%d", root, i), "inside")
		write(t, fmt.Sprintf("%s/deep/inner/f%d", outside, i), "OUTSIDE")
	}
	write(t, outside+"/deep/secret", "OUTSIDE")
	require.NoError(t, os.Symlink(outside, base+"/link"))

	stop := swapper(t, root+"/a/middle", base+"/link")
	defer stop()
	sum := sha256.Sum256([]byte("OUTSIDE"))
	stolen := host.NewDigest("sha256", sum[:])
	var walked, links int
	for walked < 300 || links == 0 && walked < 20_000 {
		walked++
		_, err := Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
			if e.Name == "secret" || e.Hashed() && e.Digests[0] == stolen {
				return fmt.Errorf("%s was read outside", e.Path)
			}
			if e.IsLink() {
				links++
			}
			return nil
		})
		require.NoError(t, err)
	}
	assert.Positive(t, links, "the swap was never seen, so nothing was proven")
}

// swapper exchanges two names until the returned function is called.
func swapper(t *testing.T, a, b string) (stop func()) {
	t.Helper()
	swap := func() error { return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE) }
	need.That(t, "renameat2 with RENAME_EXCHANGE", swap() == nil)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			default:
				_ = swap()
			}
		}
	}()
	return func() { close(quit); <-done }
}

func write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, unix.Mkfifo(root+"/fifo", 0o644)) // opening it would block
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(socket)
	require.NoError(t, unix.Bind(socket, &unix.SockaddrUnix{Name: root + "/socket"}))
	want := map[string]uint32{"fifo": host.ModeFIFO, "socket": host.ModeSocket}
	if os.Geteuid() == 0 && unix.Mknod(root+"/zero", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))) == nil {
		want["zero"] = host.ModeChar
	}
	for _, files := range []host.FS{host.Local().Files, struct{ host.FS }{host.Local().Files}} {
		got := map[string]uint32{}
		_, err = Walk(t.Context(), files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
			if e.Path != root {
				got[e.Name] = e.Type()
				assert.False(t, e.Hashed())
				assert.NoError(t, e.Err)
			}
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// TestAFIFOInPlaceOfAFileDoesNotBlock opens what became a FIFO after it was listed.
func TestAFIFOInPlaceOfAFileDoesNotBlock(t *testing.T) {
	d := openDir(t, t.TempDir())
	write(t, d.path+"/f", "x")
	st, err := d.stat(t.Context(), "f")
	require.NoError(t, err)
	require.NoError(t, os.Remove(d.path+"/f"))
	require.NoError(t, unix.Mkfifo(d.path+"/f", 0o644))
	err = d.content(t.Context(), newWorker(&host.WalkOptions{Digests: []string{"sha256"}}), slotOf("f", st))
	assert.ErrorIs(t, err, ErrUnsteady)
}

func TestAFileThatIsNoLongerTheSameHasNoDigest(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, name string){
		"replaced": func(t *testing.T, name string) {
			write(t, name+".new", "1234")
			require.NoError(t, os.Rename(name+".new", name))
		},
		"grown":  func(t *testing.T, name string) { write(t, name, "12345") },
		"shrunk": func(t *testing.T, name string) { require.NoError(t, os.Truncate(name, 1)) },
		"link": func(t *testing.T, name string) {
			require.NoError(t, os.Remove(name))
			require.NoError(t, os.Symlink("/etc/passwd", name))
		},
		"directory": func(t *testing.T, name string) {
			require.NoError(t, os.Remove(name))
			require.NoError(t, os.Mkdir(name, 0o755))
		},
		"gone": func(t *testing.T, name string) { require.NoError(t, os.Remove(name)) },
	} {
		t.Run(name, func(t *testing.T) {
			d := openDir(t, t.TempDir())
			write(t, d.path+"/f", "1234")
			st, err := d.stat(t.Context(), "f")
			require.NoError(t, err)
			change(t, d.path+"/f")
			err = d.content(t.Context(), newWorker(&host.WalkOptions{Digests: []string{"sha256"}}), slotOf("f", st))
			assert.ErrorIs(t, err, ErrUnsteady)
		})
	}
}

// meddler is a hash during whose work something happens.
type meddler struct {
	hash.Hash
	happens func()
}

func (m meddler) Write(p []byte) (int, error) {
	m.happens()
	return m.Hash.Write(p)
}

func TestAFileThatChangesWhileItIsHashedHasNoDigest(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/f", "1234")
	for kind, r := range map[string]reader{"by descriptor": openDir(t, dir), "by path": byPath{host.Local().Files, dir}} {
		t.Run(kind, func(t *testing.T) {
			st, err := r.stat(t.Context(), "f")
			require.NoError(t, err)
			w := newWorker(&host.WalkOptions{Digests: []string{"sha256"}})
			err = r.content(t.Context(), w, slotOf("f", st))
			require.NoError(t, err)
			w.hashes[0] = meddler{w.hashes[0], func() {
				assert.NoError(t, os.Chtimes(dir+"/f", time.Time{}, st.ModTime().Add(time.Second)))
			}}
			err = r.content(t.Context(), w, slotOf("f", st))
			assert.ErrorIs(t, err, ErrUnsteady)
		})
	}
}

func TestALinkIsNeitherEnteredNorOpened(t *testing.T) {
	d := openDir(t, t.TempDir())
	write(t, d.path+"/f", "x")
	require.NoError(t, os.Symlink("/etc", d.path+"/todir"))
	require.NoError(t, os.Symlink("f", d.path+"/tofile"))
	_, _, err := d.enter(t.Context(), "todir")
	require.ErrorIs(t, err, ErrUnsteady)
	st, err := d.stat(t.Context(), "f")
	require.NoError(t, err)
	err = d.content(t.Context(), newWorker(&host.WalkOptions{Digests: []string{"sha256"}}), slotOf("tofile", st))
	assert.ErrorIs(t, err, ErrUnsteady, "though it is the very file that st describes")
}

func slotOf(name string, st host.Stat) *slot {
	st.Name = name
	return &slot{Entry: host.Entry{Path: "/" + name, Stat: st}}
}

type openedDir struct {
	reader
	path string
}

func openDir(t *testing.T, dir string) openedDir {
	t.Helper()
	r, _, err := openRoot(t.Context(), host.Local().Files, dir, host.Stat{})
	require.NoError(t, err)
	t.Cleanup(r.close)
	return openedDir{r, dir}
}

// TestWhatCannotBeReadIsToldAndTheWalkGoesOn runs as a user without rights.
func TestWhatCannotBeReadIsToldAndTheWalkGoesOn(t *testing.T) {
	root := os.Getenv("TREE_TEST_ROOT")
	if root == "" {
		root = t.TempDir()
		require.NoError(t, os.MkdirAll(root+"/closed/below", 0o755))
		write(t, root+"/closed/below/f", "x")
		write(t, root+"/secret", "x")
		write(t, root+"/zlast", "x")
		require.NoError(t, os.Chmod(root+"/secret", 0))
		require.NoError(t, os.Chmod(root+"/closed", 0))
		defer os.Chmod(root+"/closed", 0o755)
		if os.Geteuid() == 0 {
			asNobody(t, root)
			return
		}
	}
	for _, files := range []host.FS{host.Local().Files, struct{ host.FS }{host.Local().Files}} {
		entries := map[string]host.Entry{}
		_, err := Walk(context.Background(), files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
			entries[strings.TrimPrefix(e.Path, root)] = *e
			return nil
		})
		require.NoError(t, err)
		require.Len(t, entries, 4)
		assert.ErrorIs(t, entries["/closed"].Err, fs.ErrPermission)
		assert.False(t, entries["/closed"].Complete)
		assert.ErrorIs(t, entries["/secret"].Err, fs.ErrPermission)
		assert.Equal(t, int64(1), entries["/secret"].Size, "what is known is told")
		assert.True(t, entries["/zlast"].Hashed())
		assert.True(t, entries[""].Complete)
	}
}

// asNobody runs the calling test again, as a user who owns nothing.
func asNobody(t *testing.T, root string) {
	t.Helper()
	for dir := root; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "TREE_TEST_ROOT="+root, "TMPDIR=/tmp")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
}

func TestLongLinkTargetsAreWhole(t *testing.T) {
	root := t.TempDir()
	for _, n := range []int{1, 255, 256, 257, 1024, 4095} {
		target := strings.Repeat("t", n)
		require.NoError(t, os.Symlink(target, root+"/l"))
		got, err := readLinkIn(root, "l")
		require.NoError(t, err)
		assert.Equal(t, target, got)
		require.NoError(t, os.Remove(root+"/l"))
	}
}

func readLinkIn(dir, name string) (string, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	st, err := host.LstatAt(fd, name)
	return st.Link, err
}

func TestAWalkClosesAllItOpened(t *testing.T) {
	root := t.TempDir()
	for i := range 50 {
		require.NoError(t, os.MkdirAll(fmt.Sprintf("%s/%d/a/b", root, i), 0o755))
		write(t, fmt.Sprintf("%s/%d/a/f", root, i), "x")
	}
	before := descriptors(t)
	enough := errors.New("enough")
	for n := range 60 {
		_, err := Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(*host.Entry) error {
			if n--; n == 0 {
				return enough
			}
			return nil
		})
		if err != nil {
			require.ErrorIs(t, err, enough)
		}
	}
	assert.Panics(t, func() {
		_, err := Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(*host.Entry) error { panic("in the receiver") })
		assert.NoError(t, err)
	})
	// What goes on after a panic ends soon, but not before it.
	require.Eventually(t, func() bool { return descriptors(t) == before }, time.Minute, time.Millisecond)
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(list)
}

func TestAWalkAllocatesLittleForAFile(t *testing.T) {
	for _, attrs := range []bool{false, true} {
		count := func(files int) float64 {
			root := t.TempDir()
			for i := range files {
				write(t, fmt.Sprintf("%s/f%d", root, i), "content")
			}
			fsys, o := host.Local().Files, host.WalkOptions{Digests: []string{"sha256"}, Attrs: attrs}
			return testing.AllocsPerRun(3, func() {
				if _, err := Walk(context.Background(), fsys, root, o, func(*host.Entry) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		// One is the copy of the name that is described, and one that of none, of the open file; a
		// pool lets go of some when data races are looked for.
		assert.Less(t, (count(800)-count(200))/600, 3.0)
	}
}

func FuzzDirents(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("12345678" + "12345678" + "\x18\x00" + "\x08" + "abcd\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l listing
		if parseDirents(b, &l) != nil {
			return
		}
		for _, it := range l.items {
			if name := string(l.name(it)); strings.Contains(name, "\x00") || name == "." || name == ".." {
				t.Fatalf("name %q", name)
			}
		}
	})
}

func TestAWalkHoldsFewDescriptors(t *testing.T) {
	root := t.TempDir()
	for i := range 2 * leftOpen {
		dir := fmt.Sprintf("%s/%d", root, i)
		require.NoError(t, os.Mkdir(dir, 0o755))
		write(t, dir+"/f", "x")
	}
	before := descriptors(t)
	most, entries := 0, 0
	_, err := Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
		if entries++; entries == 1 {
			most = mostWhileWaiting(t, before)
		}
		return e.Err
	})
	require.NoError(t, err)
	assert.Equal(t, 4*leftOpen+1, entries)
	assert.Greater(t, most, leftOpen/2, "the window was never full")
	assert.Less(t, most, leftOpen+20)
	assert.Equal(t, before, descriptors(t))
}

// mostWhileWaiting gives the most descriptors that are open above some, while
// the receiver waits: until the window is full, at most a minute, and a moment
// more, in which a listing that knows no bound would go on.
func mostWhileWaiting(t *testing.T, above int) int {
	t.Helper()
	var most int
	var full time.Time
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		most = max(most, descriptors(t)-above)
		switch {
		case most < leftOpen:
		case full.IsZero():
			full = time.Now()
		case time.Since(full) > 50*time.Millisecond:
			return most
		}
	}
	return most
}

func TestAReadThatFailsIsAnError(t *testing.T) {
	fd, err := unix.Open("/proc/self", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	d := &byDir{fd: fd, euid: uint32(os.Geteuid())}
	defer d.close()
	st, err := d.stat(t.Context(), "mem")
	require.NoError(t, err)
	// Nothing is mapped at address zero: as with a bad sector, read(2) fails.
	err = d.content(t.Context(), newWorker(&host.WalkOptions{Digests: []string{"sha256"}}), slotOf("mem", st))
	assert.ErrorIs(t, err, unix.EIO)
}
