//go:build unix

package integrity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if name := os.Getenv("INTEGRITY_TEST_KILL"); name != "" {
		writeAndDie(name, os.Getenv("INTEGRITY_TEST_STEP"))
	}
	if name := os.Getenv("INTEGRITY_TEST_ACCEPT"); name != "" {
		dieAt(os.Getenv("INTEGRITY_TEST_STEP"))
		fmt.Println("not killed:", acceptOne(name))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// writeAndDie replaces a baseline by one of nine entries, and ends at a step.
func writeAndDie(name, at string) {
	dieAt(at)
	entries := func(yield func(host.Entry, error) bool) {
		for i, e := range sample(9) {
			if i == 5 {
				step("half of the entries") //nolint:errcheck // it is killed there
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	err := locked(name, func() error { return replaceBaseline(name, true, sampleHead, entries) })
	fmt.Println("not killed:", err)
	os.Exit(3)
}

// dieAt ends this process at a step.
func dieAt(at string) {
	step = func(here string) error {
		if here == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
}

// acceptOne accepts one new entry.
func acceptOne(name string) error {
	e := sample(1)[0]
	e.Path = "/zz"
	a := Acceptor{Baseline: name, Says: Acceptance{By: "ann"}, See: func(context.Context, []string) (map[string]host.Entry, error) {
		return map[string]host.Entry{e.Path: e}, nil
	}}
	return a.Accept(context.Background(), []Change{{Kind: Added, Path: e.Path, Now: e}})
}

// The record is the commit: where it is written, the baseline follows, whenever the
// process is killed.
func TestTheBaselineFollowsItsRecordAlsoAfterACrash(t *testing.T) {
	for at, accepted := range map[string]int{
		"create": 0, "write": 0, "write rest": 0, "sync": 0, "unlink old": 0, "link old": 0, "rename": 1, "sync folder": 1,
	} {
		t.Run(at, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "b")
			require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(3))))
			before := rootOf(t, name)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "INTEGRITY_TEST_ACCEPT="+name, "INTEGRITY_TEST_STEP="+at)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%s", out)
			require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "%s", out)

			require.NoError(t, Recover(name))
			acts, err := Acceptances(name)
			require.NoError(t, err)
			require.Len(t, acts, accepted)
			want := before
			if accepted == 1 {
				want = acts[0].To
			}
			assert.Equal(t, want, rootOf(t, name))
			if accepted == 1 {
				assert.Equal(t, before, rootOf(t, name+suffixOld))
			}
			left, err := leftovers(name)
			require.NoError(t, err)
			assert.Empty(t, left)
			if accepted == 0 {
				require.NoError(t, acceptOne(name), "it can be done again")
			}
		})
	}
}

func TestAFullDiskAcceptsNothing(t *testing.T) {
	t.Cleanup(func() { step = nil })
	for _, at := range []string{"create", "write", "write rest", "sync", "unlink old", "link old"} {
		name := filepath.Join(t.TempDir(), "b")
		require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(3))))
		before := rootOf(t, name)
		step = func(here string) error {
			if here == at {
				return syscall.ENOSPC
			}
			return nil
		}
		require.ErrorIs(t, acceptOne(name), syscall.ENOSPC, at)
		step = nil
		assert.Equal(t, before, rootOf(t, name), at)
		assert.NoFileExists(t, AcceptedPath(name), "%s: who was not accepted has no record", at)
		left, err := leftovers(name)
		require.NoError(t, err)
		assert.Empty(t, left, at)
		require.NoError(t, acceptOne(name), at)
	}
}

func TestRecoveryKeepsOutOfAnothersWork(t *testing.T) {
	name := filepath.Join(t.TempDir(), "b")
	require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(3))))
	tmp := filepath.Join(filepath.Dir(name), ".b.tmp-1")
	require.NoError(t, os.WriteFile(tmp, nil, 0o600))
	require.NoError(t, locked(name, func() error {
		require.NoError(t, os.WriteFile(tmp, nil, 0o600))
		return Recover(name)
	}))
	assert.FileExists(t, tmp)
	require.NoError(t, Recover(name))
	assert.NoFileExists(t, tmp)
}

func TestAKilledWriterLeavesTheOldOrTheNewBaseline(t *testing.T) {
	counts := map[string]int64{
		"create": 3, "write": 3, "half of the entries": 3, "sync": 3, "unlink old": 3, "link old": 3, "rename": 3,
		"sync folder": 9,
	}
	for at, want := range counts {
		t.Run(at, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "b")
			require.NoError(t, CreateBaseline(name, sampleHead, stream(sample(2))))
			require.NoError(t, replaceBaseline(name, true, sampleHead, stream(sample(3))))

			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "INTEGRITY_TEST_KILL="+name, "INTEGRITY_TEST_STEP="+at)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%s", out)
			require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), "%s", out)

			b, err := OpenBaseline(name)
			require.NoError(t, err)
			assert.Equal(t, want, b.Count)
			assert.NoError(t, b.Damaged)
			assert.Len(t, collect(t, b.Entries()), int(want))
			require.NoError(t, b.Close())

			// The next writer is not kept out, and clears up.
			require.NoError(t, locked(name, func() error { return replaceBaseline(name, true, sampleHead, stream(sample(4))) }))
			list, err := os.ReadDir(filepath.Dir(name))
			require.NoError(t, err)
			assert.Len(t, list, 3, "baseline, previous copy, lock file: %v", list)
		})
	}
}

func TestTwoWritersExcludeEachOther(t *testing.T) {
	name := filepath.Join(t.TempDir(), "b")
	err := locked(name, func() error { return CreateBaseline(name, sampleHead, stream(nil)) })
	assert.ErrorContains(t, err, "another process")
	_, err = OpenBaseline(name)
	assert.ErrorIs(t, err, ErrNoBaseline)
}
