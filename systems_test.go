package upkeep_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// The table of systems is made of the host images that pass, and of nothing else.
func TestTableOfSystemsIsMadeFromTheImages(t *testing.T) {
	files, err := filepath.Glob("testdata/hosts/*.txtar")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 15)
	var b strings.Builder
	b.WriteString("# Systems\n\nMade from the host images in `testdata/hosts` by a test. An image says for each of its parts whether it was\n" +
		"recorded live or written after documentation. Listed is what is identified; on every system the agent reports what\n" +
		"it cannot tell as not looked at.\n\n" +
		"| system | identified as | evidence |\n|---|---|---|\n")
	for _, file := range files {
		b.WriteString(systemRow(t, file))
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile("SYSTEMS.md", []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile("SYSTEMS.md")
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func systemRow(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	m, err := hosttest.Parse(data)
	require.NoError(t, err, file)
	system, err := facts.Identify(context.Background(), m.Host())
	require.NoError(t, err, file)
	name := strings.TrimSpace(system.ID + " " + system.Version)
	return fmt.Sprintf("| %s | %s, %s on %s | %s |\n", system.Pretty, name, system.Kernel, system.Arch, evidence(t, m, file))
}

// evidence is what the image says of its parts, each word once.
func evidence(t *testing.T, m *hosttest.Machine, file string) string {
	t.Helper()
	var words []string
	for _, s := range m.Sources() {
		if !slices.Contains(words, s.Evidence) {
			words = append(words, s.Evidence)
		}
	}
	require.NotEmpty(t, words, "%s does not say where it comes from", file)
	return strings.Join(words, ", ")
}
