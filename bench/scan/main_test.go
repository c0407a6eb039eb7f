package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheExitStatusTellsDifferencesFromErrors(t *testing.T) {
	tree, base := t.TempDir(), filepath.Join(t.TempDir(), "b")
	require.NoError(t, os.WriteFile(tree+"/f", []byte("x"), 0o644))
	try := func(args ...string) (int, string) {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, &stdout, &stderr)
		return code, stdout.String() + stderr.String()
	}
	code, out := try("init", base, tree)
	assert.Zero(t, code)
	assert.Equal(t, "2 entries, 1 bytes read\n", out)
	code, _ = try("check", base, tree)
	assert.Zero(t, code)
	require.NoError(t, os.WriteFile(tree+"/f", []byte("y"), 0o644))
	code, out = try("check", base, tree)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "1 differences")
	code, _ = try("init", base, tree)
	assert.Equal(t, 2, code, "an existing baseline stays")
	code, _ = try("check", base+"-none", tree)
	assert.Equal(t, 2, code)
	code, _ = try("check", base)
	assert.Equal(t, 2, code)
}
