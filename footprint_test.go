package upkeep_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table of what each package brings into a vendor folder is measured, and
// nothing else stands in it.
func TestTableOfFootprintsIsMeasured(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Footprint\n\nWhat other modules a package brings when it is vendored alone, with the Go source of those of their packages that\n" +
		"it needs on Linux, x/sys among them, in KiB. A package that is not listed brings golang.org/x/sys at most. Made by a test:\n" +
		"`UPDATE_GOLDEN=1 go test -run Footprint .`.\n\n" +
		"| package | other modules | KiB |\n|---|---|---|\n")
	others := otherPackages(t)
	for _, p := range importable(t) {
		modules, size := map[string]bool{}, int64(0)
		for _, dep := range p.Deps {
			if o, ok := others[dep]; ok {
				modules[o.module], size = true, size+o.bytes
			}
		}
		if delete(modules, xsys); len(modules) == 0 {
			continue
		}
		var names []string
		for m := range modules {
			names = append(names, m)
		}
		slices.Sort(names)
		fmt.Fprintf(&b, "| `%s` | %s | %d |\n", p.short(), strings.Join(names, ", "), (size+1023)/1024)
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile("FOOTPRINT.md", []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile("FOOTPRINT.md")
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

// An other is a package of another module.
type other struct {
	module string
	bytes  int64 // of its Go source
}

func otherPackages(t *testing.T) map[string]other {
	t.Helper()
	out, err := goCommand(".", "list", "-deps", "-json=ImportPath,Dir,Standard,Module,GoFiles", "./...")
	require.NoError(t, err)
	all := map[string]other{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir string
			Standard        bool
			Module          *struct{ Path string }
			GoFiles         []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else {
			require.NoError(t, err)
		}
		if p.Standard || p.Module == nil || p.Module.Path == module {
			continue
		}
		o := other{module: p.Module.Path}
		for _, f := range p.GoFiles {
			info, err := os.Stat(filepath.Join(p.Dir, f))
			require.NoError(t, err)
			o.bytes += info.Size()
		}
		all[p.ImportPath] = o
	}
}
