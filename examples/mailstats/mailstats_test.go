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

const log = `Nov 25 10:00:00 mx postfix/smtpd[1]: 4CA1B2: client=a.example.org[192.0.2.1]
Nov 25 10:00:00 mx postfix/qmgr[1]: 4CA1B2: from=<a@example.org>, size=100, nrcpt=1 (queue active)
Nov 25 10:00:01 mx postfix/smtp[1]: 4CA1B2: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (250 ok)
Nov 25 10:00:01 mx postfix/qmgr[1]: 4CA1B2: removed
`

func TestCommandLine(t *testing.T) {
	clitest.Frame(t, "mailstats", run)
}

func TestExamples(t *testing.T) {
	name := filepath.Join(t.TempDir(), "machine.txtar")
	require.NoError(t, os.WriteFile(name, []byte("A mail server.\n-- machine now=2026-11-25T12:00:00Z --\n-- /var/log/mail.log.1 --\n"+log+"-- /var/log/mail.log --\n"+log), 0o600))
	clitest.Examples(t, run, "-host", "replay:"+name)
}

func TestTotalsAreThoseOfTheLog(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("mail.log", []byte(log), 0o600))
	require.NoError(t, os.WriteFile("else.log", []byte("Nov 25 10:00:00 mx sshd[1]: hello\n"), 0o600))
	for _, args := range [][]string{{"mail.log", "-json"}, {"-compat", "pflogsumm", "-json", "mail.log"}} {
		status, stdout, stderr := clitest.Run(t, run, args...)
		require.Zero(t, status, stderr)
		var got struct{ Totals map[string]any }
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		for key, want := range map[string]int{
			"received": 1, "delivered": 1, "forwarded": 0, "deferred": 0, "deferrals": 0, "bounced": 0, "rejected": 0, "held": 0, "discarded": 0,
			"bytes_received": 100, "bytes_delivered": 100, "senders": 1, "recipients": 1,
		} {
			assert.EqualValues(t, want, got.Totals[key], "%q: %s", args, key)
		}
	}
	for _, args := range [][]string{{"missing.log"}, {"else.log"}, {"mail.log", "-compat", "eximstats"}, {"mail.log", "-zone", "Nowhere"}} {
		status, _, stderr := clitest.Run(t, run, args...)
		assert.Equal(t, 3, status, "%q", args)
		assert.NotEmpty(t, stderr)
	}
}
