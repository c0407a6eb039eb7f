package restore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// nobody is a local user, to whom a folder belongs into which root restores.
const nobody = 65534

// TestWhoSwapsWhatIsBeingRestoredGetsNothingOfRoots restores into a folder of a user
// who puts a file of root's, which he cannot read but may rename, in the place of
// whatever appears there: no file of root's may become his, nor readable by him.
func TestWhoSwapsWhatIsBeingRestoredGetsNothingOfRoots(t *testing.T) {
	need.Root(t)
	from, err := os.MkdirTemp("", "swap") // where nobody may enter
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(from) }) //nolint:errcheck // a folder for temporary files
	require.NoError(t, os.Chmod(from, 0o755))
	home := filepath.Join(from, "home")
	require.NoError(t, os.Mkdir(home, 0o755))
	for i := range 40 {
		name := filepath.Join(home, fmt.Sprint("fifo", i))
		require.NoError(t, unix.Mkfifo(name, 0o600))
		require.NoError(t, os.Chmod(name, 0o666))
		require.NoError(t, os.Chown(name, nobody, nobody))
		require.NoError(t, os.Symlink("x", filepath.Join(home, fmt.Sprint("link", i))))
		require.NoError(t, os.Lchown(filepath.Join(home, fmt.Sprint("link", i)), nobody, nobody))
	}
	require.NoError(t, os.Chown(home, nobody, nobody))
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{home}})
	require.NoError(t, err)
	into, err := os.OpenRoot("/")
	require.NoError(t, err)
	defer into.Close()
	empty := func() {
		require.NoError(t, os.RemoveAll(home))
		require.NoError(t, os.Mkdir(home, 0o755))
		for i := range 20 {
			require.NoError(t, os.WriteFile(filepath.Join(home, fmt.Sprint(".roots", i)), []byte("secret"), 0o600))
		}
		require.NoError(t, os.Chown(home, nobody, nobody))
	}
	for range 10 {
		empty()
		other := swapper(t, home)
		_, err := restore.Into(t.Context(), r, snap, into, restore.Options{Paths: []string{home}})
		require.NoError(t, err)
		require.NoError(t, other.Process.Kill())
		require.ErrorContains(t, other.Wait(), "killed", "it swapped to the end")
		require.NoError(t, filepath.WalkDir(home, func(name string, _ os.DirEntry, err error) error {
			require.NoError(t, err)
			st, err := os.Lstat(name)
			require.NoError(t, err)
			if st.Mode().IsRegular() {
				assert.Zero(t, st.Sys().(*syscall.Stat_t).Uid, "%s was root's", name)
				assert.Equal(t, os.FileMode(0o600), st.Mode().Perm(), name)
			}
			return nil
		}))
	}
}

// swapper starts a process of nobody's that swaps in a folder until it is killed.
func swapper(t *testing.T, home string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(filepath.Dir(home), "swapper") // where nobody may read it
	if _, err := os.Stat(program); err != nil {
		data, err := os.ReadFile(self)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(program, data, 0o755))
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_SWAP_ROOTS="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = said.Read(make([]byte, 1))
	require.NoError(t, err, "it has begun")
	return cmd
}

// swapRoots puts one file of root's after the other in the place of what appears.
func swapRoots(home string) {
	dir, err := os.Open(home)
	if err != nil {
		return
	}
	fmt.Print(".")
	for n := 0; ; {
		if _, err := dir.Seek(0, 0); err != nil {
			return
		}
		names, _ := dir.Readdirnames(-1) // what is lost of a race is another one
		for _, name := range names {
			if !strings.HasPrefix(name, ".restore-") {
				continue
			}
			at := filepath.Join(home, name)
			if os.Rename(filepath.Join(home, fmt.Sprint(".roots", n%20)), at) == nil {
				n++
			} else if os.Rename(at, at+"aside") == nil {
				_ = os.Rename(filepath.Join(home, fmt.Sprint(".roots", n%20)), at) // lost as well
			}
		}
	}
}

// between does something before each pack is read.
type between struct {
	backup.Store
	do func()
}

func (b between) Open(ctx context.Context, name string) (backup.Blob, error) {
	b.do()
	return b.Store.Open(ctx, name)
}

