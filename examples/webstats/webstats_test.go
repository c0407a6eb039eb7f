package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
)

const log = `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 512 "-" "Mozilla/5.0 Firefox/115"
192.0.2.7 - - [25/Nov/2026:10:00:01 +0000] "GET /y HTTP/1.1" 404 10 "-" "Mozilla/5.0 Firefox/115"
garbage
`

func TestCommandLine(t *testing.T) { clitest.Frame(t, "webstats", run) }

func TestExamples(t *testing.T) {
	name := filepath.Join(t.TempDir(), "machine.txtar")
	require.NoError(t, os.WriteFile(name, []byte("A web server.\n-- machine now=2026-11-25T12:00:00Z --\n-- /var/log/nginx/access.log --\n"+log), 0o600))
	clitest.Examples(t, run, "-host", "replay:"+name)
}

func TestTotalsAreThoseOfTheLog(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("access.log", []byte(log), 0o600))
	require.NoError(t, os.WriteFile("else.log", []byte("Nov 25 10:00:00 mx sshd[1]: hello\n"), 0o600))
	for _, args := range [][]string{{"access.log", "-json"}, {"-compat", "goaccess", "-json", "access.log"}} {
		status, stdout, stderr := clitest.Run(t, run, args...)
		require.Zero(t, status, stderr)
		var got struct{ Totals map[string]any }
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		for key, want := range map[string]int{
			"total_requests": 3, "valid_requests": 2, "failed_requests": 1, "unique_visitors": 1, "unique_files": 1, "unique_not_found": 1, "bandwidth": 522,
		} {
			assert.EqualValues(t, want, got.Totals[key], "%q: %s", args, key)
		}
	}
	for _, args := range [][]string{{"missing.log"}, {"else.log"}, {"access.log", "-compat", "awstats"}, {"access.log", "-zone", "Nowhere"}} {
		status, stdout, stderr := clitest.Run(t, run, args...)
		assert.Equal(t, 3, status, "%q", args)
		assert.NotEmpty(t, stderr)
		assert.Empty(t, stdout)
	}
}
