package netif

import (
	"math"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/chart"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// Pictures show the last day by five minutes, with the 95th percentile of its
// month, the last week and the last month by hours, and the days of a year.
func (t *Traffic) Pictures(zone *time.Location) []traffic.Picture {
	now := t.Updated.In(zone)
	p := t.Percentile95(Monthly(now), now, false)
	day := t.plot(t.FiveMinutes(), now.AddDate(0, 0, -1), now)
	day.Title, day.Format = t.Name+": last day, a second", func(v float64) string { return prose.Size(v) + "/s" }
	for _, l := range day.Lines {
		for i := range l.Values {
			l.Values[i] /= 300
		}
	}
	if p.Seen > 0 {
		day.Marks = []chart.Mark{{Name: "95th percentile", Value: p.Most}}
	}
	week, month := t.plot(t.Hours(), now.AddDate(0, 0, -7), now), t.plot(t.Hours(), now.AddDate(0, -1, 0), now)
	week.Title, month.Title = t.Name+": last week, an hour", t.Name+": last month, an hour"
	return []traffic.Picture{day, week, month, t.year(now)}
}

func (t *Traffic) plot(r *Ring, from, to time.Time) chart.Plot {
	step := int64(r.Step / time.Second)
	first, last := (from.Unix()+step-1)/step, to.Unix()/step
	in, out := unknown(last-first), unknown(last-first)
	for _, b := range r.Between(time.Unix(first*step, 0), time.Unix(last*step, 0)) {
		in[b.Start/step-first], out[b.Start/step-first] = float64(b.Received), float64(b.Sent)
	}
	return chart.Plot{
		Lines: []chart.Line{{Name: "received", Values: in}, {Name: "sent", Values: out}},
		From:  time.Unix(first*step, 0).In(from.Location()), Step: r.Step, Binary: true, Format: prose.Size,
	}
}

func unknown(n int64) []float64 {
	out := make([]float64, max(n, 0))
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// year shows the days of the last year in the zone of now, both directions together.
func (t *Traffic) year(now time.Time) chart.Calendar {
	first := Daily(now).AddDate(-1, 0, 1)
	c := chart.Calendar{Title: t.Name + ": last year, a day", First: first, Format: prose.Size, Days: unknown(366)}
	at, n := map[time.Time]int{}, 0
	for ; n < 366 && !first.AddDate(0, 0, n).After(now); n++ {
		at[first.AddDate(0, 0, n)] = n
	}
	c.Days = c.Days[:n]
	for _, d := range t.Local(now.Location(), Daily) {
		if i, ok := at[d.Begin]; ok {
			c.Days[i] = float64(d.Received) + float64(d.Sent)
		}
	}
	return c
}

// Amounts give the hours of both directions together, up to before the present one.
func (t *Traffic) Amounts() traffic.Hours {
	end := hourOf(t.Updated)
	out := traffic.Hours{First: end - int64(Retention/time.Hour), Values: unknown(int64(Retention / time.Hour))}
	for _, b := range t.Hours().Buckets {
		if i := b.Start/3600 - out.First; i >= 0 && i < int64(len(out.Values)) {
			out.Values[i] = float64(b.Received) + float64(b.Sent)
		}
	}
	return out
}
