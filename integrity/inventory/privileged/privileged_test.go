package privileged_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/privileged"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestAProgramWithRightsOfAnotherIsToldWhereverItIs(t *testing.T) {
	root := t.TempDir()
	program := func(name string, mode os.FileMode, text string) {
		full := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o755))
		require.NoError(t, os.Chmod(full, mode))
	}
	program("opt/old", 0o755|os.ModeSetuid, "old")
	program("opt/plain", 0o755, "plain")
	told := func(path string) bool { return path == "/usr/bin/find" }
	c := inventory.Check{Question: privileged.Programs{Host: host.Root(root), Told: told}, Dir: t.TempDir()}
	assert.Empty(t, integritytest.Collect(t, c).Findings)

	program("var/tmp/.x", 0o755|os.ModeSetgid, "x")
	program("usr/bin/find", 0o755|os.ModeSetuid, "told elsewhere")
	program("opt/old", 0o755|os.ModeSetuid, "new")
	program("opt/data", 0o644|os.ModeSetuid, "nobody runs it")
	res := integritytest.Collect(t, c)
	require.Len(t, res.Findings, 2)
	assert.Equal(t, "integrity.privileged.changed", res.Findings[0].Rule)
	assert.Equal(t, report.Path.Of("/var/tmp/.x"), res.Findings[1].Subject)
	assert.Contains(t, res.Findings[1].Title, "is new or has new rights: it runs with the rights of group")

	done, err := c.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	assert.Len(t, done, 2)
	assert.Empty(t, integritytest.Collect(t, c).Findings)
	require.NoError(t, os.Chmod(filepath.Join(root, "opt/old"), 0o755))
	assert.Len(t, integritytest.Collect(t, c).Findings, 1)
}
