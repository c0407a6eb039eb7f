package foreign_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// mariadb starts a server in a folder of its own, without a network, and gives what
// runs one of its clients there.
func mariadb(t *testing.T) func(name string, args ...string) []byte {
	t.Helper()
	install, server := need.Program(t, "mariadb-install-db"), need.Program(t, "mariadbd")
	need.Program(t, "mysqldump")
	dir, err := os.MkdirTemp("", "my") // a socket has no room for a long path
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a folder for temporary files
	var user []string
	if os.Geteuid() == 0 { // it runs as root only where it is told to
		user = []string{"--user=root"}
	}
	own := append([]string{"--no-defaults", "--datadir=" + dir + "/data"}, user...)
	do(t, dir, nil, install, append(own, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	cmd := exec.Command(server, append(own, "--socket="+dir+"/s", "--skip-networking", "--skip-grant-tables", "--pid-file="+dir+"/pid", "--innodb-flush-log-at-trx-commit=0")...)
	cmd.Dir = dir
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it is gone with its folder
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if exec.Command("mariadb", "--no-defaults", "-S", dir+"/s", "-u", "root", "-e", "select 1").Run() == nil {
			break
		}
		require.True(t, time.Now().Before(end), "the server does not answer")
	}
	return func(name string, args ...string) []byte {
		return do(t, dir, nil, name, append([]string{"--no-defaults", "-S", dir + "/s", "-u", "root"}, args...)...)
	}
}

func TestFourVerdictsOfDumpsOfMariaDB(t *testing.T) {
	need.Long(t)
	client := mariadb(t)
	client("mariadb", "-e", "create database shop; create table shop.t (i int primary key, x varchar(40)); "+
		"insert into shop.t with recursive n(i) as (select 1 union all select i+1 from n where i < 900) select i, md5(i) from n;")
	for name, options := range map[string][]string{
		"one": {"shop"}, "all": {"--all-databases"}, "without a date": {"--skip-dump-date", "shop"}, "without comments": {"--skip-comments", "shop"},
	} {
		t.Run(name, func(t *testing.T) {
			folder, data := daily(t, t.TempDir(), "shop-%s.sql", func(to string) {
				require.NoError(t, os.WriteFile(to, client("mysqldump", options...), 0o600))
			})
			w := &watcher{place: foreign.Place{Path: folder}}
			ways := map[string]func([]byte) []byte{"truncated": half, "at its very end": func(b []byte) []byte { return b[:len(b)-60] }, "flipped": flip}
			verdicts(t, w, folder, data, ways, func(way string) {
				if name != "without comments" && way != "flipped" { // what the format proves by itself
					fresh := &watcher{place: w.place}
					assert.True(t, has(fresh.rules(t, time.Hour), "spoiled"), "%s at a first look", way)
				}
			})
		})
	}
	t.Run("compressed", func(t *testing.T) {
		folder, data := daily(t, t.TempDir(), "shop-%s.sql.gz", func(to string) {
			plain := filepath.Join(t.TempDir(), "dump")
			require.NoError(t, os.WriteFile(plain, client("mysqldump", "shop"), 0o600))
			require.NoError(t, os.WriteFile(to, do(t, t.TempDir(), nil, "gzip", "-c", plain), 0o600))
		})
		w := &watcher{place: foreign.Place{Path: folder}}
		verdicts(t, w, folder, data, cutOrFlipped, func(way string) {
			fresh := &watcher{place: w.place}
			assert.True(t, has(fresh.rules(t, time.Hour), "spoiled"), "%s at a first look", way)
		})
	})
}
