package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A recorded machine stores as this one does, and runs no command.
func TestTheSelftestTellsEachTrialByItself(t *testing.T) {
	m := newMachine(t)
	code, out, errs := m.run("-selftest")
	assert.Equal(t, exitUnknown, code)
	assert.Empty(t, errs)
	assert.Contains(t, out, "FAILED\tcommands are run, bounded and ended\t")
	for _, well := range []string{"reports are stored whole or not at all", "what people do is kept in order", "backups are written once and never changed"} {
		assert.Contains(t, out, "ok\t"+well+"\n")
	}
	assert.NoDirExists(t, filepath.Join(m.folder(), "selftest"), "it leaves nothing behind")
}
