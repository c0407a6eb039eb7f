//go:build linux || freebsd || openbsd || netbsd || darwin

package host_test

import (
	"bytes"
	"context"
	"errors"
	"io"
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

	"github.com/pugetsoundtech/upkeep/host"
)

// sh is a command for the shell, in which $1 and so on are args.
func sh(script string, args ...string) host.Command {
	return host.Command{Args: append([]string{"/bin/sh", "-c", script, "sh"}, args...)}
}

// fifo makes a named pipe: to open one end waits for who opens the other.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	return path
}

// cancelAt gives a context that is cancelled when the other end of the pipe is
// opened for writing, and what can be read from that pipe.
func cancelAt(t *testing.T, pipe string) (context.Context, chan *os.File) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened := make(chan *os.File, 1)
	go func() {
		f, err := os.Open(pipe)
		assert.NoError(t, err)
		opened <- f
		cancel()
	}()
	return ctx, opened
}

func TestDeadlineEndsTheWholeProcessGroup(t *testing.T) {
	pipe := fifo(t)
	ctx, opened := cancelAt(t, pipe)
	// Each process holds the pipe open, heeds no polite signal, and has a child.
	_, err := host.Local().Run(ctx, sh(`trap "" TERM HUP INT; exec 9>"$1"; (sleep 600; :) & sleep 600; :`, pipe))
	require.ErrorIs(t, err, context.Canceled)
	held := <-opened
	defer held.Close()
	data, err := io.ReadAll(held) // ends when the last of them has ended
	require.NoError(t, err)
	assert.Empty(t, data)
}

func TestMutatingCommandGoesOn(t *testing.T) {
	ready, goOn, result := fifo(t), fifo(t), fifo(t)
	ctx, opened := cancelAt(t, ready)
	cmd := sh(`exec 9>"$1"; read word <"$2"; echo to nobody; echo done $word >"$3"`, ready, goOn, result)
	cmd.Mutates = true
	var out bytes.Buffer
	cmd.Stdout = &out
	_, err := host.Local().Run(ctx, cmd)
	require.ErrorIs(t, err, host.ErrStillRunning)
	assert.NotErrorIs(t, err, context.Canceled)
	require.NoError(t, os.WriteFile(goOn, []byte("well\n"), 0))
	data, err := os.ReadFile(result)
	require.NoError(t, err)
	assert.Equal(t, "done well\n", string(data))
	held := <-opened
	defer held.Close()
	_, err = io.ReadAll(held)
	require.NoError(t, err)
	assert.Empty(t, out.String(), "nothing is written after Run has returned")
}

func TestMutatingCommandIsNotStartedAfterItsDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := sh(`echo x >"$1"`, filepath.Join(t.TempDir(), "f"))
	cmd.Mutates = true
	_, err := host.Local().Run(ctx, cmd)
	require.ErrorIs(t, err, context.Canceled)
	assert.NoFileExists(t, cmd.Args[4])
}

// endLater ends a process that a test has started in the background.
func endLater(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(pid))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Kill(n, syscall.SIGKILL)) })
}

func TestChildThatHoldsTheOutputIsNotWaitedFor(t *testing.T) {
	out, err := host.Local().Run(t.Context(), sh(`sleep 600 & echo $!`))
	require.NoError(t, err)
	assert.True(t, out.OK())
	endLater(t, string(out.Stdout))
}

func TestChildThatFloodsTheOutputIsNotWaitedFor(t *testing.T) {
	cmd := sh(`yes & echo $! >&2`)
	cmd.Limit = 100
	out, err := host.Local().Run(t.Context(), cmd)
	require.NoError(t, err)
	assert.Zero(t, out.Exit)
	assert.LessOrEqual(t, len(out.Stdout), 100)
}

func TestServiceLeftByAMutatingCommandKeepsItsOutput(t *testing.T) {
	goOn, result := fifo(t), fifo(t)
	cmd := sh(`(read word <"$1"; echo no SIGPIPE; echo alive >"$2") & echo started`, goOn, result)
	cmd.Mutates = true
	out, err := host.Local().Run(t.Context(), cmd)
	require.NoError(t, err)
	assert.Equal(t, "started\n", string(out.Stdout))
	require.NoError(t, os.WriteFile(goOn, []byte("on\n"), 0))
	data, err := os.ReadFile(result)
	require.NoError(t, err)
	assert.Equal(t, "alive\n", string(data))
}

