package foreign_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/pgtest"
)

func TestFourVerdictsOfDumpsOfPostgreSQL(t *testing.T) {
	need.Long(t)
	server := pgtest.Start(t)
	server.Do("create table t as select i, md5(i::text) from generate_series(1, 20000) i; select lo_from_bytea(0, 'a large object');" +
		"create view v as select 1; create function f() returns int language sql as 'select 1';")
	for name, options := range map[string][]string{"plain": {"--format=plain"}, "custom": {"--format=custom"}, "not compressed": {"--format=custom", "--compress=0"}} {
		t.Run(name, func(t *testing.T) {
			folder, data := daily(t, t.TempDir(), "db-%s.dump", func(to string) {
				require.NoError(t, os.WriteFile(to, server.Output("pg_dump", options...), 0o600))
			})
			w := &watcher{place: foreign.Place{Path: folder}}
			ways := map[string]func([]byte) []byte{"truncated": half, "at its very end": func(b []byte) []byte { return b[:len(b)-60] }, "flipped": flip}
			verdicts(t, w, folder, data, ways, func(way string) {
				if name == "custom" || way == "truncated" { // what the format proves by itself
					fresh := &watcher{place: w.place}
					assert.True(t, has(fresh.rules(t, time.Hour), "spoiled"), "%s at a first look", way)
				}
			})
		})
	}
}
