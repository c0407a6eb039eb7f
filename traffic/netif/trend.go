package netif

import (
	"fmt"
	"math"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// A difference in a day below these is none: 1 GiB more, 100 MiB less.
const (
	leastMore = 1 << 30
	leastLess = 100 << 20
)

// amounts gives what went through in both directions, hour by hour to before the
// present one; an hour that nobody observed is not known.
func (l Line) amounts(now time.Time) traffic.Hours {
	end := hourOf(now)
	out := traffic.Hours{First: hourOf(now.Add(-Retention))}
	out.Values = make([]float64, max(0, end-out.First))
	for i := range out.Values {
		out.Values[i] = math.NaN()
	}
	for _, h := range l.Hours {
		if i := h.Start - out.First; i >= 0 && i < int64(len(out.Values)) {
			out.Values[i] = float64(h.Received) + float64(h.Sent)
		}
	}
	return out
}

// judge tells of a day that is far from what is usual on an interface that lasts.
func judge(rec *report.Recorder, l Line, now time.Time) {
	if l.Last.transient() || l.Last.Kind == Loopback || !l.Gone.IsZero() {
		return
	}
	step := Step{Sample: l.Last}
	q := traffic.Question{Subject: report.Interface.Of(l.Last.Name), Scope: scopeOf(step), Thing: "in both directions", Size: true}
	q.Rule, q.Want, q.Least, q.Title = ruleSurge, traffic.High, leastMore, fmt.Sprintf("Unusually much goes through network interface %s", l.Last.Name)
	line := l.amounts(now)
	traffic.RecordForecast(rec, report.Metric{Name: "interface_month", Unit: "bytes", Attrs: []report.Attr{q.Subject}, Time: now}, line.Forecast(now, time.UTC))
	traffic.RecordChanges(rec, report.Metric{Name: "interface", Attrs: []report.Attr{q.Subject}, Time: now}, line.Changes(now))
	line.Judge(rec, now, q)
	q.Rule, q.Title = rulePeak, fmt.Sprintf("Network interface %s has its busiest hour", l.Last.Name)
	line.JudgePeak(rec, now, q)
	q.Rule, q.Want, q.Least, q.Title = ruleQuiet, traffic.Quiet, leastLess, fmt.Sprintf("Network interface %s has gone quiet", l.Last.Name)
	line.Judge(rec, now, q)
}