func TestAllThatACommandWroteIsThereWhenItEnds(t *testing.T) {
	for range 50 {
		out, err := host.Local().Run(t.Context(), sh(`head -c 60000 /dev/zero; printf end; sleep 600 & echo $! >&2`))
		require.NoError(t, err)
		assert.Len(t, out.Stdout, 60003)
		endLater(t, string(out.Stderr))
	}
}

func TestFloodIsReadDroppedAndSaid(t *testing.T) {
	cmd := sh(`head -c 50000000 /dev/zero; echo over >&2`)
	cmd.Limit = 1000
	out, err := host.Local().Run(t.Context(), cmd)
	require.NoError(t, err)
	assert.Len(t, out.Stdout, 1000)
	assert.True(t, out.Truncated)
	assert.Equal(t, "over\n", string(out.Stderr))
	require.ErrorIs(t, out.Err(), host.ErrTruncated)
	_, err = host.Local().Query(t.Context(), "head", "-c", "17000000", "/dev/zero")
	assert.ErrorIs(t, err, host.ErrTruncated, "a cut answer is no answer")
}

type refusing struct{ after int }

var errRefused = errors.New("refused")

func (r *refusing) Write(b []byte) (int, error) {
	if r.after--; r.after < 0 {
		return 0, errRefused
	}
	return len(b), nil
}

func TestWriterThatRefusesEndsAReadOnlyCommand(t *testing.T) {
	cmd := sh(`yes`)
	cmd.Stdout = &refusing{after: 2}
	_, err := host.Local().Run(t.Context(), cmd)
	assert.ErrorIs(t, err, errRefused)
}

func TestWriterThatRefusesDoesNotEndAMutatingCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	cmd := sh(`head -c 1000000 /dev/zero; echo done >"$1"`, file)
	cmd.Mutates, cmd.Stdout = true, &refusing{}
	out, err := host.Local().Run(t.Context(), cmd)
	require.ErrorIs(t, err, errRefused)
	assert.Zero(t, out.Exit)
	assert.FileExists(t, file)
}

func TestStdinThatNeverComesDoesNotHoldTheEnd(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	cmd := sh(`echo well`)
	cmd.Stdin = r
	out, err := host.Local().Run(t.Context(), cmd)
	require.NoError(t, err)
	assert.Equal(t, "well\n", string(out.Stdout))
}

func TestCommandHasNoTerminalAndNoInputAndStandsAtTheRoot(t *testing.T) {
	out, err := host.Local().Run(t.Context(), sh(`cat; (: </dev/tty) 2>/dev/null && echo terminal; pwd`))
	require.NoError(t, err)
	assert.Equal(t, "/\n", string(out.Stdout))
}

func TestCallersPathAndEnvironmentDoNotCount(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "upkeep-test-tool"), []byte("#!/bin/sh\n"), 0o755))
	t.Setenv("PATH", dir)
	t.Setenv("UPKEEP_TEST_SECRET", "x")
	_, err := host.Local().Run(t.Context(), host.Command{Args: []string{"upkeep-test-tool"}})
	require.ErrorIs(t, err, exec.ErrNotFound)
	out, err := host.Local().Query(t.Context(), "env")
	require.NoError(t, err)
	assert.NotContains(t, string(out), "UPKEEP_TEST_SECRET")
	assert.Contains(t, string(out), "LC_ALL=C\n")
}

func TestOnlyAProvenAbsenceIsNotFound(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"script": "#!/no/such/interpreter\n", "plain": ""}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755))
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, "plain"), 0o644))
	for name, want := range map[string]error{"nosuch": exec.ErrNotFound, "plain/x": exec.ErrNotFound, "plain": fs.ErrPermission, ".": fs.ErrPermission} {
		_, err := host.Local().Run(t.Context(), host.Command{Args: []string{dir + "/" + name}})
		assert.ErrorIs(t, err, want, name)
	}
	_, err := host.Local().Run(t.Context(), host.Command{Args: []string{filepath.Join(dir, "script")}})
	require.Error(t, err)
	assert.NotErrorIs(t, err, exec.ErrNotFound, "the program is there, its interpreter is not")
}

func TestBadArgumentsAreErrors(t *testing.T) {
	for _, args := range [][]string{nil, {""}, {"./x"}, {"a/b"}, {"echo", "a\x00b"}, {"e\x00cho"}} {
		_, err := host.Local().Run(t.Context(), host.Command{Args: args})
		require.Error(t, err, "%q", args)
		assert.NotErrorIs(t, err, exec.ErrNotFound, "%q", args)
	}
}
