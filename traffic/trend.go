package traffic

import (
	"math"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Hours is a time line of amounts, an hour each. What nobody observed is NaN.
type Hours struct {
	First  int64 // hours since 1970
	Values []float64
}

// HourOf is the hour since 1970 in which t lies.
func HourOf(t time.Time) int64 {
	s := t.Unix()
	if s < 0 {
		s -= 3599
	}
	return s / 3600
}

// At gives the amount of an hour; NaN where it is not known.
func (h Hours) At(hour int64) float64 {
	if i := hour - h.First; i >= 0 && i < int64(len(h.Values)) {
		return h.Values[i]
	}
	return math.NaN()
}

// Sum adds up the hours from first to before last; ok is false where one of
// them is not known.
func (h Hours) Sum(first, last int64) (sum float64, ok bool) {
	for hour := first; hour < last; hour++ {
		sum += h.At(hour)
	}
	return sum, !math.IsNaN(sum) && last > first
}

// A Usual is what is usual for a time: the median of the same times before, and
// how far these lie from it: their median absolute deviation, scaled to that of
// a normal distribution.
type Usual struct {
	Median, Deviation float64
	Times             int // that were looked at; zero: there is not enough history
	Weekly            bool
}

// Basis says in words what the median is of.
func (u Usual) Basis() string {
	if u.Weekly {
		return "the same hours of " + prose.Count(u.Times, "week")
	}
	return "the same hours of " + prose.Count(u.Times, "day")
}

const (
	hoursOfWeek = 7 * 24
	maxWeeks    = 8
	leastWeeks  = 4
	leastDays   = 7
)

// Usual tells what is usual for the hours from first to before last, at most a
// week: the same hours of the four to eight weeks before or, where that is not
// known yet, of the seven to 28 days before.
func (h Hours) Usual(first, last int64) Usual {
	u := usual(h.before(first, last, hoursOfWeek, maxWeeks), leastWeeks)
	if u.Weekly = u.Times > 0; u.Weekly || last-first > 24 {
		return u
	}
	return usual(h.before(first, last, 24, 4*7), leastDays)
}

// before gives the sums of the same hours before, where they are known.
func (h Hours) before(first, last, step int64, most int) (sums []float64) {
	for i := int64(1); i <= int64(most); i++ {
		if sum, ok := h.Sum(first-i*step, last-i*step); ok {
			sums = append(sums, sum)
		}
	}
	return sums
}

func usual(values []float64, least int) Usual {
	if len(values) < least {
		return Usual{}
	}
	u := Usual{Median: median(values), Times: len(values)}
	for i, v := range values {
		values[i] = math.Abs(v - u.Median)
	}
	u.Deviation = 1.4826 * median(values)
	return u
}

// median gives the middle of at least one value.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Verdict says how an amount compares with what is usual. The zero Verdict says
// that there is not enough history.
type Verdict uint8

// The verdicts.
const (
	NotKnown Verdict = iota
	Ordinary
	High
	Low
	Quiet // nothing at all, where there always was something
)

// beyond is how many deviations an amount lies from the median before it is
// unusual; and it is three times, or a third, of it as well.
const beyond, factor = 5, 3

// Judge compares an amount with what is usual. A difference below least is
// ordinary whatever was before.
func (u Usual) Judge(v, least float64) Verdict {
	far := max(beyond*u.Deviation, least)
	switch {
	case u.Times == 0 || math.IsNaN(v):
		return NotKnown
	case v > factor*u.Median && v-u.Median >= far:
		return High
	case v*factor < u.Median && u.Median-v >= far && v == 0:
		return Quiet
	case v*factor < u.Median && u.Median-v >= far:
		return Low
	}
	return Ordinary
}

// A Forecast is what a month will come to, if it goes on as it went.
type Forecast struct {
	SoFar           float64
	Total           float64
	Lowest, Highest float64 // of the total, in nine of ten cases
	Days            int     // whole days that it rests on; zero: there is not enough history
}

// Forecast looks ahead from now to the end of the month in a zone: what is left
// of it is as the whole days of the last four weeks were in the mean.
func (h Hours) Forecast(now time.Time, zone *time.Location) Forecast {
	now = now.In(zone)
	begin := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone)
	end := begin.AddDate(0, 1, 0)
	hour := HourOf(now)
	var days []float64
	for i := int64(1); i <= 28; i++ {
		if sum, ok := h.Sum(hour-24*i, hour-24*(i-1)); ok {
			days = append(days, sum)
		}
	}
	var f Forecast
	for at := HourOf(begin); at < hour; at++ {
		if v := h.At(at); !math.IsNaN(v) {
			f.SoFar += v
		}
	}
	if len(days) < leastDays {
		return f
	}
	mean, spread := meanOf(days)
	left := end.Sub(now).Hours() / 24
	f.Days, f.Total = len(days), f.SoFar+mean*left
	band := 1.645 * spread * math.Sqrt(left+left*left/float64(len(days)))
	f.Lowest, f.Highest = max(f.SoFar, f.Total-band), f.Total+band
	return f
}

