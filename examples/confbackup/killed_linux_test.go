package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// TestKilledAtAnyCallThatWritesItLosesNothing lets strace kill the program at the
// n-th call of each kind that changes the disk. Threads are counted each for itself.
func TestKilledAtAnyCallThatWritesItLosesNothing(t *testing.T) {
	need.Long(t)
	strace := need.Program(t, "strace")
	need.That(t, "the right to trace", exec.Command(strace, "-qq", "-o", os.DevNull, "true").Run() == nil)
	self, err := os.Executable()
	require.NoError(t, err)
	for _, call := range []string{"fsync", "linkat", "renameat", "unlinkat", "mkdirat", "write"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			killedAt(t, call, strace, self)
		})
	}
}

func killedAt(t *testing.T, call, strace, self string) {
	state, from := t.TempDir(), t.TempDir()
	file := filepath.Join(from, "file")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write("first")
	at(t, state, 0, "init")
	at(t, state, 0, "run", from)
	const most = 10
	for n := 1; n <= most; n++ {
		text := fmt.Sprintf("%s %d", call, n)
		write(text)
		cmd := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, n), self, "run", from, "-state", state)
		cmd.Env = append(os.Environ(), "UPKEEP_TEST_SERVE=1", "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			require.Contains(t, err.Error(), "killed", "%s: %s", text, out)
		} else if n == 1 {
			require.Equal(t, "mkdirat", call, "each kind of call was met; only who finds a folder missing makes one")
		}
		at(t, state, 0, "verify", "-keyless")
		at(t, state, 0, "run", from)
		got, _ := at(t, state, 0, "show", "latest", file)
		require.Equal(t, text, got)
		if err == nil {
			break
		}
	}
	out, _ := at(t, state, 0, "verify")
	assert.Contains(t, out, "every content can be read")
	left, err := filepath.Glob(filepath.Join(state, "*", "backup", "tmp", "*"))
	require.NoError(t, err)
	assert.Empty(t, left, "what killed writers left is cleared by the next one")
	list, _ := at(t, state, 0, "list")
	for i, line := range strings.Split(strings.TrimSpace(list), "\n") {
		assert.Contains(t, line, fmt.Sprintf("snapshot %d", i+1), "no number is left out")
	}
}

var kills = flag.Int("kills", 60, "how often the program is killed at a random moment")

// TestKilledAtRandomMomentsItLosesNothing kills the program anywhere between its
// start and its end, and holds what is left to every promise of the store.
func TestKilledAtRandomMomentsItLosesNothing(t *testing.T) {
	need.Long(t)
	self, err := os.Executable()
	require.NoError(t, err)
	const round = 20 // a history of its own
	cut := 0
	for first := 0; first < *kills; first += round {
		cut += killedAtRandom(t, self, min(round, *kills-first))
	}
	t.Logf("%d of %d were killed before their end", cut, *kills)
	assert.Greater(t, cut, *kills/2, "most kills met the program at work")
}

// killedAtRandom gives how many of n runs were killed before their end.
func killedAtRandom(t *testing.T, self string, n int) (cut int) {
	state, from := t.TempDir(), t.TempDir()
	write := func(i, day int) {
		text := bytes.Repeat(fmt.Appendf(nil, "file %d of day %d\n", i, day), 1+i*i)
		require.NoError(t, os.WriteFile(filepath.Join(from, fmt.Sprint(i)), text, 0o600))
	}
	for i := range 60 {
		write(i, 0)
	}
	at(t, state, 0, "init")
	run := func() *exec.Cmd {
		cmd := exec.Command(self, "run", from, "-state", state)
		cmd.Env = append(os.Environ(), "UPKEEP_TEST_SERVE=1")
		require.NoError(t, cmd.Start())
		return cmd
	}
	began := time.Now()
	require.NoError(t, run().Wait())
	whole := time.Since(began)
	stored := stored(t, state)
	for day := 1; day <= n; day++ {
		for i := range 20 {
			write((i*7+day)%60, day)
		}
		began, cmd := time.Now(), run()
		time.Sleep(rand.N(whole * 5 / 4)) // the moment is what is random
		require.NoError(t, cmd.Process.Kill())
		if cmd.Wait() != nil {
			cut++
		} else {
			whole = (whole + time.Since(began)) / 2
		}
		at(t, state, 0, "verify", "-keyless")
		stored = nothingLost(t, state, stored)
		at(t, state, 0, "run", from)
		name := filepath.Join(from, fmt.Sprint((7+day)%60))
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		got, _ := at(t, state, 0, "show", "latest", name)
		require.Equal(t, string(want), got, "day %d", day)
		stored = nothingLost(t, state, stored)
	}
	out, _ := at(t, state, 0, "verify", "-level", "restore")
	require.Contains(t, out, "every content can be read")
	require.Contains(t, out, "entries are as they were")
	list, _ := at(t, state, 0, "list")
	for i, line := range strings.Split(strings.TrimSpace(list), "\n") {
		require.Contains(t, line, fmt.Sprintf("snapshot %d\t", i+1), "no number is left out")
	}
	left, err := filepath.Glob(filepath.Join(state, "*", "backup", "tmp", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	return cut
}

// stored gives the digests of all files that the store has under their names.
func stored(t *testing.T, state string) map[string][32]byte {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(state, "*", "backup"))
	require.NoError(t, err)
	require.Len(t, dirs, 1)
	out := map[string][32]byte{}
	require.NoError(t, filepath.WalkDir(dirs[0], func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(name)) == "tmp" {
			return err
		}
		data, err := os.ReadFile(name)
		out[name] = sha256.Sum256(data)
		return err
	}))
	return out
}

// nothingLost compares with what was stored before: all of it is there as it was.
func nothingLost(t *testing.T, state string, before map[string][32]byte) map[string][32]byte {
	t.Helper()
	now := stored(t, state)
	for name, sum := range before {
		got, there := now[name]
		require.True(t, there, "%s is gone", name)
		if filepath.Base(name) != "lock" {
			require.Equal(t, sum, got, "%s is another", name)
		}
	}
	return now
}
