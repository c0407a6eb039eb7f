package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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

func TestWithASecretNoOutputHasAnAddress(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("mail.log", []byte(log+"Nov 25 10:00:02 mx anna: nonsense of 192.0.2.1\n"), 0o600))
	require.NoError(t, os.WriteFile("else.log", []byte("anna: nonsense of 192.0.2.1\n"), 0o600))
	require.NoError(t, os.WriteFile("secret", []byte("sixteen bytes, and more"), 0o600))
	for _, args := range [][]string{{"-json", "mail.log"}, {"mail.log"}, {"-html", "mail.log"}, {"-state", "state", "mail.log"}, {"-state", "other", "else.log"}, {"else.log"}, {"-compat", "pflogsumm", "mail.log"}} {
		_, stdout, stderr := clitest.Run(t, run, append([]string{"-rows", "-1", "-pseudonyms", "secret"}, args...)...)
		for _, name := range []string{"anna", "192.0.2.1", "a@example.org", "x@example.net", "a.example.org"} {
			assert.NotContains(t, stdout+stderr, name, "%q", args)
		}
		assert.NotEmpty(t, stdout+stderr, "%q", args)
	}
	text, err := os.ReadFile("state/mailstats")
	require.NoError(t, err)
	kept := regexp.MustCompile(`"[A-Za-z0-9+/]+=*"`).ReplaceAllStringFunc(string(text), func(s string) string {
		raw, err := base64.StdEncoding.DecodeString(s[1 : len(s)-1])
		if err != nil {
			return s
		}
		return string(raw)
	})
	assert.Contains(t, kept, "@example.org")
	for _, name := range []string{"anna", "a@example.org", "x@example.net", "192.0.2.1"} {
		assert.NotContains(t, kept, name)
	}
}
