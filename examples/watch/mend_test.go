package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/pgtest"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange/pgstore"
)

// start starts this test's binary as the one that watches, after the words of before.
func (h *vantage) start(t *testing.T, before ...string) *exec.Cmd {
	t.Helper()
	argv := append(before, os.Args[0], "-config", h.config, "run")
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Stderr = append(os.Environ(), "UPKEEP_TEST_WATCH=1"), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { kill(cmd) })
	return cmd
}

// kill ends a process, and what it started or traces, as a crash does.
func kill(cmd *exec.Cmd) {
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // it may have ended
	cmd.Wait()                                      //nolint:errcheck
}

// closedPort is a target that nobody serves.
func closedPort(t *testing.T) string { return "tcp://" + need.Addr(t) }

// noting gives a command that makes a file in a folder, goes on as more says, and
// the number of times that it was run.
func noting(t *testing.T, more string) (command string, times func() int) {
	t.Helper()
	dir := t.TempDir()
	command = filepath.Join(dir, "command")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "run"), 0o700))
	require.NoError(t, os.WriteFile(command, []byte("#!/bin/sh\nmktemp -p "+dir+"/run\n"+more+"\n"), 0o700))
	return command, func() int {
		entries, err := os.ReadDir(filepath.Join(dir, "run"))
		require.NoError(t, err)
		return len(entries)
	}
}

func (h *vantage) approve(t *testing.T, target string) (status int, errs string) {
	t.Helper()
	status, _, errs = clitest.Run(t, run, "-config", h.config, "approve", target, "-by", "ann")
	return status, errs
}

// TestAnApprovedCommandIsRunOnceAndTakenBackOnce ends the process while the command
// runs, and again after it was taken back.
func TestAnApprovedCommandIsRunOnceAndTakenBackOnce(t *testing.T) {
	need.Long(t)
	t.Parallel()
	target := closedPort(t)
	mend, mended := noting(t, "exec sleep 3")
	back, undone := noting(t, "")
	h := hosts(t, t.TempDir(), map[string]string{"a": ""}, quick+fmt.Sprintf("settle: 1s\ntargets: [%q]\nmend: [%q]\nrollback: [%q]",
		target, "approve "+target+" "+mend, target+" "+back))["a"]
	forbidden := filepath.Join(h.folder, "no-mending")
	require.NoError(t, os.WriteFile(forbidden, nil, 0o600))
	cmd := h.start(t)
	all := map[string]*vantage{"a": h}
	eventually(t, "it is suggested", func() bool { return count(told(t, all), "suggestion "+target) == 1 })
	assert.Zero(t, mended())
	status, errs := h.approve(t, target)
	require.Zero(t, status, errs)
	eventually(t, "the word was taken", func() bool {
		entries, err := os.ReadDir(filepath.Join(h.folder, "acts"))
		require.NoError(t, err)
		return len(entries) == 0
	})
	assert.Never(t, func() bool { return mended() > 0 }, time.Second, 100*time.Millisecond, "a file forbids it")
	require.NoError(t, os.Remove(forbidden))
	eventually(t, "it is run", func() bool { return mended() == 1 })
	kill(cmd)
	cmd = h.start(t)
	eventually(t, "it is taken back", func() bool { return undone() == 1 })
	status, errs = h.approve(t, target)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "was run, and is not run again")
	kill(cmd)
	h.start(t)
	assert.Never(t, func() bool { return mended() != 1 || undone() != 1 }, 3*time.Second, 500*time.Millisecond)
	assert.Equal(t, []string{"problem " + target, "suggestion " + target}, told(t, all))
}

func TestOneDatabase(t *testing.T) {
	need.Long(t)
	t.Parallel()
	server := pgtest.Start(t)
	t.Run("who has lost its lease runs nothing", func(t *testing.T) { lostLease(t, server) })
	t.Run("two hosts mend once", func(t *testing.T) { // a short form of the fleet
		fleet(t, server, []string{"a", "b"}, 20, "interval: 1s\nretry: 500ms\ntimeout: 1s\ntick: 200ms\nattempts: 2\n", 2*time.Minute)
	})
}

