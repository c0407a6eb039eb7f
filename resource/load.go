package resource

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// Load checks that the processors and disks keep up. Its scopes are load and
// pressure/io.
type Load struct {
	Host host.Host
}

// Name returns "resource.load".
func (Load) Name() string { return "resource.load" }

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
	checkPressure(ctx, rec, c.Host, "io", diskPressureHigh, func(share float64) report.Finding {
		return diskPressureFinding(share, howto.Of(ctx, c.Host))
	})
	rec.Covered("load")
	rec.Metric(report.Metric{Name: "load_1", Value: report.Measure(l.One)})
	rec.Metric(report.Metric{Name: "load_5", Value: report.Measure(l.Five)})
	rec.Metric(report.Metric{Name: "load_15", Value: report.Measure(l.Fifteen)})
	rec.Metric(report.Metric{Name: "cpus", Value: report.Count(uint64(l.CPUs))})
	if min(l.One, l.Five, l.Fifteen) < loadHigh*float64(l.CPUs) {
		return nil // not for so long, or over
	}
	rec.Finding(loadFinding(l, howto.Of(ctx, c.Host)))
	return nil
}
