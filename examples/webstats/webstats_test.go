package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
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

func TestAFormatOfTheConfigurationIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("odd.log", []byte("404|192.0.2.7|[25/Nov/2026:10:00:00 +0000]|GET /x HTTP/1.1|512\n"), 0o600))
	status, stdout, stderr := clitest.Run(t, run, "-format", "%>s|%h|%t|%r|%b", "-json", "odd.log")
	assert.Zero(t, status, stderr)
	assert.Contains(t, stdout, `"formats":[{"key":"custom","count":1,"bytes":512}]`)
	status, _, stderr = clitest.Run(t, run, "-format", "combined", "odd.log")
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "LogFormat")
}

func TestPackedLogsAreRead(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("access.log", []byte(strings.Repeat(log, 3000)), 0o600))
	_, want, _ := clitest.Run(t, run, "-json", "access.log")
	for _, tool := range []string{"gzip", "bzip2", "xz", "zstd"} {
		packed, err := exec.Command(need.Program(t, tool), "-c", "access.log").Output()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("packed", packed, 0o600))
		status, got, stderr := clitest.Run(t, run, "-json", "packed")
		assert.Zero(t, status, "%s: %s", tool, stderr)
		assert.Equal(t, want, got, tool)
		require.NoError(t, os.WriteFile("packed", packed[:len(packed)-9], 0o600))
		status, _, stderr = clitest.Run(t, run, "-json", "packed")
		assert.Equal(t, 3, status, "%s, cut off", tool)
		assert.Contains(t, stderr, "packed", tool)
	}
}

func TestRunsAddUp(t *testing.T) {
	t.Chdir(t.TempDir())
	for range 3 {
		f, err := os.OpenFile("access.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.WriteString(log)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		_, want, _ := clitest.Run(t, run, "-json", "access.log")
		status, got, stderr := clitest.Run(t, run, "-json", "-state", "state", "access.log")
		assert.Zero(t, status, stderr)
		assert.JSONEq(t, want, got)
	}
}

func TestWithASecretNoOutputHasAnAddress(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("access.log", []byte(log), 0o600))
	require.NoError(t, os.WriteFile("else.log", []byte("192.0.2.7: nonsense\n"), 0o600))
	require.NoError(t, os.WriteFile("secret", []byte("sixteen bytes, and more"), 0o600))
	for _, args := range [][]string{{"-json", "access.log"}, {"access.log"}, {"-html", "access.log"}, {"-state", "state", "access.log"}, {"else.log"}, {"-compat", "goaccess", "-json", "access.log"}} {
		_, stdout, stderr := clitest.Run(t, run, append([]string{"-rows", "-1", "-pseudonyms", "secret"}, args...)...)
		assert.NotContains(t, stdout+stderr, "192.0.2.7", "%q", args)
		assert.NotEmpty(t, stdout+stderr, "%q", args)
	}
}
