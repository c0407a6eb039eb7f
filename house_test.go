package upkeep_test

import (
	"bytes"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	skips  = regexp.MustCompile(`\b[tbf]\.Skip(f|Now)?\(`)
	sleeps = regexp.MustCompile(`time\.Sleep\(time\.Second`)
)

// Skips go through internal/need, which counts them; functions, files and packages
// stay small.
func TestHouseRules(t *testing.T) {
	for _, p := range packages(t) {
		fset, files := parsed(t, p)
		total := 0
		for _, f := range files {
			file := fset.File(f.Pos())
			total += file.LineCount()
			assert.LessOrEqual(t, file.LineCount(), 500, file.Name())
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
					assert.LessOrEqual(t, lines, 70, "%s: %s", file.Name(), fn.Name.Name)
				}
			}
		}
		if r, _ := roomOf(p.short()); r.rank != kit {
			assert.LessOrEqual(t, total, 2500, "%s is too large to be one package", p.short())
		}
		if p.short() == "internal/need" {
			continue
		}
		tests, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
		require.NoError(t, err)
		for _, name := range tests {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			if name != "house_test.go" && filepath.Base(name) != "house_test.go" {
				assert.False(t, skips.Match(data), "%s skips without internal/need", name)
				assert.False(t, sleeps.Match(data) && !bytes.Contains(data, []byte("synctest.")), "%s sleeps for a second", name)
			}
		}
	}
}
