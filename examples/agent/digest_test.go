package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
)

func TestADigestIsMadeOfTheReportsOfFolders(t *testing.T) {
	m := newMachine(t)
	_, _, _ = m.run()
	code, out, errs := clitest.Run(t, run, "digest", m.state)
	assert.NotEqual(t, exitQuiet, code, errs)
	assert.Contains(t, out, "1 host: ")
	code, out, _ = clitest.Run(t, run, "digest", t.TempDir())
	assert.Equal(t, exitUnknown, code)
	assert.Equal(t, "no host has reported\n", out)
}

func TestADigestFindsTheReportsInAStateDirectory(t *testing.T) {
	m := newMachine(t)
	m.run()
	_, out, errs := m.run("digest", m.state)
	assert.Empty(t, errs)
	assert.Contains(t, out, "testhost")
	_, out, _ = m.run("digest", "-json", m.state)
	assert.True(t, json.Valid([]byte(out)))
}
