package integrity_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// BenchmarkScanAndCompare reads and compares 5,000 small files, with nothing
// changed: the daily case.
func BenchmarkScanAndCompare(b *testing.B) {
	root := b.TempDir()
	for i := range 50 {
		dir := fmt.Sprintf("%s/d%d", root, i)
		require.NoError(b, os.Mkdir(dir, 0o755))
		for j := range 100 {
			require.NoError(b, os.WriteFile(fmt.Sprintf("%s/f%d", dir, j), []byte(strings.Repeat("x", j*40)), 0o644))
		}
	}
	p := integrity.Profile{Roots: []string{root}}
	name := filepath.Join(b.TempDir(), "b")
	files := host.Local().Files
	require.NoError(b, integrity.CreateBaseline(name, integrity.Head{Profile: p}, integrity.Scan(b.Context(), files, p, nil)))
	b.ReportAllocs()
	for b.Loop() {
		base, err := integrity.OpenBaseline(name)
		require.NoError(b, err)
		err = integrity.Compare(base.Entries(), integrity.Scan(context.Background(), files, p, nil), tree.FieldsAll,
			func(c integrity.Change) error { return fmt.Errorf("%v %s: %w", c.Kind, c.Path, io.ErrUnexpectedEOF) })
		require.NoError(b, err)
		require.NoError(b, base.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*5000), "ns/file")
}
