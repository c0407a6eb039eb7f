package capture_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func ask(t *testing.T, c capture.Configuration, memory memory.Store) report.Result {
	t.Helper()
	rep, err := (&suite.Suite{Checks: []report.Checker{c}, Store: memory}).Run(t.Context())
	require.NoError(t, err)
	return rep.Results[0]
}

func rules(res report.Result) (out []string) {
	for _, f := range res.Findings {
		out = append(out, strings.TrimPrefix(f.Rule, "backup.config."))
	}
	return out
}

func TestDamageAnywhereIsFoundWithinThirtyRunsHoweverLittleIsReadInOne(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	c := capture.Configuration{Host: m.Host(), Repo: repo(store), DailyBytes: 1}
	for i := range 12 {
		require.NoError(t, m.WriteFile(fmt.Sprintf("/etc/file%d", i), fmt.Appendf(nil, "%d\n", i), 0o644))
		res := ask(t, c, &memory)
		require.Empty(t, rules(res))
	}
	packs := slices.DeleteFunc(slices.Sorted(maps.Keys(store.Files)), func(name string) bool { return !strings.HasPrefix(name, "packs/") })
	for _, name := range []string{packs[0], packs[len(packs)-1]} {
		whole := store.Files[name]
		spoiled := slices.Clone(whole)
		spoiled[len(spoiled)/2] ^= 1
		store.Files[name] = spoiled
		runs := 1
		for ; runs < 40; runs++ {
			if res := ask(t, c, &memory); slices.Contains(rules(res), "store-damaged") {
				assert.Equal(t, "30", metric(res, "backup_verify_runs"))
				break
			}
		}
		assert.LessOrEqual(t, runs, 31, name)
		assert.Greater(t, runs, 0)
		store.Files[name] = whole
	}
}

func TestSnapshotUnlikeTheOneBeforeIsSaidOnce(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	c := capture.Configuration{Host: m.Host(), Repo: repo(store)}
	write := func(text string) {
		for i := range 30 {
			require.NoError(t, m.WriteFile(fmt.Sprintf("/etc/file%d", i), fmt.Appendf(nil, "%s %d\n", text, i), 0o644))
		}
	}
	write("plain")
	assert.Empty(t, rules(ask(t, c, &memory)))
	write("encrypted by somebody else")
	res := ask(t, c, &memory)
	assert.Equal(t, []string{"odd"}, rules(res))
	assert.Contains(t, res.Findings[0].Title, "most files changed: 30 of")
	assert.Empty(t, rules(ask(t, c, &memory)))
}

type owners map[string]host.Claim

func (o owners) Attest(context.Context, []string) (map[string]host.Claim, error) { return o, nil }

func TestDefaultThatAnUpdateReplacedIsOneQuietLine(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	sum := md5.Sum([]byte("as shipped\n"))
	c := capture.Configuration{
		Host: m.Host(), Repo: repo(store), Texts: &confdiff.Cache{Name: filepath.Join(t.TempDir(), "texts")},
		Owners: owners{
			"/etc/motd": {Package: "deb:base-files", Version: "2", Algorithm: "md5", Digest: sum[:]},
			"/etc/copy": {Package: "deb:base-files", Version: "2", Algorithm: "md5", Digest: sum[:]},
		},
	}
	ask(t, c, &memory)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("as shipped\n"), 0o640))
	require.NoError(t, m.WriteFile("/etc/copy", []byte("as shipped, and edited; password=hunter22\n"), 0o640))
	res := ask(t, c, &memory)
	require.Len(t, res.Artifacts, 1)
	list := string(res.Artifacts[0].Data)
	assert.Contains(t, list, "as deb:base-files 2 ships it\n")
	assert.NotContains(t, list, "+as shipped\n")
	assert.Contains(t, list, "    +as shipped, and edited; password=«secret:")
	assert.NotContains(t, list, "hunter22")
	assert.Empty(t, res.Problems)
}

func TestStatesOfASystemAreAskedOnlyWhereTheyCanBe(t *testing.T) {
	m := hosttest.New(small + "-- /run/postgresql/.s.PGSQL.5432 socket --\n-- /run/mysqld/ dir complete --\n-- /var/lib/rpm/ dir complete --\n-- /usr/lib/sysimage/ dir complete --\n")
	m.SetCommand([]string{"uname", "-snrm"}, host.Output{Stdout: []byte("Linux web1 6.1 x86_64\n")}, nil)
	var names []string
	for _, q := range capture.Queries(t.Context(), m.Host()) {
		names = append(names, q.Name)
	}
	assert.Contains(t, names, "schema-postgresql")
	assert.NotContains(t, names, "schema-mysql", "no server runs")
	assert.NotContains(t, names, "firewall-pf")
	assert.Contains(t, names, "packages-deb")
	assert.NotContains(t, names, "packages-rpm", "the program is there for other systems' packages, and has no database")
	require.NoError(t, m.Add("-- /usr/lib/sysimage/rpm/ dir complete --\n-- /usr/lib/sysimage/rpm/rpmdb.sqlite --\nx\n"))
	assert.True(t, slices.ContainsFunc(capture.Queries(t.Context(), m.Host()), func(q commit.Query) bool { return q.Name == "packages-rpm" }))
}

func TestNormalizersTakeOutWhatChangesByItself(t *testing.T) {
	m := hosttest.New(small)
	m.SetCommand([]string{"uname", "-snrm"}, host.Output{Stdout: []byte("Linux web1 6.1 x86_64\n")}, nil)
	require.NoError(t, m.Add("-- /run/postgresql/.s.PGSQL.5432 socket --\n-- /run/mysqld/mysqld.sock socket --\n"))
	// The forms are those of proc_mounts(5), sysctl(8), pg_dumpall(1) and mysqldump(1).
	for name, c := range map[string]struct{ answer, want string }{
		"mounts": {
			"proc /proc proc rw 0 0\n/dev/sda2 /srv ext4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\noverlay /var/lib/docker/x overlay rw 0 0\ntmpfs /run/user/0 tmpfs rw 0 0\nnas:/x /mnt nfs4 rw 0 0\n",
			"/dev/sda1 / ext4 rw 0 0\n/dev/sda2 /srv ext4 rw 0 0\nnas:/x /mnt nfs4 rw 0 0\n",
		},
		"sysctl": {
			"net.ipv4.ip_forward = 0\nfs.file-nr = 1 2 3\nkernel.random.uuid = x\nnet.ipv4.conf.veth1.rp_filter = 1\nnet.ipv4.conf.all.rp_filter = 1\n",
			"net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.ip_forward = 0\n",
		},
		"schema-postgresql": {"-- Dumped by pg_dump version 15.14\n\\restrict abc\nCREATE TABLE x ();\n\\unrestrict abc\n", "CREATE TABLE x ();\n"},
		// of MariaDB 10.11, which says of a sequence how far it has come, without its data too
		"schema-mysql": {
			"CREATE SEQUENCE `q` start with 1;\nDO SETVAL(`q`, 1001, 0);\nCREATE TABLE x (id int) ENGINE=InnoDB AUTO_INCREMENT=4711;\n",
			"CREATE SEQUENCE `q` start with 1;\nCREATE TABLE x (id int) ENGINE=InnoDB;\n",
		},
	} {
		for _, q := range capture.Queries(t.Context(), m.Host()) {
			if q.Name == name {
				assert.Equal(t, c.want, string(q.Normalize([]byte(c.answer))), name)
				c.want = ""
			}
		}
		assert.Empty(t, c.want, "%s is asked for", name)
	}
}
