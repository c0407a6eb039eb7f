package textdiff_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// runDiff3 merges with diff3 -E -m, by which a change of both sides is none; false: it finds a conflict.
func runDiff3(t *testing.T, program, ours, base, theirs string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	var args []string
	for i, text := range []string{ours, base, theirs} {
		name := filepath.Join(dir, string(rune('a'+i)))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		args = append(args, name)
	}
	out, err := exec.Command(program, append([]string{"-E", "-m"}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", false
	}
	require.NoError(t, err)
	return string(out), true
}
