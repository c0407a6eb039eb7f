package aide_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// after documentation (aide.conf(5)) and the databases of AIDE 0.18.
const database = `@@begin_db
# written by hand
@@db_spec name lname attr perm size uid gid lcount sha256 mtime
/etc 0 62 40755 0 0 0 3 0 0
/etc/a%20b 0 1073741884 100640 4 0 42 1 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0= MTc2NA==
/etc/l to%0A 38 120777 0 0 0 1 0 0
@@end_db
`

func TestADatabaseOfAIDEIsAFirstBaseline(t *testing.T) {
	entries, err := aide.ReadDatabase(strings.NewReader(database))
	require.NoError(t, err)
	require.Len(t, entries, 3)
	assert.True(t, entries[0].Stat.IsDir())
	f := entries[1]
	assert.Equal(t, "/etc/a b", f.Path)
	assert.Equal(t, uint32(0o640), f.Stat.Perm())
	assert.Equal(t, uint32(42), f.Stat.GID)
	assert.Equal(t, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", f.Digests[0].String())
	assert.False(t, f.Stat.Known.Has(host.KnownMtime), "seconds are not compared")
	assert.Equal(t, "to\n", entries[2].Stat.Link)

	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write([]byte(database))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	again, err := aide.ReadDatabase(&packed)
	require.NoError(t, err)
	assert.Equal(t, entries, again)
}

func TestABrokenDatabaseIsNamedWithItsLine(t *testing.T) {
	for want, edit := range map[string][2]string{
		"no end":                    {"@@end_db\n", ""},
		"line 5: sha256 is":         {"ungW", "ung"},
		"line 5: 9 fields":          {"MTc2NA==", ""},
		"line 4: an entry where":    {"@@db_spec name", "# name"},
		"line 6: perm is":           {"120777", "x"},
		"line 5: \"etc/a b\" is no": {"/etc/a%20b", "etc/a%20b"},
		"is there twice":            {"/etc/l", "/etc"},
		"line 2: \"@@what\" is not": {"# written", "@@what"},
	} {
		_, err := aide.ReadDatabase(strings.NewReader(strings.Replace(database, edit[0], edit[1], 1)))
		assert.ErrorContains(t, err, want)
	}
}

func TestARealDatabaseSaysTheSameAsAScan(t *testing.T) {
	need.Program(t, "aide")
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	dir, conf := filepath.Join(base, "tree"), filepath.Join(base, "aide.conf")
	for name, text := range map[string]string{"a b": "abc", "d/x%41": "", "d/\n\x1b": "odd", "d/é": "x", "d/[1]": "y"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640))
	}
	require.NoError(t, os.Symlink("0to\x7f", filepath.Join(dir, "l")))
	require.NoError(t, os.WriteFile(conf, []byte("database_in=file:"+base+"/db\ndatabase_out=file:"+base+"/db\n"+dir+" p+ftype+u+g+s+n+l+i+m+c+sha256+md5\n"), 0o600))
	out, err := exec.Command("aide", "--config="+conf, "--init").CombinedOutput()
	require.NoError(t, err, string(out))
	f, err := os.Open(base + "/db")
	require.NoError(t, err)
	defer f.Close()
	old, err := aide.ReadDatabase(f)
	require.NoError(t, err)
	changes := func() (out []string) {
		p := integrity.Profile{Roots: []string{dir}}
		require.NoError(t, integrity.Compare(stream(old), integrity.Scan(t.Context(), host.Local().Files, p, nil), tree.FieldsState|tree.FieldNlink, func(c integrity.Change) error {
			out = append(out, c.Kind.String()+" "+strings.TrimPrefix(c.Path, dir)+" "+strings.Join(c.Fields.Names(), "+"))
			return nil
		}))
		return out
	}
	assert.Empty(t, changes())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a b"), []byte("abd"), 0o640))
	require.NoError(t, os.Chmod(filepath.Join(dir, "d/é"), 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, "d/[1]")))
	assert.Equal(t, []string{"changed /a b content", "removed /d/[1] ", "changed /d/é mode"}, changes())
}

func FuzzReadDatabase(f *testing.F) {
	f.Add([]byte(database))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := aide.ReadDatabase(bytes.NewReader(data))
		if err != nil {
			return
		}
		for i, e := range entries[min(1, len(entries)):] {
			if tree.Compare(entries[i].Path, e.Path) >= 0 {
				t.Errorf("%q before %q", entries[i].Path, e.Path)
			}
		}
	})
}
