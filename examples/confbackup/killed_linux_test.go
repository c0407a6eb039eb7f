package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
