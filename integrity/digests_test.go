package integrity

import (
	"hash"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

func TestAnyHashesAreComputedInOneReading(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "etc")
	require.NoError(t, os.Mkdir(root, 0o700))
	write := func(text string) { require.NoError(t, os.WriteFile(root+"/a", []byte(text), 0o600)) }
	write("abc")
	ours := func(algorithm string) hash.Hash {
		if algorithm == "fnv" {
			return fnv.New128a()
		}
		return nil
	}
	p := Profile{Roots: []string{root}, Digests: []string{"fnv", "sha512"}}
	scan := func(counts *Counts) Entries {
		return Scanner{Files: host.Local().Files, Profile: p, Hash: ours}.Entries(t.Context(), counts)
	}
	name := filepath.Join(dir, "b")
	var counts Counts
	require.NoError(t, CreateBaseline(name, Head{Profile: p}, scan(&counts)))
	assert.Equal(t, int64(3), counts.Bytes)
	b, err := OpenBaseline(name)
	require.NoError(t, err)
	defer b.Close()
	assert.Equal(t, p.Digests, b.Profile.Digests)
	e, err := b.Entry(root + "/a")
	require.NoError(t, err)
	var algorithms []string
	for _, d := range e.Digests {
		algorithms = append(algorithms, d.Algorithm)
	}
	assert.Equal(t, p.Digests, algorithms)
	sum := fnv.New128a()
	sum.Write([]byte("abc"))
	assert.Equal(t, host.NewDigest("fnv", sum.Sum(nil)), e.Digests[0])

	differ := func() (fields tree.Fields) {
		require.NoError(t, Compare(b.Entries(), scan(nil), tree.FieldContent, func(c Change) error { fields |= c.Fields; return nil }))
		return fields
	}
	assert.Zero(t, differ())
	write("abd")
	assert.Equal(t, tree.FieldContent, differ())
	for _, err := range Scan(t.Context(), host.Local().Files, p, nil) { // nobody makes fnv
		assert.ErrorContains(t, err, "no digest algorithm fnv")
	}
}
