package traffic

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// weeks is a time line of n weeks that begins on a Monday: busy by day, quiet by
// night and at the end of the week.
func weeks(n int) Hours {
	h := Hours{First: HourOf(time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC))}
	for i := range n * hoursOfWeek {
		v := 10.0
		if hour, day := i%24, i/24%7; hour >= 8 && hour < 18 && day < 5 {
			v = 1000 + float64(i*7919%50)
		}
		h.Values = append(h.Values, v)
	}
	return h
}

func TestAnHourIsComparedWithTheSameHourOfTheWeek(t *testing.T) {
	h := weeks(6)
	monday, sunday := h.First+5*hoursOfWeek+10, h.First+5*hoursOfWeek+6*24+10
	for name, c := range map[string]struct {
		hour int64
		v    float64
		want Verdict
	}{
		"a busy Monday":     {monday, 1100, Ordinary},
		"a busy Sunday":     {sunday, 1100, High},
		"a silent Monday":   {monday, 0, Quiet},
		"a slack Monday":    {monday, 200, Low},
		"a silent Sunday":   {sunday, 0, Ordinary}, // ten fewer is no difference
		"ten times as much": {monday, 10_000, High},
		"not known":         {monday, math.NaN(), NotKnown},
	} {
		u := h.Usual(c.hour, c.hour+1)
		assert.True(t, u.Weekly)
		assert.Equal(t, c.want, u.Judge(c.v, 50), name)
	}
}

func TestWithoutEnoughHistoryNobodyKnows(t *testing.T) {
	h := weeks(1)
	next := h.First + int64(len(h.Values))
	u := h.Usual(next, next+24)
	assert.Equal(t, 7, u.Times, "seven days are enough for a day")
	assert.False(t, u.Weekly)
	assert.Zero(t, h.Usual(next-1, next+23).Times)
	assert.Equal(t, NotKnown, Usual{}.Judge(1e9, 1))
	h.Values[3] = math.NaN()
	assert.Zero(t, h.Usual(next, next+24).Times, "a day that is not known whole is none")
}

func TestAForecastHasItsBand(t *testing.T) {
	h := weeks(6)
	now := time.Unix((h.First+int64(len(h.Values)))*3600, 0).UTC() // 19 October
	f := h.Forecast(now, time.UTC)
	var october float64
	for at := HourOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)); at < HourOf(now); at++ {
		october += h.At(at)
	}
	assert.InDelta(t, october, f.SoFar, 1e-6)
	assert.InEpsilon(t, october*31/18, f.Total, 0.1)
	assert.Less(t, f.Lowest, f.Total)
	assert.Greater(t, f.Highest, f.Total)
	assert.GreaterOrEqual(t, f.Lowest, f.SoFar)
	assert.Zero(t, Hours{}.Forecast(now, time.UTC).Days)
}

func TestSpansAreComparedWithThoseBefore(t *testing.T) {
	h := weeks(9)
	end := h.First + int64(len(h.Values))
	now := time.Unix(end*3600, 0).UTC()
	h.Values[len(h.Values)-1] += 5000
	for i, c := range h.Changes(now) {
		assert.InDelta(t, 5000, c.Now-c.Before, 2000, "%d", i)
	}
	assert.True(t, math.IsNaN(weeks(1).Changes(now)[0].Before))
	at, v, before, ok := h.Peak(now)
	assert.True(t, ok)
	assert.Equal(t, end-1, at)
	assert.Greater(t, v, 4*before)
	_, _, _, ok = weeks(9).Peak(now)
	assert.False(t, ok, "it is as busy as before")
}
