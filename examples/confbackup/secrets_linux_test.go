package main

import (
	"encoding/base64"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A planted system has secrets of every kind.
type planted struct {
	t                   *testing.T
	strace              string
	root, state, folder string // of the system, of what is remembered, for temporary files
	secrets             []string
}

func (p *planted) plant(secret string) {
	p.t.Helper()
	p.secrets = append(p.secrets, secret)
	for name, text := range backuptest.Secrets(secret) {
		name = filepath.Join(p.root, name)
		require.NoError(p.t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(p.t, os.WriteFile(name, []byte(text), 0o600))
	}
}

// do runs a verb under strace, and looks at all that it writes, sends and calls.
func (p *planted) do(status int, args ...string) {
	p.t.Helper()
	self, err := os.Executable()
	require.NoError(p.t, err)
	trace, verb := filepath.Join(p.t.TempDir(), "trace"), args[0]
	args = append([]string{"-f", "-qq", "-s", "9999999", "-o", trace, "-e", "trace=execve,write,writev,pwrite64,pwritev,sendto,sendmsg", "-e", "signal=none", self}, args...)
	cmd := exec.CommandContext(p.t.Context(), p.strace, append(args, "-host", "root:"+p.root, "-state", p.state)...)
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_SERVE=1", "TMPDIR="+p.folder)
	out, _ := cmd.CombinedOutput() // its status is looked at
	require.Equal(p.t, status, cmd.ProcessState.ExitCode(), "%q: %s", args, out)
	calls, err := os.ReadFile(trace)
	require.NoError(p.t, err)
	require.Contains(p.t, string(calls), "execve(")
	require.Contains(p.t, string(calls), "write(")
	p.clean("what "+verb+" says", out)
	p.clean("what "+verb+" writes and calls", calls)
	for _, dir := range []string{p.state, p.folder} {
		require.NoError(p.t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(name)
			p.clean(name, data)
			return err
		}))
	}
}

func (p *planted) clean(what string, data []byte) {
	p.t.Helper()
	for _, secret := range p.secrets {
		assert.False(p.t, strings.Contains(string(data), secret), "%s has the secret", what)
		for shift := range 3 {
			code := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			assert.False(p.t, strings.Contains(string(data), code[4:len(code)-4]), "%s has the secret in base64", what)
		}
	}
}

func TestSecretsStandInNoOutputNoTemporaryFileAndNoCommandLine(t *testing.T) {
	need.Long(t)
	strace := need.Program(t, "strace")
	need.That(t, "the right to trace", exec.Command(strace, "-qq", "-o", os.DevNull, "true").Run() == nil)
	p := &planted{t: t, strace: strace, root: t.TempDir(), state: t.TempDir(), folder: t.TempDir()}
	p.plant("Pl4nt3d-S3cret-0815")
	require.NoError(t, os.WriteFile(filepath.Join(p.root, "etc/hostname"), []byte("web1\n"), 0o600))
	p.do(0, "init")
	p.do(0, "run", "/etc", "/root")
	p.plant("0th3r-S3cret-4711x")
	p.do(0, "run", "/etc", "/root")
	p.do(0, "list", "-json")
	p.do(1, "diff")
	p.do(1, "diff", "-json")
	p.plant("Th1rd-S3cret-1234y")
	p.do(0, "run", "-json", "/etc", "/root")
	p.do(0, "restore", "-n", "-replace", "-to", p.root, "1")
	p.do(0, "restore", "-n", "-json", "-to", p.root, "2")
	p.do(0, "verify")
	p.do(0, "retain", "-n")
	p.do(0, "mend")
	p.do(3, "watch", filepath.Join(p.root, "etc"))
	assert.Len(t, p.secrets, 3)
}
