package capture_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestChangelistNamesWhatIsBackedUp(t *testing.T) {
	m := hosttest.New(small + "-- /etc/changelist --\n/etc/motd\n+/var/db/secret\n/var/yp/*.map\n\nrelative\n/etc/old~\n" +
		"-- /var/db/secret --\nx\n-- /var/yp/ dir complete --\n-- /var/yp/a.map --\na\n-- /var/yp/b --\nb\n")
	got := capture.Paths(t.Context(), m.Host())
	assert.Equal(t, []string{"/etc", "/etc/motd", "/var/db/secret", "/var/yp/a.map"}, got)
}

func TestQueryThatFailsKeepsWhatWasKnownAndCountersAreNoChange(t *testing.T) {
	m := hosttest.New(small)
	answer := func(text string, exit int) {
		m.SetCommand([]string{"iptables-save"}, host.Output{Stdout: []byte(text), Exit: exit}, nil)
	}
	r := repo(&backuptest.Memory{})
	var queries []commit.Query
	for _, q := range capture.Queries(t.Context(), m.Host()) {
		if q.Name == "firewall-iptables" {
			queries = append(queries, q)
		}
	}
	src := commit.Source{Host: m.Host(), Queries: queries}
	answer("# Generated on Sat\n:INPUT DROP [12:34]\n-A INPUT -j ACCEPT\n", 0)
	first, _, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	text, err := r.Text(t.Context(), first, "state:firewall-iptables", 1000)
	require.NoError(t, err)
	assert.Equal(t, ":INPUT DROP\n-A INPUT -j ACCEPT\n", string(text))

	answer("# Generated on Sun\n:INPUT DROP [99:99]\n-A INPUT -j ACCEPT\n", 0)
	same, changes, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Equal(t, first.Seq, same.Seq)
	assert.Empty(t, changes)

	answer("", 1)
	failed, changes, err := commit.Run(t.Context(), r, src)
	require.NoError(t, err)
	assert.Empty(t, changes, "a failed command is no empty rule set")
	require.Len(t, failed.Failed, 1)
	text, err = r.Text(t.Context(), failed, "state:firewall-iptables", 1000)
	require.NoError(t, err)
	assert.Equal(t, ":INPUT DROP\n-A INPUT -j ACCEPT\n", string(text))
}
