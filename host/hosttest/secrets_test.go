package hosttest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestARecordHasNoSecretsUnlessAsked(t *testing.T) {
	const secret = "hunter2hunter2"
	m := hosttest.New("-- / dir --\n-- /etc/ dir complete --\n-- $ [\"env\"] --\nDB_PASSWORD=" + secret + "\n")
	for _, name := range []string{
		"/etc/shadow", "/etc/shadow-", "/etc/master.passwd", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssl/private/mail.pem", "/etc/wireguard/wg0.conf",
		"/root/.my.cnf", "/root/.ssh/id_ed25519",
	} {
		require.NoError(t, m.WriteFile(name, []byte(secret+"\n"), 0o600))
	}
	require.NoError(t, m.WriteFile("/etc/app.conf", []byte("port = 25\npassword = "+secret+"\n"), 0o600))
	spec := hosttest.Spec{Paths: []string{
		"/etc/shadow", "/etc/shadow-", "/etc/master.passwd", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssl/private/mail.pem", "/etc/wireguard/wg0.conf",
		"/root/.my.cnf", "/root/.ssh/id_ed25519", "/etc/app.conf",
	}, Commands: [][]string{{"env"}}}
	text, err := hosttest.Record(t.Context(), m.Host(), spec)
	require.NoError(t, err)
	assert.NotContains(t, string(text), secret)
	assert.Contains(t, string(text), "port = 25", "what is no secret stays")
	assert.Contains(t, string(text), "-- /etc/shadow stat", "that the file is there is told")
	_, err = hosttest.Parse(text)
	require.NoError(t, err)

	spec.Filter = func(_ string, content []byte) ([]byte, bool) { return content, true }
	text, err = hosttest.Record(t.Context(), m.Host(), spec)
	require.NoError(t, err)
	assert.Equal(t, 10, strings.Count(string(text), secret))
}
