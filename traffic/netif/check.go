package netif

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Interfaces measures the traffic of every network interface since the last
// stored report, and reports what happened to interfaces and their counters.
type Interfaces struct{ Host host.Host }

// Name returns "traffic.netif".
func (c Interfaces) Name() string { return "traffic.netif" }

const (
	keptName  = "history"
	scopeRoot = "interfaces"
)

// Check reads the counters once.
func (c Interfaces) Check(ctx context.Context, rec *report.Recorder) error {
	snap, err := Read(ctx, c.Host)
	if err != nil {
		return err
	}
	var before History
	if kept := rec.Kept(keptName); kept != nil {
		if before, err = Decode(kept); err != nil {
			rec.Problem(fmt.Errorf("the traffic since the last report is not known, counting starts anew: %w", err), scopeRoot+"/history")
		}
	}
	next, steps := before.Advance(snap)
	rec.Metric(report.Metric{Name: "interfaces", Value: report.Count(uint64(len(snap.Interfaces))), Time: snap.Time})
	for _, s := range steps {
		recordStep(rec, s, !before.Time.IsZero() && !before.full())
	}
	for _, l := range next.Lines {
		recordSeries(rec, l, snap.Time)
	}
	rec.Covered(scopeRoot)
	data, err := next.Encode()
	if err != nil {
		return err
	}
	rec.Keep(keptName, data)
	return nil
}

// recordStep turns one step into metrics and findings. Without a whole memory
// nothing can have appeared.
func recordStep(rec *report.Recorder, s Step, memory bool) {
	recordPresence(rec, s, memory)
	if s.Gone || s.Before == nil {
		return
	}
	subject := []report.Attr{{Key: report.Interface, Value: s.Sample.Name}}
	metric := func(name, unit string, v report.Number) {
		if v.Known() {
			rec.Metric(report.Metric{Name: name, Unit: unit, Value: v, Attrs: subject, Time: s.To})
		}
	}
	metric("interface_received_bytes", "bytes", s.Received.number())
	metric("interface_sent_bytes", "bytes", s.Sent.number())
	metric("interface_interval_seconds", "seconds", report.Measure(max(0, s.To.Sub(s.From).Seconds())))
	faults := faultsOf(s)
	metric("interface_errors", "", faults.errors)
	metric("interface_drops", "", faults.drops)
	if s.Received.Class == Zero || s.Sent.Class == Zero {
		rec.Problem(fmt.Errorf("the counters of %s were read as zero, which the next look has to confirm", s.Sample.Name), scopeOf(s))
	}
	if !s.Sample.transient() && !s.Back {
		recordCounter(rec, s)
	}
	if !s.Sample.ephemeral() {
		recordFaults(rec, s, faults)
	}
}

// recordPresence tells of interfaces that came, went, or have another name. Of
// tunnels only the first appearance is told.
func recordPresence(rec *report.Recorder, s Step, memory bool) {
	switch {
	case s.Sample.ephemeral():
	case s.Gone:
		if !s.Sample.transient() {
			rec.Finding(vanished(s))
		}
	case s.Before == nil:
		if memory {
			rec.Finding(appeared(s))
		}
	case s.Back:
		if !s.Sample.transient() {
			rec.Finding(appeared(s))
		}
	case s.Renamed != "":
		rec.Finding(renamed(s))
	}
}

// number is the bytes of a difference; a gap where they are not known (yet).
func (d Delta) number() report.Number {
	if d.Class == Unknown || d.Class == Zero || d.Class == Base {
		return report.Number{}
	}
	return report.Count(d.Bytes)
}

// recordSeries gives the whole hours of a line; the present one is not over.
func recordSeries(rec *report.Recorder, l Line, now time.Time) {
	hours := l.Hours
	for len(hours) > 0 && hours[len(hours)-1].Start >= hourOf(now) {
		hours = hours[:len(hours)-1]
	}
	if len(hours) == 0 {
		return
	}
	first := hours[0].Start
	received := make([]report.Number, hours[len(hours)-1].Start-first+1)
	sent := make([]report.Number, len(received))
	for _, h := range hours {
		received[h.Start-first], sent[h.Start-first] = report.Count(h.Received), report.Count(h.Sent)
	}
	series := report.Series{
		Unit: "bytes", Start: time.Unix(first*3600, 0).UTC(), Step: time.Hour,
		Attrs: []report.Attr{{Key: report.Interface, Value: l.Last.Name}},
	}
	series.Name, series.Values = "interface_received_bytes", received
	rec.Series(series)
	series.Name, series.Values = "interface_sent_bytes", sent
	rec.Series(series)
}
