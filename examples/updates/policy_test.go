package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
)

const decisions = `conffiles: stop
windows: [Sat 02:00-05:00, "Mon-Fri 22:00-23:30"]
review: [sshd]
holds:
  - package: postgresql*
    reason: the migration to 17
    by: ann
    until: 2026-12-31
  - {package: linux-image*, reason: needs somebody at the console, by: ann}
`

func TestAFileHasWhatPeopleDecided(t *testing.T) {
	name := filepath.Join(t.TempDir(), "policy.yaml")
	require.NoError(t, os.WriteFile(name, []byte(decisions), 0o600))
	a := acting{policy: name}
	require.NoError(t, a.settle(cli.Call{}))
	assert.Equal(t, apply.StopAtConffiles, a.options.Conffiles)
	assert.Len(t, a.options.Windows, 2)
	assert.Equal(t, []apply.Hold{
		{Package: "openssh*", Reason: "packages of the class sshd are looked at one by one", By: "the policy"},
		{Package: "FreeBSD-ssh*", Reason: "packages of the class sshd are looked at one by one", By: "the policy"},
		{Package: "postgresql*", Reason: "the migration to 17", By: "ann", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local)},
		{Package: "linux-image*", Reason: "needs somebody at the console", By: "ann"},
	}, a.options.Holds)

	security := acting{policy: name, conffiles: "replace", options: apply.Options{Security: true}}
	require.NoError(t, security.settle(cli.Call{}))
	assert.Empty(t, security.options.Windows, "a fix waits for no window unless the policy says so")
	assert.Equal(t, apply.ReplaceConffiles, security.options.Conffiles, "a flag is nearer than a file")
	assert.Len(t, security.options.Holds, 4)
}

func TestAPolicyThatCannotBeReadPlansNothing(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"windows: [Sat 2-5]\n":                   "is no window",
		"holds: [{package: x, until: soon}]\n":   "until",
		"conffiles: guess\n":                     "keep, replace",
		"review: [kernels]\n":                    "is no class of packages",
		"window: [Sat 02:00-05:00]\n":            `did you mean "windows"`,
		"holds: [{package: x, by: y, why: z}]\n": "unknown field",
	} {
		name := filepath.Join(dir, "policy.yaml")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		status, stdout, stderr := clitest.Run(t, run, "plan", "-host", "root:"+dir, "-policy", name)
		assert.Equal(t, cli.Failed, status, text)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want)
	}
	status, _, stderr := clitest.Run(t, run, "plan", "-host", "root:"+dir, "-policy", filepath.Join(dir, "none"))
	assert.Equal(t, cli.Failed, status)
	assert.Contains(t, stderr, "none")
}