// lostLease takes the lease away at the moment at which it was given, as if this
// host had then stood still for longer than it lasts.
func lostLease(t *testing.T, server *pgtest.Server) {
	target := closedPort(t)
	mend, mended := noting(t, "")
	h := hosts(t, t.TempDir(), map[string]string{"a": ""}, quick+fmt.Sprintf("database: %q\ntenant: loser\ntargets: [%q]\nmend: [%q]",
		server.Address(), target, "automatic "+target+" "+mend))["a"]
	db, err := pgstore.Open(t.Context(), server.Address(), "loser")
	require.NoError(t, err)
	db.Close()
	server.Do(`
		create function lose() returns trigger language plpgsql as $$ begin
			update upkeep_lease set holder = 'b', token = token + 1 where tenant = new.tenant and task = new.task; return null; end $$;
		create trigger lose after insert on upkeep_lease for each row when (new.tenant = 'loser') execute function lose();`)
	h.start(t)
	eventually(t, "it was about to be run", func() bool {
		m, _, err := readMemory(h.folder)
		require.NoError(t, err)
		r := m.Book.Subjects[target]
		return r != nil && len(r.Mended) == 1 && strings.HasPrefix(r.Mended[0].End, "not begun: ")
	})
	assert.Zero(t, mended())
}

// fleet ends the database, one host, and one service, for which the hosts race to
// run the one command that mends it.
func fleet(t *testing.T, server *pgtest.Server, names []string, size int, rhythm string, patience time.Duration) {
	many, err := net.Listen("tcp4", "0.0.0.0:0")
	require.NoError(t, err)
	defer many.Close()
	go accept(many)
	_, port, err := net.SplitHostPort(many.Addr().String())
	require.NoError(t, err)
	service, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	addr := service.Addr().String()
	broken := "tcp://" + addr
	go accept(service)
	targets := []string{broken}
	for i := 1; i < size; i++ {
		targets = append(targets, fmt.Sprintf("tcp://127.1.%d.%d:%s", i/250, 1+i%250, port))
	}
	mend, mended := noting(t, "")
	addrs := map[string]string{}
	for _, name := range names {
		addrs[name] = "" // they meet in the database
	}
	all := hosts(t, t.TempDir(), addrs, rhythm+fmt.Sprintf("database: %q\ntenant: acme\ntargets: [%s]\nmend: [%q]\n",
		server.Address(), strings.Join(targets, ", "), "automatic "+broken+" "+mend))
	running := map[string]*exec.Cmd{}
	for name, h := range all {
		running[name] = h.start(t)
	}
	whole := len(names) * size
	patiently := func(what string, ok func() bool) {
		t.Helper()
		require.Eventually(t, ok, patience, 500*time.Millisecond, what)
	}
	patiently("each host has seen each target", func() bool { return seen(t, server) == whole })

	server.Kill()
	kill(running[names[0]])
	server.Run()
	running[names[0]] = all[names[0]].start(t)
	assert.Equal(t, whole, seen(t, server), "nothing is lost, and nothing doubled")

	service.Close()
	patiently("one host mends it", func() bool { return mended() > 0 })
	service, err = net.Listen("tcp4", addr)
	require.NoError(t, err)
	defer service.Close()
	go accept(service)
	patiently("and tells that it is up again", func() bool { return count(told(t, all), "recovery "+broken) == 1 })
	for _, cmd := range running {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		assert.NoError(t, cmd.Wait())
	}
	assert.Equal(t, 1, mended(), "and no other did")
	assert.Equal(t, 1, count(told(t, all), "problem "+broken))
}

// seen is the number of observations in the database.
func seen(t *testing.T, server *pgtest.Server) (n int) {
	t.Helper()
	db, err := pgstore.Open(t.Context(), server.Address(), "acme")
	require.NoError(t, err)
	defer db.Close()
	records, err := db.All(t.Context())
	require.NoError(t, err)
	for _, r := range records {
		if word, _ := wordOf(r.Key.Target); word == "" {
			n++
		}
	}
	return n
}
