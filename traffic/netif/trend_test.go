package netif_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

func TestADayThatIsUnusualIsTold(t *testing.T) {
	const mb = 1_000_000
	var store reporttest.Store
	at, counter := start, 0
	day := func(bytes int) []string {
		at, counter = at.Add(24*time.Hour), counter+bytes
		var rules []string
		for _, f := range run(t, &store, machine(at, counter, 0, 0, "a")).Findings {
			rules = append(rules, f.Rule)
			t.Log(f.Title, f.Detail)
		}
		return rules
	}
	run(t, &store, machine(start, 0, 0, 0, "a"))
	for range 8 {
		require.Empty(t, day(500*mb))
	}
	assert.Equal(t, []string{"traffic.netif.volume-surge"}, day(9000*mb))
	assert.Empty(t, day(480*mb))
	res := run(t, &store, machine(at.Add(time.Hour), counter, 0, 0, "a"))
	forecast := map[string]float64{}
	for _, m := range res.Metrics {
		forecast[m.Name] = m.Value.Float()
	}
	assert.Greater(t, forecast["interface_month_forecast_bytes"], forecast["interface_month_so_far_bytes"])
	assert.Less(t, forecast["interface_month_forecast_bytes"], forecast["interface_month_forecast_high_bytes"])
	day(0)
	assert.Equal(t, []string{"traffic.netif.silent"}, day(0))
}

func TestASecondRunDrawsAlready(t *testing.T) {
	var store reporttest.Store
	require.Empty(t, run(t, &store, machine(start, 0, 0, 0, "a")).Series)
	require.Len(t, run(t, &store, machine(start.Add(time.Minute), 500, 0, 0, "a")).Series, 2)
}

func TestTheDaysOfAYearAreDrawn(t *testing.T) {
	var h netif.History
	for day := range 90 {
		h, _ = h.Advance(snapshot(start.Add(time.Duration(day)*24*time.Hour), "a", eth(2, uint64(day)*1000, 0)))
	}
	data, err := h.Encode()
	require.NoError(t, err)
	require.Less(t, len(data), 90*30+1600*30)
	h, err = netif.Decode(data)
	require.NoError(t, err)
	assert.Len(t, h.Lines[0].Days, 90)
	assert.LessOrEqual(t, len(h.Lines[0].Hours), 64*24+1)
	assert.GreaterOrEqual(t, len(h.Lines[0].Hours), 63*24)
}
