package restore_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// everything makes an entry of each kind below dir.
func everything(t *testing.T, dir string) {
	t.Helper()
	at := func(name string) string { return filepath.Join(dir, name) }
	file := func(name, text string, mode uint32) {
		require.NoError(t, os.WriteFile(at(name), []byte(text), 0o600))
		require.NoError(t, unix.Chmod(at(name), mode))
	}
	for _, sub := range []string{"sub", "sub/empty", "closed"} {
		require.NoError(t, os.Mkdir(at(sub), 0o755))
	}
	file("motd", "welcome\n", 0o640)
	file("sub/empty file", "", 0o000)
	file("odd \xff\n'\"name", "odd\n", 0o644)
	file(strings.Repeat("n", 255), "long\n", 0o644)
	file("setuid", "#!\n", 0o6755)
	file("sub/sticky", "", 0o1644)
	for i, size := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20} {
		file(fmt.Sprintf("large%d", i), strings.Repeat(fmt.Sprintf("line %d\n", i), size/7+1)[:size], 0o644)
	}
	file("sparse", "begin", 0o644)
	require.NoError(t, os.Truncate(at("sparse"), 40<<20))
	require.NoError(t, os.Symlink("../nowhere \xff", at("dangling")))
	require.NoError(t, os.Link(at("motd"), at("sub/motd too")))
	require.NoError(t, os.Link(at("motd"), at("another motd")))
	require.NoError(t, unix.Mkfifo(at("fifo"), 0o620))
	require.NoError(t, os.Link(at("fifo"), at("sub/fifo too")))
	require.NoError(t, unix.Mknod(at("null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	require.NoError(t, unix.Mknod(at("loop"), unix.S_IFBLK|0o640, int(unix.Mkdev(7, 300))))
	require.NoError(t, os.Link(at("null"), at("sub/null too")))
	require.NoError(t, os.Link(at("loop"), at("sub/loop too")))
	require.NoError(t, os.Link(at("dangling"), at("sub/dangling too")))
	require.NoError(t, os.Lchown(at("sub/sticky"), 70000, 70001))
	require.NoError(t, os.Lchown(at("dangling"), 12, 34))
	file("attrs", "x", 0o644)
	require.NoError(t, unix.Setxattr(at("attrs"), "user.note", []byte("a\x00b"), 0))
	require.NoError(t, unix.Setxattr(at("attrs"), "trusted.more", []byte("t"), 0))
	run(t, "setfacl", "-m", "u:1234:r", at("attrs"))
	for _, name := range []string{"fifo", "null", "loop"} {
		run(t, "setfacl", "-m", "u:1234:rw", at(name))
	}
	require.NoError(t, unix.Lsetxattr(at("dangling"), "trusted.of-a-link", []byte("t"), 0))
	run(t, "setfacl", "-d", "-m", "g:4321:rwx", at("sub/empty"))
	run(t, "setcap", "cap_net_bind_service=ep", at("large0"))
	file("immutable", "x", 0o644)
	file("grows", "x", 0o644)
	require.NoError(t, os.Mkdir(at("sealed"), 0o755))
	file("sealed/in it", "x", 0o644)
	run(t, "chattr", "+i", at("immutable"), at("sealed"))
	run(t, "chattr", "+a", at("grows"))
	t.Cleanup(func() { loose(t, dir) })
	for name, ns := range map[string]int64{"motd": -86400e9 + 1, "dangling": 1e18 + 7, "sub/empty": 123456789, "fifo": 5e9 + 5, "closed": 9e17 + 123} {
		when := unix.NsecToTimespec(ns)
		require.NoError(t, unix.UtimesNanoAt(unix.AT_FDCWD, at(name), []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW))
	}
	require.NoError(t, unix.Chmod(at("closed"), 0o2700))
}

// loose lets everything be removed.
func loose(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"immutable", "grows", "sealed"} {
		run(t, "chattr", "-ia", filepath.Join(dir, name))
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(need.Program(t, name), args...).CombinedOutput()
	require.NoError(t, err, "%s %q: %s", name, args, out)
	return string(out)
}

func TestEveryKindOfEntryComesBackAsItWas(t *testing.T) {
	need.Long(t)
	need.Root(t)
	from, to := filepath.Join(t.TempDir(), "from"), t.TempDir()
	require.NoError(t, os.Mkdir(from, 0o750))
	everything(t, from)
	r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(t.TempDir()), State: t.TempDir()}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
	require.NoError(t, err)
	assert.True(t, snap.Complete, snap.Failed)
	into, err := os.OpenRoot(to)
	require.NoError(t, err)
	defer into.Close()
	done, err := restore.Into(t.Context(), r, snap, into, restore.Options{})
	require.NoError(t, err)
	for _, one := range done {
		assert.NoError(t, one.Err)
		assert.Empty(t, one.Left, one.Entry.Path)
	}
	t.Cleanup(func() { loose(t, filepath.Join(to, from)) })

	found := func(root string) map[string]host.Entry {
		all := map[string]host.Entry{}
		_, err := tree.Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}, Attrs: true}, func(e *host.Entry) error {
			all[strings.TrimPrefix(e.Path, root)] = *e
			return nil
		})
		require.NoError(t, err)
		return all
	}
	was, now := found(from), found(filepath.Join(to, from))
	assert.Len(t, now, len(was))
	for name, a := range was {
		b, there := now[name]
		require.True(t, there, name)
		const times = tree.FieldInode | tree.FieldCtime | tree.FieldBtime
		assert.Empty(t, tree.Diff(&a, &b, tree.FieldsAll&^times).Names(), name)
	}
	assert.Less(t, now["/sparse"].Blocks, int64(100), "holes stay holes")
	assert.Equal(t, now["/motd"].Ino, now["/sub/motd too"].Ino)
	for _, name := range []string{"fifo", "null", "loop", "dangling"} {
		assert.Equal(t, now["/"+name].Ino, now["/sub/"+name+" too"].Ino, name)
	}
	for _, way := range [][2]string{{from, filepath.Join(to, from)}, {filepath.Join(to, from), from}} {
		assert.Empty(t, run(t, "rsync", "-naHAXS", "--checksum", "--itemize-changes", "--delete", way[0]+"/", way[1]+"/"))
	}
	spec := run(t, "mtree", "-c", "-K", "sha256,uid,gid,mode,nlink,link,size,time,flags", "-p", from)
	check := exec.Command(need.Program(t, "mtree"), "-p", filepath.Join(to, from))
	check.Stdin = strings.NewReader(spec)
	out, err := check.CombinedOutput()
	assert.NoError(t, err, string(out))
}