func meanOf(values []float64) (mean, spread float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		spread += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(spread)
}

// RecordForecast records what a month will come to, and between what bounds, as
// metrics whose names begin with that of m. Without enough history there are none.
func RecordForecast(rec *report.Recorder, m report.Metric, f Forecast) {
	if f.Days == 0 {
		return
	}
	name := m.Name
	for _, v := range []struct {
		suffix string
		value  float64
	}{{"_so_far", f.SoFar}, {"_forecast", f.Total}, {"_forecast_low", f.Lowest}, {"_forecast_high", f.Highest}} {
		m.Name, m.Value = name+v.suffix, report.Measure(math.Round(v.value))
		if m.Unit != "" {
			m.Name += "_" + m.Unit
		}
		rec.Metric(m)
	}
}

// A Change compares the last whole hours with as many some time before.
type Change struct {
	Span        time.Duration
	Now, Before float64 // NaN: not known
}

// Changes compares the last day with the same day a week before, the last week
// with the one before, and the last four weeks with the four before.
func (h Hours) Changes(now time.Time) (out [3]Change) {
	end := HourOf(now)
	for i, c := range [len(out)][2]int64{{24, hoursOfWeek}, {hoursOfWeek, hoursOfWeek}, {4 * hoursOfWeek, 4 * hoursOfWeek}} {
		out[i].Span = time.Duration(c[0]) * time.Hour
		out[i].Now, _ = h.Sum(end-c[0], end)
		out[i].Before, _ = h.Sum(end-c[0]-c[1], end-c[1])
	}
	return out
}

// RecordChanges records by what part of it the last day, week and four weeks are more
// than those before, as metrics whose names begin with that of m. What is not known,
// or was nothing, is none.
func RecordChanges(rec *report.Recorder, m report.Metric, changes [3]Change) {
	name := m.Name
	for i, c := range changes {
		if c.Before > 0 && c.Now >= 0 {
			m.Name, m.Unit = name+[...]string{"_day", "_week", "_month"}[i]+"_change_ratio", "ratio"
			m.Value = report.Measure(math.Round(1000*(c.Now/c.Before-1)) / 1000)
			rec.Metric(m)
		}
	}
}

// Peak finds the busiest of the last 24 whole hours, where it is busier than all
// hours of at least four weeks before, by a tenth; before is the busiest of these.
func (h Hours) Peak(now time.Time) (at int64, v, before float64, ok bool) {
	end, known := HourOf(now), 0
	for hour := h.First; hour < end; hour++ {
		switch n := h.At(hour); {
		case math.IsNaN(n):
		case hour < end-24:
			known++
			before = max(before, n)
		case n > v:
			at, v = hour, n
		}
	}
	return at, v, before, known >= 4*hoursOfWeek && v > 1.1*before
}

// drawn is how many hours a report shows: 35 days.
const drawn = 35 * 24

// RecordHours records a time line, whose name, unit and attributes s has.
func RecordHours(rec *report.Recorder, s report.Series, h Hours) {
	if skip := len(h.Values) - drawn; skip > 0 {
		h = Hours{h.First + int64(skip), h.Values[skip:]}
	}
	if len(h.Values) == 0 {
		return
	}
	s.Start, s.Step = time.Unix(h.First*3600, 0).UTC(), time.Hour
	s.Values = make([]report.Number, len(h.Values))
	for i, v := range h.Values {
		if v == math.Trunc(v) && v >= 0 && v < 1<<53 {
			s.Values[i] = report.Count(uint64(v))
		} else {
			s.Values[i] = report.Measure(v)
		}
	}
	rec.Series(s)
}
