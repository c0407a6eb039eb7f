package aide_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// body is what both write of the files: without times, databases and versions.
func body(report string) string {
	_, text, _ := strings.Cut(report, "\n")
	text, _, _ = strings.Cut(text, "\n---------------------------------------------------\nThe attributes of")
	return text
}

func TestTheReportIsAsAIDEWritesIt(t *testing.T) {
	need.Program(t, "aide")
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	dir, conf := filepath.Join(base, "tree"), filepath.Join(base, "aide.conf")
	text := "database_in=file:" + base + "/db\ndatabase_out=file:" + base + "/db\n" + dir + "/ p+ftype+l+u+g+s+n+sha256\n"
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o644))
	require.NoError(t, os.Mkdir(dir, 0o755))
	for _, name := range []string{"a", "b", "gone", "short", "suid"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("content of "+name), 0o644))
	}
	require.NoError(t, os.Symlink("a", dir+"/link"))
	require.NoError(t, os.Mkdir(dir+"/d", 0o755))
	scan := func() (all []host.Entry) {
		p := integrity.Profile{Roots: []string{dir}, Attrs: true}
		for e, err := range integrity.Scan(t.Context(), host.Local().Files, p, nil) {
			require.NoError(t, err)
			if e.Path != dir { // the rule takes what is in it
				all = append(all, e)
			}
		}
		return all
	}
	check := func(was []host.Entry) (ours, theirs string) {
		fields := tree.FieldType | tree.FieldMode | tree.FieldLink | tree.FieldOwner | tree.FieldSize | tree.FieldNlink | tree.FieldContent
		now := scan()
		r := aide.Report{Began: time.Now(), Ended: time.Now(), Entries: int64(len(now)), Fields: fields, Baseline: base + "/db"}
		require.NoError(t, integrity.Compare(stream(was), stream(now), fields, func(c integrity.Change) error {
			r.Changes = append(r.Changes, c)
			return nil
		}))
		var b strings.Builder
		require.NoError(t, r.Write(&b))
		out, _ := exec.Command("aide", "--config="+conf, "--check").Output() // its status says what it found
		return body(b.String()), body(string(out))
	}
	out, err := exec.Command("aide", "--config="+conf, "--init").CombinedOutput()
	require.NoError(t, err, string(out))
	was := scan()
	ours, theirs := check(was)
	assert.Equal(t, theirs, ours)
	require.NoError(t, os.WriteFile(dir+"/a", []byte("changed, and longer than before"), 0o644))
	require.NoError(t, os.WriteFile(dir+"/short", []byte("x"), 0o644))
	require.NoError(t, os.Chmod(dir+"/suid", 0o755|os.ModeSetuid))
	require.NoError(t, os.Remove(dir+"/gone"))
	require.NoError(t, os.Remove(dir+"/link"))
	require.NoError(t, os.Symlink("somewhere else that is much longer than a row", dir+"/link"))
	require.NoError(t, os.WriteFile(dir+"/new", nil, 0o600))
	require.NoError(t, os.Chmod(dir+"/d", 0o700))
	ours, theirs = check(was)
	assert.Equal(t, theirs, ours)
}

func TestANameOfTheReportCannotForgeALine(t *testing.T) {
	var b strings.Builder
	e := host.Entry{Path: "/a\n/b\x1b[2J\xff\u202e", Stat: host.Stat{Mode: host.ModeRegular | 0o644, Known: host.KnownMode}}
	r := aide.Report{Entries: 1, Changes: []integrity.Change{{Kind: integrity.Added, Path: e.Path, Now: e}, {Kind: integrity.Unreadable, Path: e.Path}}}
	require.NoError(t, r.Write(&b))
	assert.Contains(t, b.String(), "f+++++++++++++++++: /a\\012/b\\033[2J\\377\\342\\200\\256\n")
	assert.NotContains(t, b.String(), "\n/b")
}
