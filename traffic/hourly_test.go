package traffic

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAWrongClockMakesNoYearWithoutAnything(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	hour := HourOf(now)
	for name, read := range map[string]map[int64][]int64{
		"long ago":  {0: {1}, hour - 30: {7}, hour - 3: {5}},
		"far ahead": {hour + 99_999: {1}, hour - 30: {7}, hour - 3: {5}},
	} {
		h := Hourly{}.Add(read, now)
		line := h.Line(now, func(n []int64) int64 { return n[0] })
		assert.Equal(t, hour-29, line.First, name)
		assert.InDelta(t, 5, line.At(hour-3), 0, name)
		assert.InDelta(t, 0, line.At(hour-5), 0, name)
		assert.True(t, math.IsNaN(line.At(hour-31)), "%s: nobody knows what was before", name)
		assert.Equal(t, Usual{}, line.Usual(hour-24, hour), name)
	}
	h := Hourly{}.Add(nil, now)
	assert.Equal(t, hour+1, h.Since)
	assert.Empty(t, h.Line(now, func(n []int64) int64 { return n[0] }).Values)
}

func TestAPictureShowsTheLastHoursThatAreNotOfAWrongClock(t *testing.T) {
	one := func(n int) int64 { return int64(n) }
	hours := map[int64]int{}
	assert.Zero(t, HoursOf(hours, one))
	for hour := range 2000 {
		hours[400_000+int64(hour)] = hour
	}
	got := HoursOf(hours, one)
	assert.EqualValues(t, 401_999-drawn+1, got.First)
	assert.InDelta(t, 1999, got.At(401_999), 0)
	hours[900_000], hours[7] = 1, 1
	assert.Equal(t, got, HoursOf(hours, one), "neither ahead nor back")
	assert.Equal(t, Hours{7, []float64{1}}, HoursOf(map[int64]int{7: 1}, one))
}

func TestHoursThatAreTooManyAreFoldedTheOldestFirst(t *testing.T) {
	sums, folded := map[int]int{}, 0
	for key := range 1000 {
		sums[key*7%1000] += key
		Fold(sums, 80, func(_, n int) { folded += n }, key*7%1000)
		assert.Contains(t, sums, key*7%1000, "what is counted now stays")
		assert.LessOrEqual(t, len(sums), 81)
	}
	for _, n := range sums {
		folded += n
	}
	assert.Equal(t, 999*500, folded, "nothing is lost")
}

func TestAMonthIsDrawnByAsManyPointsAsAreToldApart(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	hours := map[int64]int64{}
	begin := time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC) // midnight there
	for i := range int64(60 * 24) {
		hours[HourOf(begin)+i] = 1 + i/24
	}
	value := func(n int64) int64 { return n }
	pictures := Draw("mail", "", zone, NamedLine{"all", HoursOf(hours, value)})
	require.Len(t, pictures, 2)
	assert.Equal(t, "mail, an hour of the last week", pictures[0].Heading())
	assert.Equal(t, "54 to 60, last 60", pictures[0].Words())
	assert.Equal(t, "mail, six hours", pictures[1].Heading())
	assert.Equal(t, "156 to 360, last 360", pictures[1].Words())
	year := Year("mail", "", zone, hours, value)
	require.Len(t, year, 1)
	// October has a day of 25 hours, so that a day of ours begins an hour earlier behind it.
	assert.Equal(t, "24 on 1 Oct 2026 is the least, 1,417 on 28 Nov 2026 the most", year[0].Words())
	few := map[int64]int64{}
	for i := range int64(100) {
		few[HourOf(begin)+i] = 3
	}
	require.Len(t, Draw("mail", "", zone, NamedLine{"all", HoursOf(few, value)}), 1)
	assert.Empty(t, Year("mail", "", zone, few, value))
}
