package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// The agent's own backup can lie on another machine. Here ssh is a program that
// begins OpenSSH's own server of SFTP, and then one that reaches nobody.
func TestTheBackupOfTheAgentIsKeptElsewhere(t *testing.T) {
	server := need.Program(t, "sftp-server")
	root, state, store, bin := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "web"), t.TempDir()
	ssh := func(script string) {
		require.NoError(t, os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	edit := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, "etc/app.conf"), []byte(text), 0o644))
	}
	require.NoError(t, os.Mkdir(filepath.Join(root, "etc"), 0o755))
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("backup:\n  store: sftp://keeper@backup.example"+store+"\n"), 0o600))
	agent := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := run(t.Context(), append([]string{"-config", config, "-host", "root:" + root, "-state", state}, args...), &out, &out)
		return code, out.String()
	}
	snapshots := func(want int) {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(store, "snaps", "*"))
		require.NoError(t, err)
		assert.Len(t, names, want)
	}

	ssh("exec " + server)
	edit("color = red\n")
	_, out := agent()
	assert.NotContains(t, out, "backup.config: ")
	snapshots(1)
	edit("color = blue\n")
	_, out = agent()
	assert.NotContains(t, out, "backup.config: ")
	snapshots(2)
	local, err := filepath.Glob(filepath.Join(state, "*", "backup", "*"))
	require.NoError(t, err)
	assert.Empty(t, local, "it has one place")
	edit("color = green\n")
	texts, err := filepath.Glob(filepath.Join(state, "*", "backup-texts*"))
	require.NoError(t, err)
	require.NotEmpty(t, texts)
	for _, kept := range texts {
		require.NoError(t, os.Remove(kept))
	}
	code, out := agent("diff", "/etc/app.conf")
	assert.Zero(t, code, out)
	assert.Contains(t, out, "-color = blue\n+color = green\n", "it is read from there")

	ssh("echo 'keeper@backup.example: Permission denied (publickey).' >&2; exit 255")
	code, out = agent()
	assert.Equal(t, 3, code)
	assert.Contains(t, strings.Join(strings.Fields(out), " "), "Permission denied (publickey)")
	assert.NotContains(t, out, "lost its newest")
	ssh("exec " + server)
	_, out = agent()
	assert.NotContains(t, out, "backup.config: ")
	snapshots(3)
}
