package traffictest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/traffictest"
)

func TestMaillogFindsWhatTrulyHappened(t *testing.T) {
	eve := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)
	for seed := range uint64(6) {
		log := traffictest.NewMailLog(seed, eve)
		log.ISO = seed%2 == 1
		text := log.Messages(1500).String()
		parser := syslog.Parser{Reference: log.End()}
		whole := maillog.New(maillog.Options{})
		reading, err := traffic.ReadFrom(t.Context(), strings.NewReader(text), parser, whole)
		require.NoError(t, err)
		assert.Zero(t, reading.Unknown)
		got := whole.Totals()
		assert.Equal(t, maillog.Counts{
			Received: log.Received, Delivered: log.Delivered, Forwarded: log.Forwarded, Passed: log.Passed, Deferred: log.Deferred, Deferrals: log.Deferrals,
			Bounced: log.Bounced, Rejected: log.Rejected, Notices: log.Notices, BytesReceived: log.BytesReceived, BytesDelivered: log.BytesDelivered,
		}, got.Counts, "seed %d", seed)
		assert.EqualValues(t, log.Open, whole.Report(1, nil).Open)
		assert.False(t, got.Approximate)
		for sender, n := range log.Sent {
			assert.Equal(t, n, whole.Senders.Get(sender).Count, sender)
		}
		for recipient, n := range log.Got {
			assert.Equal(t, n, whole.Recipients.Get(recipient).Count, recipient)
		}
		first, last := whole.Span()
		assert.Equal(t, 2026, first.Year())
		assert.Equal(t, log.End().Truncate(time.Second), last)
	}
}
