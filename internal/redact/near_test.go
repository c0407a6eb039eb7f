package redact

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/redact/redacttest"
)

// words are what the patterns are made of, and what stands between.
var words = []string{
	"\n", "\n", "\n", "\n\n", "\r\n", "\n  ", " ", "  ", "\t", "=", ": ", ":", "=>", "\"", "'", "\\\"", ",", ";", "&", "|", "<", ">", "@", "/", "://", "-p ", "-u", " --",
	"password", "Passwd", "PASS", "pwd", "secret", "access_key", "token", "api-key", "key", "psk", "name", "value", "Authorization", "Basic", "bearer", "Cookie", "a=b",
	"curl", "mysql", "mysqldump", "mariadb", "sshpass", "ldapsearch", "-w", "docker", "login", "echo a:b", "sudo", "chpasswd", "redis-cli", "-a", "community", "auth",
	"hunter22", "correct-horse", "x", "0", "1234567890abcdef1234", "http", "root", "«secret:12345678»", "$6$", "AKIAABCDEFGHIJKLMNOP", "{SSHA}", "ſ", "K", "é",
	"-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEA7bq", "eyJhbGciOi.eyJzdWIiOi.c2ln",
}

// Where a pattern is looked for only near its hints, it finds what it finds in all
// of a text.
func TestNothingIsFoundFartherFromAHint(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 1500 {
		var text strings.Builder
		text.WriteString("x\n" + redacttest.Text(r, patterns[n%len(patterns)].RE))
		for range r.IntN(40) {
			text.WriteString(words[r.IntN(len(words))])
		}
		s := text.String()
		for _, p := range patterns {
			want := p.RE.FindAllStringSubmatchIndex(s, -1)
			require.Equal(t, want, p.All(In(s)), "%v in %q", p.Hints, s)
		}
	}
}

// Nobody makes it slow by the hints of a text. What is measured is the processor's
// time, which is about the same beside others.
func TestTextsFullOfHintsTakeTimeInProportion(t *testing.T) {
	for _, text := range []string{"secret ", "secret\n", "key", "token\n\n", "\n", "a\nbearer\n\n\n\n", "value name: "} {
		r := New(nil)
		took := func(n int) time.Duration {
			s := strings.Repeat(text, n/len(text))
			began := used(t)
			r.Text(s)
			return used(t) - began
		}
		small := took(16 << 10)
		assert.Less(t, took(256<<10), 100*small+time.Second, "%q", text)
	}
}

// used is the processor's time that this process had.
func used(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
