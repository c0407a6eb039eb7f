package clitest_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

const module = "github.com/pugetsoundtech/upkeep"

// Whoever builds an agent of his own begins with a copy of an example: the
// examples, moved to another module as they are, build there.
func TestExamplesCanBeCopied(t *testing.T) {
	need.Long(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	examples, dir := filepath.Join(root, "examples"), t.TempDir()
	copied := 0
	require.NoError(t, fs.WalkDir(os.DirFS(examples), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(examples, name))
		if err != nil {
			return err
		}
		assert.NotContains(t, string(text), `"`+module+`/internal/`, "%s cannot be copied", name)
		copied++
		text = bytes.ReplaceAll(text, []byte(`"`+module+`/examples/`), []byte(`"example.org/mine/`))
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	}))
	assert.Greater(t, copied, 10)

	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	gosum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	requires := strings.Join(regexp.MustCompile(`(?s)require \(.*?\n\)`).FindAllString(string(gomod), -1), "\n")
	goLine := regexp.MustCompile(`(?m)^go \S+$`).FindString(string(gomod))
	text := fmt.Sprintf("module example.org/mine\n\n%s\n\n%s\n\nrequire %s v0.0.0\n\nreplace %s => %s\n", goLine, requires, module, module, root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), gosum, 0o644))

	cmd := exec.Command("go", "build", "-trimpath", "-mod=mod", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
