package restarts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// Programs is the checker "pkgupdate.restarts".
type Programs struct{ Host host.Host }

const (
	name    = "pkgupdate.restarts"
	ruleOld = name + ".old-code"
	scope   = "programs"
)

// Name returns "pkgupdate.restarts".
func (c Programs) Name() string { return name }

// Rules lists what Check reports.
func (c Programs) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleOld, report.Warning, "Programs still run code that an update has replaced").Text(
			"The fix is on the disk, and the hole is still open in each program that runs the old file.",
			"Restart the services that are named. What cannot be restarted, the first process above all, wants a reboot."),
	)
}

// Check compares what all processes run with what is at its path now.
func (c Programs) Check(ctx context.Context, rec *report.Recorder) error {
	view, err := sysview.OutdatedFiles(ctx, c.Host)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("what processes run cannot be told here: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return err
	}
	all, err := sysview.Processes(ctx, c.Host)
	if err != nil {
		return err
	}
	files, err := pkgupdate.OldCode(ctx, c.Host, view)
	if err != nil {
		rec.Problem(err, scope+"/unread")
	}
	old := users(files, all)
	rec.Metric(report.Metric{Name: "programs_of_old_code", Value: report.Count(uint64(len(old.programs)))})
	if len(old.programs) > 0 {
		rec.Finding(old.finding(howto.Of(ctx, c.Host)))
	}
	if n := len(view.Unread); n > 0 {
		rec.Problem(fmt.Errorf("the code of %s is not known: %w", prose.Count(n, "process"), fs.ErrPermission), scope+"/unread")
	}
	rec.Covered(scope)
	return ctx.Err()
}

// Restarts lists what has to be started again, as pkgupdate.Restarter wants it. While
// something of a process is not known, neither is the Answer.
func (c Programs) Restarts(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Restart] {
	view, err := sysview.OutdatedFiles(ctx, c.Host)
	all, allErr := sysview.Processes(ctx, c.Host)
	files, filesErr := pkgupdate.OldCode(ctx, c.Host, view)
	if err := errors.Join(err, allErr, filesErr); err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Restart](nil, err)
	}
	list := users(files, all).list()
	if n := len(view.Unread); n > 0 {
		return pkgupdate.Unproven(list, fmt.Errorf("the code of %s is not known: %w", prose.Count(n, "process"), fs.ErrPermission))
	}
	return pkgupdate.Proven(list, "the code of "+prose.Count(len(all), "process")+" was compared with the disk", c.Host.Time())
}
