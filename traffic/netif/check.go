package netif

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Interfaces measures the traffic of every network interface since the last
// stored report, and reports what happened to interfaces and their counters.
type Interfaces struct {
	Host   host.Host
	Source Source // of the counters; nil is System of the Host
}

// A Source reads the counters of all interfaces of one system once: a Snapshot
// with a time. An error is no snapshot without interfaces.
type Source interface {
	Snapshot(ctx context.Context) (Snapshot, error)
}

// System is the Source that Read is.
type System struct{ Host host.Host }

// Snapshot reads the counters.
func (s System) Snapshot(ctx context.Context) (Snapshot, error) { return Read(ctx, s.Host) }

// Name returns "traffic.netif".
func (c Interfaces) Name() string { return name }

const (
	scopeRoot = "interfaces"
)

// Check reads the counters once.
func (c Interfaces) Check(ctx context.Context, rec *report.Recorder) error {
	source := c.Source
	if source == nil {
		source = System{c.Host}
	}
	snap, err := source.Snapshot(ctx)
	if err != nil {
		return err
	}
	before, _, err := keptHistory.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("the traffic since the last report is not known, counting starts anew: %w", err), scopeRoot+"/history")
	}
	next, steps := before.Advance(snap)
	rec.Metric(report.Metric{Name: "interfaces", Value: report.Count(uint64(len(snap.Interfaces))), Time: snap.Time, Noun: report.Noun{One: "network interface", Many: "network interfaces"}})
	for _, s := range steps {
		recordStep(rec, s, !before.Time.IsZero() && !before.full())
	}
	recordSum(rec, snap, steps)
	for _, l := range next.Lines {
		recordSeries(rec, l, snap.Time)
		judge(rec, l, snap.Time)
	}
	rec.Covered(scopeRoot)
	return keptHistory.Keep(rec, next)
}

var keptHistory = report.State[History]{Name: "history", Version: 1, Encode: History.Encode, Decode: Decode}

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
	if !s.Sample.transient() && !s.Returned {
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
	case s.Returned:
		if !s.Sample.transient() {
			rec.Finding(appeared(s))
		}
	case s.Renamed != "":
		rec.Finding(renamed(s))
	}
}

// number is the bytes of a difference; a gap where they are not known (yet).
func (d Delta) number() report.Number {
	if !d.counts() {
		return report.Number{}
	}
	return report.Count(d.Bytes)
}

// drawn is how long a report shows hours.
const drawn = 35 * 24 * time.Hour

// recordSeries gives the whole hours of a line, and the days of a year. What is
// not over is left out, unless it is all there is.
func recordSeries(rec *report.Recorder, l Line, now time.Time) {
	last := hourOf(now)
	l.Hours.record(rec, l.Last.Name, last-int64(drawn/time.Hour), last, time.Hour)
	if len(l.Days) > 60 { // else the hours show it
		l.Days.record(rec, l.Last.Name, dayOf(last)-keepDays, dayOf(last), 24*time.Hour)
	}
}

// record gives what lies between two starts.
func (h Hours) record(rec *report.Recorder, name string, from, to int64, step time.Duration) {
	if len(h) > 1 {
		first, _ := slices.BinarySearchFunc(h, from, byStart)
		last, _ := slices.BinarySearchFunc(h, to, byStart)
		h = h[min(first, last):last]
	}
	if len(h) == 0 {
		return
	}
	first := h[0].Start
	received := make([]report.Number, h[len(h)-1].Start-first+1)
	sent := make([]report.Number, len(received))
	for _, hour := range h {
		received[hour.Start-first], sent[hour.Start-first] = report.Count(hour.Received), report.Count(hour.Sent)
	}
	series := report.Series{
		Unit: "bytes", Start: time.Unix(0, 0).UTC().Add(time.Duration(first) * step), Step: step, Attrs: []report.Attr{report.Interface.Of(name)},
	}
	series.Name, series.Values = "interface_received_bytes", received
	rec.Series(series)
	series.Name, series.Values = "interface_sent_bytes", sent
	rec.Series(series)
}
