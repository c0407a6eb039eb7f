package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/pgtest"
)

// With a database, a machine and its reviewers have one log, and the fleet one list.
func TestADatabaseHasTheReportsAndWhatPeopleDo(t *testing.T) {
	need.Long(t)
	server := pgtest.Start(t)
	m := newMachine(t)
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("database: "+server.Address()+"\ncustomer: harbor\n"), 0o600))
	agent := func(args ...string) (int, string) {
		code, out, errs := m.run(append([]string{"-config", config}, args...)...)
		return code, out + errs
	}
	m.run()
	code, out, errs := m.run("review", "ack", "all", "-by", "eve", "-until", "1d")
	require.Zero(t, code, out+errs)
	m.run()
	_, out = agent()
	assert.NotContains(t, out, "what people accepted and signed is not known", "what was done before there was a database is taken over")
	_, out = agent("review", "list")
	assert.Contains(t, out, "acknowledged by eve")
	require.NoError(t, os.Remove(filepath.Join(m.folder(), logName)))
	code, out = agent("review", "ack", "logwatch.logs.unexplained", "-by", "ann", "-until", "14d")
	require.Zero(t, code, out)
	assert.NoFileExists(t, filepath.Join(m.folder(), logName), "there is one log")
	_, out = agent()
	assert.Contains(t, out, "since then ann acknowledged 1 finding")

	_, out = agent("digest", "of", "harbor", server.Address())
	assert.Contains(t, out, "testhost")
	_, out = agent("digest", "of", "marina", server.Address())
	assert.NotContains(t, out, "testhost", "another's")
	code, out = agent("digest", "sign", "harbor", server.Address(), "-by", "bob")
	require.Zero(t, code, out)
	assert.Contains(t, out, "bob signed report 4")
	_, out = agent("review", "list")
	assert.Contains(t, out, "signed last by bob", "the machine knows who signed from the list")
	_, out = agent("digest", "ledger", "harbor", server.Address())
	assert.Contains(t, out, "1 of 1 signed by bob")

	server.Kill()
	code, out = agent()
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, out, "what people accepted and signed is not known, so all is told")
	assert.Contains(t, out, "odd thing")
	assert.NotContains(t, out, "nobody has signed since")
	server.Run()
	_, out = agent()
	assert.Contains(t, out, "since bob signed")
	_, out = agent("digest", "of", "harbor", server.Address())
	assert.Contains(t, out, "testhost")
	kept, err := filepath.Glob(filepath.Join(m.folder(), "undelivered", "database", "*.report"))
	require.NoError(t, err)
	assert.Empty(t, kept, "the report that it missed is there as well")
}
