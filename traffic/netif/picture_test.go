package netif_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

func TestAnInterfaceIsDrawnByDayWeekMonthAndYear(t *testing.T) {
	var a netif.Archive
	for hour := range 24 * 70 {
		if hour%100 != 7 { // a step that is missed is spread
			a.Advance(snapshot(start.Add(time.Duration(hour)*time.Hour), "a", eth(2, uint64(hour)<<20, uint64(hour)<<10)))
		}
	}
	i := a.Interfaces["eth0"]
	pictures := i.Pictures(time.UTC)
	require.Len(t, pictures, 4)
	assert.Contains(t, pictures[0].Words(), "received 291 B/s")
	assert.Contains(t, pictures[0].Words(), "95th percentile 291 B/s")
	assert.Contains(t, pictures[1].Words(), "received 1 MiB to 1 MiB")
	assert.Contains(t, pictures[2].SVG(), "31 Jan")
	assert.Contains(t, pictures[3].Words(), "24 MiB on ")
	assert.NotContains(t, pictures[1].Words(), "missing")
	f := i.Amounts().Forecast(i.Updated, time.UTC)
	assert.Equal(t, 28, f.Days)
	assert.InEpsilon(t, 28*24*float64(1<<20+1<<10), f.Total, 0.01, "of February")
	var page strings.Builder
	require.NoError(t, traffic.WritePage(&page, "<x>", "a\n<b>", pictures...))
	assert.Equal(t, 4, strings.Count(page.String(), "<svg"))
	assert.Contains(t, page.String(), "a\n&lt;b&gt;")
	assert.NotContains(t, page.String(), "<x>")
}
