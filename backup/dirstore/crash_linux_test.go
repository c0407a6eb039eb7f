package dirstore_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// calls are the system calls that change a disk, as strace -y writes them, and what
// they do to the model of one.
var calls = []struct {
	form *regexp.Regexp
	do   func(r *replay, args []string)
}{
	{regexp.MustCompile(`mkdirat\([^"]*"([^"]+)", \w+\) += 0`), func(r *replay, a []string) { r.disk.Mkdir(a[0]) }},
	{regexp.MustCompile(`openat\([^"]*"([^"]+)", \S*O_CREAT.* = \d`), func(r *replay, a []string) { r.disk.Create(a[0]) }},
	{regexp.MustCompile(`write\(\d+<([^>]+)>, .* = (\d+)`), (*replay).write},
	{regexp.MustCompile(`fsync\(\d+<([^>]+)>\) += 0`), func(r *replay, a []string) { r.disk.Sync(a[0]) }},
	{regexp.MustCompile(`linkat\([^"]*"([^"]+)", [^"]*"([^"]+)", 0\) += 0`), func(r *replay, a []string) { r.disk.Link(a[0], a[1]) }},
	{regexp.MustCompile(`unlinkat\([^"]*"([^"]+)", \w+\) += 0`), func(r *replay, a []string) { r.disk.Remove(a[0]) }},
}

// A replay does to a model of a disk what a process did to a real one.
type replay struct {
	dir  string
	disk *backuptest.Disk
	data map[string][]byte // what each file will have, by any of its names
}

func (r *replay) write(args []string) {
	n, _ := strconv.Atoi(args[1]) // it is digits
	at := r.disk.Size(args[0])
	data := r.data[args[0]]
	r.disk.Write(args[0], data[min(at, len(data)):min(at+n, len(data))])
}

// line does what a line of the trace says, and reports whether that changed the disk.
func (r *replay) line(text string) bool {
	for _, c := range calls {
		m := c.form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		for i := range m[1:] {
			if rel, ok := strings.CutPrefix(m[i+1], r.dir); ok {
				m[i+1] = strings.TrimPrefix(rel, "/")
			} else if i == 0 || strings.HasPrefix(m[i+1], "/") {
				return false // another disk, or none: the event by which Go's poller wakes itself
			}
		}
		c.do(r, m[1:])
		return true
	}
	return false
}

// traced gives the lines of the calls of a commit, each when it had returned.
func traced(t *testing.T, dir, from string) (lines []string) {
	t.Helper()
	strace := need.Program(t, "strace")
	need.That(t, "the right to trace", exec.Command(strace, "-qq", "-o", os.DevNull, "true").Run() == nil)
	self, err := os.Executable()
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-y", "-qq", "-s", "0", "-o", out, "-e", "trace=mkdirat,openat,write,pwrite64,fsync,linkat,unlinkat,renameat,renameat2", self)
	cmd.Env = append(os.Environ(), "DIRSTORE_KILL_AT=0", "DIRSTORE_DIR="+dir, "DIRSTORE_COMMIT="+from)
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	text, err := os.Open(out)
	require.NoError(t, err)
	defer text.Close()
	begun := map[string]string{}
	for in := bufio.NewScanner(text); in.Scan(); {
		process, call, _ := strings.Cut(in.Text(), " ")
		if head, unfinished := strings.CutSuffix(call, " <unfinished ...>"); unfinished {
			begun[process] = head
			continue
		}
		if _, rest, resumed := strings.Cut(call, " resumed>"); resumed {
			call = begun[process] + rest
		}
		lines = append(lines, call)
	}
	return lines
}

func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[strings.TrimPrefix(p, dir+"/")], err = os.ReadFile(p)
		return err
	}))
	return files
}

// The system calls of a real commit are done to a model that loses all that was not
// synced, or any part of it, and is cut off behind each of them.
func TestPowerCutAtAnyCallLosesNothingThatWasStored(t *testing.T) {
	dir, from := t.TempDir(), t.TempDir()
	file := filepath.Join(from, "file")
	src := commit.Source{Host: host.Local(), Paths: []string{from}}
	require.NoError(t, os.WriteFile(file, []byte("first"), 0o600))
	_, _, err := commit.Run(t.Context(), backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(dir)}, src)
	require.NoError(t, err)
	before := filesOf(t, dir)
	require.NoError(t, os.WriteFile(file, []byte("second"), 0o600))
	lines := append(traced(t, dir, from), `write(13<anon_inode:[eventfd]>, ""..., 8) = 8`)

	r := &replay{dir: dir, disk: backuptest.NewDisk(before), data: filesOf(t, dir)}
	r.disk.Mkdir("tmp") // it was there, and empty
	for _, l := range lines {
		if m := regexp.MustCompile(`linkat\([^"]*"([^"]+)", [^"]*"([^"]+)"`).FindStringSubmatch(l); m != nil {
			r.data[strings.TrimPrefix(m[1], dir+"/")] = r.data[strings.TrimPrefix(m[2], dir+"/")]
		}
	}
	seen, cuts := map[string]bool{}, 0
	for _, l := range lines {
		if !r.line(l) {
			continue
		}
		for _, reached := range ways() {
			left := r.disk.Cut(reached)
			if key := fmt.Sprintf("%q", left); !seen[key] {
				seen[key] = true
				cuts++
				survives(t, l, left, file, src)
			}
		}
	}
	assert.Greater(t, cuts, 12)
	v := backup.Repo{Keys: backuptest.Keys(), Store: stored(r.disk.Cut(func(string) float64 { return 0 }))}
	assert.Equal(t, "second", contentOf(t, v, 2, file), "what was reported stored is safe")
}

// ways are how much of what was not synced reaches the disk: nothing, all, names
// without their bytes, a half of the bytes, and any.
func ways() []func(string) float64 {
	out := []func(string) float64{
		func(string) float64 { return 0 }, func(string) float64 { return 1 },
		func(what string) float64 { return map[bool]float64{true: 1}[strings.HasPrefix(what, "name ")] }, func(string) float64 { return 0.5 },
	}
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		out = append(out, func(string) float64 { return float64(random.IntN(3)) / 2 })
	}
	return out
}

// stored are the files of a disk as a store; who opens a Dir clears tmp first.
func stored(files map[string][]byte) *backuptest.Memory {
	m := &backuptest.Memory{Files: map[string][]byte{}}
	for name, data := range files {
		if name != "lock" && !strings.HasPrefix(name, "tmp/") {
			m.Files[name] = data
		}
	}
	return m
}

// survives looks whether a disk after a cut has what it must, and takes the next commit.
func survives(t *testing.T, call string, files map[string][]byte, file string, src commit.Source) {
	t.Helper()
	r := backup.Repo{Keys: backuptest.Keys(), Store: stored(files)}
	v, err := r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err, call)
	require.Empty(t, v.Damage, "cut behind %s", call)
	require.Equal(t, "first", contentOf(t, r, 1, file), call)
	_, _, err = commit.Run(t.Context(), r, src)
	require.NoError(t, err, call)
	require.Equal(t, "second", contentOf(t, r, 2, file), call)
	v, err = r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err, call)
	require.Empty(t, v.Damage, "cut behind %s", call)
}
