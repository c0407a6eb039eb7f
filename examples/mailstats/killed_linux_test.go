package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic/traffictest"
)

// TestMain lets the test's program stand for mailstats, to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("UPKEEP_TEST_SERVE") != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A growing log is one that a server writes and rotates.
type growing struct {
	t          *testing.T
	log        *traffictest.MailLog
	dir        string
	done, days int
}

func (g *growing) path(name string) string { return filepath.Join(g.dir, name) }

// grow writes what came since, and every third time begins a new file.
func (g *growing) grow() {
	require := require.New(g.t)
	text := g.log.Messages(5).String()
	if g.days++; g.days%3 == 0 {
		require.NoError(os.Rename(g.path("mail.log"), g.path("mail.log.1")))
	}
	for _, name := range []string{"mail.log", "whole"} {
		f, err := os.OpenFile(g.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(err)
		_, err = f.WriteString(text[g.done:])
		require.NoError(err)
		require.NoError(f.Close())
	}
	g.done = len(text)
}

// same wants the sum of all runs to be the numbers of one.
func (g *growing) same(name string) {
	g.t.Helper()
	status, got, stderr := clitest.Run(g.t, run, "-json", "-rows", "-1", "-zone", "UTC", "-state", g.path("state"), g.path("mail.log"))
	require.Zero(g.t, status, "%s: %s", name, stderr)
	_, want, _ := clitest.Run(g.t, run, "-json", "-rows", "-1", "-zone", "UTC", g.path("whole"))
	require.JSONEq(g.t, want, got, name)
}

// killed kills the program at the n-th of some calls, each thread counted for
// itself, and reports whether it came to that.
func (g *growing) killed(calls string, n int) bool {
	self, err := os.Executable()
	require.NoError(g.t, err)
	cmd := exec.CommandContext(g.t.Context(), "strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace="+calls, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", calls, n),
		self, "-json", "-zone", "UTC", "-state", g.path("state"), g.path("mail.log"))
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_SERVE=1", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		require.Contains(g.t, err.Error(), "killed", "%s", out)
	}
	return err != nil
}

func newGrowing(t *testing.T) *growing {
	log := traffictest.NewMailLog(3, time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC))
	log.ISO = true
	g := &growing{t: t, log: log, dir: t.TempDir()}
	g.grow()
	return g
}

func TestRunsAddUpToOne(t *testing.T) {
	g := newGrowing(t)
	for range 7 {
		g.same("a run")
		g.same("a run without anything new")
		g.grow()
	}
	for _, args := range [][]string{{g.path("mail.log.1")}, {"-"}, {"-compat", "pflogsumm", g.path("mail.log")}, {"-zone", "Asia/Tokyo", g.path("mail.log")}} {
		status, stdout, stderr := clitest.Run(t, run, append([]string{"-state", g.path("state")}, args...)...)
		assert.Equal(t, 3, status, "%q", args)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "; ", "%q is told what to do", args)
	}
	require.NoError(t, os.Remove(g.path("mail.log")))
	status, stdout, stderr := clitest.Run(t, run, "-zone", "UTC", "-state", g.path("state"), g.path("mail.log"))
	assert.Equal(t, 3, status, "a log that is gone is no silence")
	assert.Contains(t, stdout, "received")
	assert.Contains(t, stderr, "mail.log")
}

// TestKilledAtAnyMomentItCountsEachLineOnce ends the program at each call that
// changes the disk, and at any others.
func TestKilledAtAnyMomentItCountsEachLineOnce(t *testing.T) {
	need.Long(t)
	strace := need.Program(t, "strace")
	need.That(t, "the right to trace", exec.Command(strace, "-qq", "-o", os.DevNull, "true").Run() == nil)
	g := newGrowing(t)
	met := 0
	for _, calls := range []string{"fsync", "link,linkat", "rename,renameat,renameat2", "unlink,unlinkat", "write"} {
		for n := 1; n <= 8; n++ {
			g.grow()
			killed := g.killed(calls, n)
			g.same(fmt.Sprintf("%s %d", calls, n))
			if !killed {
				break
			}
			met++
		}
	}
	assert.Greater(t, met, 4)
	moments := rand.New(rand.NewPCG(1, 2))
	for range 6 {
		g.grow()
		n := 1 + moments.IntN(400)
		g.killed("all", n)
		g.same(fmt.Sprintf("call %d", n))
	}
}
