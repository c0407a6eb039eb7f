package foreign_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// postgres runs a server in dir until the test ends, and gives how its programs
// are run.
func postgres(t *testing.T, dir string) func(name string, args ...string) *exec.Cmd {
	t.Helper()
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	need.That(t, "PostgreSQL", len(bins) > 0)
	var as *syscall.SysProcAttr
	if os.Geteuid() == 0 { // it refuses to run as root
		u, err := user.Lookup("postgres")
		require.NoError(t, err)
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		require.NoError(t, err)
		require.NoError(t, os.Chown(dir, int(uid), -1))
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(bins[len(bins)-1]), name), args...)
		cmd.SysProcAttr, cmd.Dir, cmd.Env = as, dir, []string{"PGHOST=" + dir, "PGUSER=upkeep", "PGDATABASE=postgres", "LC_ALL=C"}
		return cmd
	}
	out, err := command("initdb", "-D", dir+"/data", "-A", "trust", "-U", "upkeep", "-E", "UTF8", "--locale=C", "-N").CombinedOutput()
	require.NoError(t, err, string(out))
	server := command("postgres", "-D", dir+"/data", "-k", dir, "-c", "listen_addresses=", "-c", "shared_buffers=16MB")
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Signal(syscall.SIGQUIT); _ = server.Wait() }) // it may have ended with the test
	require.Eventually(t, func() bool { return command("psql", "-c", "select 1").Run() == nil }, time.Minute, 100*time.Millisecond)
	return command
}

func TestFourVerdictsOfDumpsOfPostgreSQL(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "pg") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	command := postgres(t, dir)
	out, err := command("psql", "-c", "create table t as select i, md5(i::text) from generate_series(1, 20000) i; select lo_from_bytea(0, 'a large object');"+
		"create view v as select 1; create function f() returns int language sql as 'select 1';").CombinedOutput()
	require.NoError(t, err, string(out))
	for name, options := range map[string][]string{"plain": {"--format=plain"}, "custom": {"--format=custom"}, "not compressed": {"--format=custom", "--compress=0"}} {
		t.Run(name, func(t *testing.T) {
			folder, data := daily(t, t.TempDir(), "db-%s.dump", func(to string) {
				text, err := command("pg_dump", options...).Output()
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(to, text, 0o600))
			})
			w := &watcher{place: foreign.Place{Path: folder}}
			assert.Empty(t, w.rules(t, 0), "healthy")
			assert.True(t, has(w.rules(t, 10*24*time.Hour), "late"), "stale")
			victim := largest(t, folder, data)
			whole, err := os.ReadFile(victim)
			require.NoError(t, err)
			for what, spoil := range map[string]func([]byte) []byte{"truncated": half, "at its very end": func(b []byte) []byte { return b[:len(b)-60] }, "flipped": flip} {
				changed(t, victim, func(data []byte) []byte { return spoil(append([]byte{}, data...)) })
				assert.True(t, has(w.rules(t, time.Hour), "spoiled"), what)
				if name == "custom" || what == "truncated" { // what the format proves by itself
					fresh := &watcher{place: w.place}
					assert.True(t, has(fresh.rules(t, time.Hour), "spoiled"), "%s at a first look", what)
				}
				changed(t, victim, func([]byte) []byte { return whole })
			}
			assert.Empty(t, w.rules(t, 2*time.Hour), "mended")
		})
	}
}