// Who removes the first name of a file and makes another one gets the number that
// became free: it is not the same file for that.
func TestOfAFileThatWasExchangedNobodyGetsAnotherName(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	first, last := filepath.Join(from, "a"), filepath.Join(from, "z")
	require.NoError(t, os.WriteFile(first, []byte("root's"), 0o600))
	require.NoError(t, os.Link(first, last))
	large := make([]byte, 6<<20) // for another pack
	for i := range large {
		large[i] = byte(rand.Uint32())
	}
	require.NoError(t, os.WriteFile(filepath.Join(from, "large"), large, 0o600))
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
	require.NoError(t, err)
	swapped := false
	r.Store = between{r.Store, func() {
		name := filepath.Join(to, first)
		st, err := os.Lstat(name)
		if err != nil || swapped {
			return
		}
		swapped = true
		require.NoError(t, os.Remove(name))
		for n := range 100 { // until one gets the number, unless others of this machine did
			require.NoError(t, os.WriteFile(name, []byte("a user's own"), 0o666))
			if now, err := os.Lstat(name); err == nil && os.SameFile(st, now) || n == 99 {
				return
			}
			require.NoError(t, os.Rename(name, fmt.Sprint(name, n)))
		}
	}}
	into, err := os.OpenRoot(to)
	require.NoError(t, err)
	defer into.Close()
	done, err := restore.Into(t.Context(), r, snap, into, restore.Options{})
	require.NoError(t, err)
	require.True(t, swapped)
	one := done[len(done)-1]
	require.Equal(t, last, one.Entry.Path)
	assert.ErrorContains(t, one.Err, "exchanged meanwhile")
	assert.NoFileExists(t, filepath.Join(to, last))
}

func TestFileThatCameMeanwhileIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	side := filepath.Join(dir, "side")
	require.NoError(t, os.Mkdir(side, 0o700))
	for name, text := range map[string]string{"motd": "old", "side/" + restore.Made: "restored"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Link(filepath.Join(dir, "motd"), filepath.Join(dir, "motd.kept")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new"), []byte("somebody's"), 0o600))
	require.NoError(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "motd")))
	in, err := os.Open(dir)
	require.NoError(t, err)
	defer in.Close()
	work, err := os.Open(side)
	require.NoError(t, err)
	defer work.Close()
	exchange := func() error { return restore.Exchange(int(work.Fd()), int(in.Fd()), "motd", "motd.kept") }
	require.ErrorContains(t, exchange(), "exchanged meanwhile")
	text, err := os.ReadFile(filepath.Join(dir, "motd"))
	require.NoError(t, err)
	assert.Equal(t, "somebody's", string(text))
	require.NoError(t, os.Remove(filepath.Join(dir, "motd.kept")))
	require.NoError(t, os.Link(filepath.Join(dir, "motd"), filepath.Join(dir, "motd.kept")))
	require.NoError(t, exchange())
	text, err = os.ReadFile(filepath.Join(dir, "motd"))
	require.NoError(t, err)
	assert.Equal(t, "restored", string(text))
}

// What a directory on the way lacks is named as well: who asked for a file in it would
// not look there.
func TestWhatAParentLacksIsNamed(t *testing.T) {
	m := hosttest.New("A machine with an attribute of another system.\n-- machine now=2026-11-25T06:00:00Z uid=" + fmt.Sprint(os.Geteuid()) + " gid=" + fmt.Sprint(os.Getegid()) +
		" --\n-- /etc/ dir complete xattr.strange.note=x --\n-- /etc/motd --\nwelcome\n")
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap := stored(t, r, m)
	dir := t.TempDir()
	into, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer into.Close()
	restored := func() []restore.Restored {
		done, err := restore.Into(t.Context(), r, snap, into, restore.Options{Paths: []string{"/etc/motd"}, Keep: ".old"})
		require.NoError(t, err)
		require.NoError(t, done[0].Err)
		return done[1:]
	}
	lacks := restored()
	require.Len(t, lacks, 1)
	assert.Equal(t, "/etc", lacks[0].Entry.Path)
	assert.Equal(t, []string{"strange.note"}, lacks[0].Left)
	assert.Empty(t, restored(), "a directory that was there is left as it is")
	left, err := filepath.Glob(filepath.Join(dir, "etc", ".restore-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
