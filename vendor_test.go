package upkeep_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// importable are the packages that users can import.
func importable(t *testing.T) []pkg {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(packages(t)), func(p pkg) bool {
		return p.Name == "main" || strings.Contains("/"+p.short()+"/", "/internal/")
	})
}

// A user's module vendors us, offline, and builds: all packages at once. Each
// alone finds in its vendor folder all that it imports.
func TestPackagesCanBeVendored(t *testing.T) {
	need.Long(t)
	all := importable(t)
	t.Run("all", func(t *testing.T) { vendors(t, []string{"build", "-trimpath"}, all...) })
	for _, p := range all {
		t.Run(p.short(), func(t *testing.T) { t.Parallel(); vendors(t, []string{"list", "-deps"}, p) })
	}
}

// vendors makes a module that uses the packages, fills its vendor folder, and
// asks the go command about it. Vendoring wants the modules of every system in the
// module cache.
func vendors(t *testing.T, question []string, used ...pkg) {
	t.Helper()
	here, err := os.Getwd()
	require.NoError(t, err)
	gomod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	gosum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	goLine := regexp.MustCompile(`(?m)^go \S+$`).FindString(string(gomod))
	requires := regexp.MustCompile(`(?s)require \(.*?\n\)|require [^\n(]+`).FindAllString(string(gomod), -1)
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("go.mod", fmt.Sprintf("module example.org/user\n\n%s\n\n%s\n\nrequire %s v0.0.0\n\nreplace %s => %s\n",
		goLine, strings.Join(requires, "\n"), module, module, here))
	write("go.sum", string(gosum))
	user := "package user\n"
	for _, p := range used {
		user += fmt.Sprintf("\nimport _ %q", p.ImportPath)
	}
	write("user.go", user+"\n")
	_, err = goCommand(dir, "mod", "vendor")
	if missing := notInCache(err); missing != "" {
		need.That(t, "the module "+missing+" in the module cache (go mod download)", false)
	}
	require.NoError(t, err)
	_, err = goCommand(dir, append(question, "-mod=vendor", ".")...)
	require.NoError(t, err)
}

// notInCache names the module that the go command did not find in the module cache.
func notInCache(err error) string {
	if err == nil {
		return ""
	}
	found := regexp.MustCompile(`(\S+@v[^\s:]+): module lookup disabled by GOPROXY=off`).FindStringSubmatch(err.Error())
	if found == nil {
		return ""
	}
	return found[1]
}

// Who imports one package gets few modules: three behind a domain beside
// golang.org/x/sys, or exactly those that the law lists for an adapter.
func TestFewModulesComeWithAPackage(t *testing.T) {
	for _, p := range importable(t) {
		var third []string
		for _, dep := range p.Deps {
			if m := moduleOf(dep); m != "" && m != xsys && m != module {
				third = append(third, m)
			}
		}
		slices.Sort(third)
		third = slices.Compact(third)
		if exact, listed := behind[p.short()]; listed {
			assert.Equal(t, exact, third, "modules behind %s", p.short())
		} else if floors[folder(p.short())] == 2 {
			assert.LessOrEqual(t, len(third), 3, "modules behind %s: %v", p.short(), third)
		}
	}
}

// moduleOf gives the module of a third-party package as far as its path tells:
// the host and two names, and a version behind them.
func moduleOf(dep string) string {
	parts := strings.Split(dep, "/")
	if !strings.Contains(parts[0], ".") || strings.HasPrefix(dep, "vendor/") {
		return ""
	}
	n := min(3, len(parts))
	if strings.HasPrefix(dep, "filippo.io/") {
		n = min(2, len(parts))
	}
	if len(parts) > n && regexp.MustCompile(`^v\d+$`).MatchString(parts[n]) {
		n++
	}
	return strings.Join(parts[:n], "/")
}
