package restore_test

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A peer backs up from, restores it below to, and gives where it is there.
type peer func(t *testing.T, from, to string) string

var peers = map[string]peer{
	"ours": func(t *testing.T, from, to string) string {
		r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(t.TempDir())}
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
		require.NoError(t, err)
		into, err := os.OpenRoot(to)
		require.NoError(t, err)
		defer into.Close()
		_, err = restore.Into(t.Context(), r, snap, into, restore.Options{})
		require.NoError(t, err)
		return filepath.Join(to, from)
	},
	"restic": func(t *testing.T, from, to string) string {
		repo := t.TempDir()
		t.Setenv("RESTIC_PASSWORD", "x")
		t.Setenv("RESTIC_CACHE_DIR", t.TempDir())
		run(t, "restic", "-q", "init", "-r", repo)
		run(t, "restic", "-q", "backup", "-r", repo, from)
		run(t, "restic", "-q", "restore", "-r", repo, "latest", "--target", to)
		return filepath.Join(to, from)
	},
	"borg": func(t *testing.T, from, to string) string {
		repo := t.TempDir()
		t.Setenv("BORG_BASE_DIR", t.TempDir())
		run(t, "borg", "init", "-e", "none", repo)
		run(t, "borg", "create", repo+"::one", from)
		extract := exec.Command(need.Program(t, "borg"), "extract", "--sparse", repo+"::one")
		extract.Dir = to
		if out, err := extract.CombinedOutput(); err != nil {
			t.Logf("borg: %v: %s", err, out) // what it cannot give back is a warning
		}
		return filepath.Join(to, from)
	},
}

// lost gives what differs between two trees, and how, as rsync sees it from either
// side, and lsattr, since rsync sees no flags.
func lost(t *testing.T, from, to string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, way := range [][2]string{{from, to}, {to, from}} {
		said := run(t, "rsync", "-naHAXS", "--checksum", "--itemize-changes", "--delete", way[0]+"/", way[1]+"/")
		for line := range strings.Lines(said) {
			how, name, found := strings.Cut(strings.TrimSpace(line), " ")
			require.True(t, found, line)
			out[strings.TrimSpace(name)] = how
		}
	}
	for _, name := range []string{"immutable", "grows", "sealed"} {
		flags := func(dir string) string { return strings.Fields(run(t, "lsattr", "-d", filepath.Join(dir, name)))[0] }
		if was, is := flags(from), flags(to); is != was {
			out[name] = "flags " + was + " as " + is
		}
	}
	return out
}

// Whatever restic or borg gives back as it was, we do.
func TestWhatOthersBringBackWeBringBack(t *testing.T) {
	need.Long(t)
	need.Root(t)
	from := filepath.Join(t.TempDir(), "from")
	require.NoError(t, os.Mkdir(from, 0o750))
	everything(t, from)
	l, err := net.Listen("unix", filepath.Join(from, "socket"))
	require.NoError(t, err)
	defer l.Close()
	all := map[string]map[string]string{}
	for name, one := range peers {
		to := one(t, from, t.TempDir())
		t.Cleanup(func() { loose(t, to) })
		all[name] = lost(t, from, to)
		for _, file := range slices.Sorted(maps.Keys(all[name])) {
			t.Logf("%s loses %s of %s", name, all[name][file], file)
		}
	}
	for _, peer := range []string{"restic", "borg"} {
		for file, how := range all["ours"] {
			assert.Contains(t, all[peer], file, "%s brings back what differs here by %s", peer, how)
		}
	}
	assert.Subset(t, []string{"socket"}, slices.Collect(maps.Keys(all["ours"])), "nobody can give a socket back")
	assert.Contains(t, all["restic"], "socket", "rsync sees what is not there")
}
