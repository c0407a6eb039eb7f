package resource

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// Load checks that the processors keep up. Its scope is load.
type Load struct {
	Host host.Host
}

// Name returns "host.load".
func (Load) Name() string { return "host.load" }

// Rules returns the catalogue.
func (Load) Rules() []report.Rule {
	return []report.Rule{{
		ID: "load.high", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "More programs want to run than the processors can serve",
		Explain: "Everything on the system takes longer; on Linux, programs that wait for a disk count too.",
		Remedy:  "Find what runs or waits, and stop, limit or move it.",
	}}
}

// loadHigh is the load for each processor that is too much when it has lasted a
// quarter of an hour and goes on: three programs wait for each that runs. What
// is over when the check comes, as a build or a backup, is none.
const loadHigh = 4.0

// Check reads the averages once.
func (c Load) Check(ctx context.Context, rec *report.Recorder) error {
	l, err := sysview.ReadLoad(ctx, c.Host)
	if err != nil {
		return err
	}
	rec.Covered("load")
	rec.Metric(report.Metric{Name: "load_1", Value: report.Measure(l.One)})
	rec.Metric(report.Metric{Name: "load_5", Value: report.Measure(l.Five)})
	rec.Metric(report.Metric{Name: "load_15", Value: report.Measure(l.Fifteen)})
	rec.Metric(report.Metric{Name: "cpus", Value: report.Count(uint64(l.CPUs))})
	if min(l.One, l.Five, l.Fifteen) < loadHigh*float64(l.CPUs) {
		return nil // not for so long, or over
	}
	rec.Finding(report.Finding{
		Rule: "load.high", Subject: report.Attr{Key: report.System, Value: "load"}, Scope: "load",
		Title: fmt.Sprintf("For a quarter of an hour %.0f programs on average wanted to run on %d processors", l.Fifteen, l.CPUs),
		Detail: fmt.Sprintf("Averages of 1, 5 and 15 minutes: %.2f, %.2f, %.2f. All of them are above %.0f for each processor.",
			l.One, l.Five, l.Fifteen, loadHigh),
		Fix: "See what runs or waits for a disk: ps axo stat,pid,user,pcpu,args | grep '^[RD]'; then stop, limit or move it.",
	})
	return nil
}
