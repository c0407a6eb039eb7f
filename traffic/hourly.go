package traffic

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// keepHours is how many hours are remembered: nine weeks.
const keepHours = 9 * hoursOfWeek

// Hourly is what a check remembers of each hour: some numbers, whose meaning is
// the caller's, in a fixed order. It is kept as JSON.
type Hourly struct {
	// Since is the first hour that was read whole; zero: none was.
	Since int64     `json:"since"`
	Rows  []HourRow `json:"rows"` // ascending; an hour of which nothing was read is missing
}

// An HourRow is the numbers of one hour.
type HourRow struct {
	Hour int64   `json:"h"`
	N    []int64 `json:"n"`
}

// Valid reports whether h can have been made by Add with so many numbers.
func (h Hourly) Valid(numbers int) error {
	for i, row := range h.Rows {
		if len(row.N) != numbers {
			return errors.New("an hour has other numbers")
		}
		if i > 0 && row.Hour <= h.Rows[i-1].Hour {
			return errors.New("the hours are not in order")
		}
	}
	return nil
}

// Add adds what was read up to now, by hour. From the first hour on that was ever
// read an hour without anything had none.
func (h Hourly) Add(read map[int64][]int64, now time.Time) Hourly {
	byHour := map[int64][]int64{}
	for _, row := range h.Rows {
		byHour[row.Hour] = slices.Clone(row.N)
	}
	for hour, n := range read {
		if byHour[hour] == nil {
			byHour[hour] = make([]int64, len(n))
		}
		for i, v := range n {
			byHour[hour][i] += v
		}
	}
	out := Hourly{Since: h.Since}
	if out.Since == 0 {
		out.Since = firstOf(read, HourOf(now)) + 1
	}
	oldest, newest := HourOf(now)-keepHours, HourOf(now)+24
	for hour, n := range byHour {
		if hour >= oldest && hour <= newest {
			out.Rows = append(out.Rows, HourRow{hour, n})
		}
	}
	slices.SortFunc(out.Rows, func(a, b HourRow) int { return cmp.Compare(a.Hour, b.Hour) })
	return out
}

// firstOf goes back from now as far as hours follow each other within a week: a
// clock that was wrong once does not make a year of which nothing was heard.
func firstOf(read map[int64][]int64, now int64) int64 {
	first := now
	for _, hour := range slices.Backward(slices.Sorted(maps.Keys(read))) {
		if first-hour > hoursOfWeek {
			break
		}
		first = min(first, hour)
	}
	return first
}

// Line gives one of the numbers, or what pick makes of them, for all hours from
// the first that was read whole to before the present one.
func (h Hourly) Line(now time.Time, pick func(n []int64) int64) Hours {
	out := Hours{First: h.Since}
	if end := HourOf(now); h.Since > 0 && end > h.Since {
		out.First = max(h.Since, end-keepHours)
		out.Values = make([]float64, end-out.First)
	}
	for _, row := range h.Rows {
		if i := row.Hour - out.First; i >= 0 && i < int64(len(out.Values)) {
			out.Values[i] = float64(pick(row.N))
		}
	}
	return out
}

// A Question is what is asked of the last day.
type Question struct {
	Rule    string
	Subject report.Attr
	Scope   string
	Want    Verdict
	Least   float64 // a difference below is none
	Pick    func(n []int64) int64
	Title   string
	Thing   string // what is counted, in its singular
	Size    bool   // it is bytes of the Thing
}

// Judge compares the last 24 whole hours with the same hours before, and records
// what is as a question wants it, in one sentence with the numbers.
func (h Hourly) Judge(rec *report.Recorder, now time.Time, questions ...Question) {
	for _, q := range questions {
		h.Line(now, q.Pick).Judge(rec, now, q)
	}
}

// JudgePeak asks Hours.JudgePeak.
func (h Hourly) JudgePeak(rec *report.Recorder, now time.Time, q Question) {
	h.Line(now, q.Pick).JudgePeak(rec, now, q)
}

// Judge is Hourly.Judge for one time line.
func (h Hours) Judge(rec *report.Recorder, now time.Time, q Question) {
	end := HourOf(now)
	sum, ok := h.Sum(end-24, end)
	usual := h.Usual(end-24, end)
	if !ok || usual.Judge(sum, q.Least) != q.Want {
		return
	}
	rec.Finding(report.Finding{
		Rule: q.Rule, Subject: q.Subject, Scope: q.Scope, Title: q.Title,
		Detail: fmt.Sprintf("%s in the last 24 hours; usual is about %s, the median of %s.", q.say(sum), q.say(usual.Median), usual.Basis()),
		First:  time.Unix((end-24)*3600, 0).UTC(), Last: now,
	})
}

// JudgePeak records the busiest of the last 24 whole hours, where there was none
// like it before; what a question wants is not asked.
func (h Hours) JudgePeak(rec *report.Recorder, now time.Time, q Question) {
	at, v, before, ok := h.Peak(now)
	if !ok || v-before < q.Least {
		return
	}
	begin := time.Unix(at*3600, 0).UTC()
	rec.Finding(report.Finding{
		Rule: q.Rule, Subject: q.Subject, Scope: q.Scope, Title: q.Title,
		Detail: fmt.Sprintf("%s in an hour; the most before was %s.", q.say(v), q.say(before)),
		First:  begin, Last: begin.Add(time.Hour),
	})
}

func (q Question) say(v float64) string {
	if q.Size {
		return prose.Size(v) + " " + q.Thing
	}
	return prose.Count(int64(math.Round(v)), q.Thing)
}
