package traffictest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/traffictest"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

func TestWeblogFindsWhatTrulyWasAsked(t *testing.T) {
	for seed := range uint64(6) {
		log := traffictest.NewWebLog(seed, time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC)).Lines(3000)
		s := weblog.New(weblog.Options{})
		reading, err := traffic.ReadFrom(t.Context(), strings.NewReader(log.String()), syslog.Parser{}, s)
		require.NoError(t, err)
		got := s.Totals()
		assert.EqualValues(t, log.Failed, reading.Unknown)
		assert.Equal(t, []int64{log.Requests, log.Failed, log.Bytes, log.Visitors}, []int64{got.ValidRequests, got.FailedRequests, got.Bandwidth, got.UniqueVisitors}, "seed %d", seed)
		assert.Greater(t, len(s.Days), 1)
		for status, n := range log.Statuses {
			assert.Equal(t, n, s.Statuses[status].Requests)
		}
		var missing int64
		for page, n := range log.Pages {
			plain, err := url.PathUnescape(page)
			require.NoError(t, err)
			key := plain + "\x00GET\x00HTTP/1.1"
			assert.Equal(t, n, s.Requests.Get(key).Count+s.Static.Get(key).Count+s.NotFound.Get(key).Count, page)
			missing += s.NotFound.Get(key).Count
		}
		assert.Equal(t, log.NotFound, missing)
	}
}