func TestDeepTreeOfLongNamesSpoilsNothing(t *testing.T) {
	from := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "other"), []byte("other\n"), 0o600))
	fd, err := unix.Open(from, unix.O_DIRECTORY, 0)
	require.NoError(t, err)
	name := strings.Repeat("d", 250)
	for range 400 {
		require.NoError(t, unix.Mkdirat(fd, name, 0o755))
		next, err := unix.Openat(fd, name, unix.O_DIRECTORY, 0)
		require.NoError(t, err)
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}, State: t.TempDir()}
	src := commit.Source{Host: host.Local(), Paths: []string{from}}
	snap, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	require.Len(t, snap.Failed, 1, "what lies too deep is an error of its own")
	assert.Equal(t, backup.Unstored, snap.Failed[0].Cause)
	v, err := r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
	assert.Equal(t, "other\n", restored(t, r, snap, filepath.Join(from, "other")))
	again, changes, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Equal(t, snap.Seq, again.Seq)
	assert.Empty(t, changes)
}

func TestWhatIsSwappedForALinkMeanwhileGivesNothingOfTheOutside(t *testing.T) {
	need.Long(t)
	base := t.TempDir()
	secret, from := filepath.Join(base, "secret"), filepath.Join(base, "from")
	for _, dir := range []string{secret, from, filepath.Join(from, "dir")} {
		require.NoError(t, os.Mkdir(dir, 0o755))
	}
	for i := range 50 {
		require.NoError(t, os.WriteFile(filepath.Join(secret, fmt.Sprint(i)), []byte("SECRET"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(from, "dir", fmt.Sprint(i)), []byte("public"), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(from, "file"), []byte("public"), 0o600))
	require.NoError(t, unix.Mkfifo(filepath.Join(base, "fifo"), 0o600))
	ctx := t.Context()
	self, err := os.Executable()
	require.NoError(t, err)
	other := exec.CommandContext(ctx, self)
	other.Env = append(os.Environ(), "UPKEEP_TEST_SWAP="+base)
	said, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	var swaps atomic.Int64
	swapped := make(chan struct{})
	go func() {
		defer close(swapped)
		for line := make([]byte, 1); ; swaps.Add(4) {
			if _, err := said.Read(line); err != nil {
				return
			}
		}
	}()
	for n := 0; n < 30 || swaps.Load() < 1000; n++ {
		store := &backuptest.Memory{}
		r := backup.Repo{Keys: backuptest.Keys(), Store: store}
		snap, _, err := commit.Run(ctx, r, commit.Source{Host: host.Local(), Paths: []string{from}})
		require.NoError(t, err)
		entries, err := r.Entries(ctx, snap)
		require.NoError(t, err)
		for _, e := range entries {
			if e.Type != backup.Regular || !e.HasContent() {
				continue
			}
			var text bytes.Buffer
			require.NoError(t, r.Content(ctx, snap, e, &text))
			require.Equal(t, "public", text.String(), e.Path)
		}
	}
	require.NoError(t, other.Process.Kill())
	<-swapped
	require.ErrorContains(t, other.Wait(), "killed", "it swapped to the end")
}

// TestMain is another process as well, that swaps until it is killed.
func TestMain(m *testing.M) {
	if home := os.Getenv("UPKEEP_TEST_SWAP_ROOTS"); home != "" {
		swapRoots(home)
		os.Exit(1)
	}
	if base := os.Getenv("UPKEEP_TEST_SWAP"); base != "" {
		for {
			swap(base, "from/dir", "secret")
			swap(base, "from/file", "secret/1")
			swap(base, "from/file", "fifo")
			swap(base, "from/dir/7", "secret/7")
			fmt.Print(".")
		}
	}
	os.Exit(m.Run())
}

// swap puts a link to other in the place of a name, for a moment. What is lost of a
// race is another one.
func swap(base, name, other string) {
	at := func(name string) string { return filepath.Join(base, name) }
	_ = os.Rename(at(name), at("aside"))
	if other == "fifo" {
		_ = os.Link(at("fifo"), at(name))
	} else {
		_ = os.Symlink(at(other), at(name))
	}
	_ = os.Remove(at(name))
	_ = os.Rename(at("aside"), at(name))
}
