package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/nagios"
)

// status is the last report as the line of a monitoring plugin. A report that is too
// old says nothing of today, and one of a time to come nothing at all.
func (r *round) status(ctx context.Context, c cli.Call) (int, error) {
	line, code := "UPKEEP UNKNOWN - ", nagios.Unknown
	d, err := r.openDesk(ctx)
	switch {
	case err != nil:
		line += cli.Line(err)
	default:
		defer d.target.Close()
		line, code = lineOf(d.saved.Report, time.Now(), r.maxAge)
	}
	return code, c.Say(map[string]any{"code": code, "line": line}, line)
}

func lineOf(rep *report.Report, now time.Time, most time.Duration) (string, int) {
	switch age := now.Sub(rep.Finished); {
	case age > most:
		return fmt.Sprintf("UPKEEP UNKNOWN - the last report is %d hours old", int(age.Hours())), nagios.Unknown
	case age < -time.Hour:
		return "UPKEEP UNKNOWN - the last report is of a time to come", nagios.Unknown
	}
	return nagios.Line(rep, nagios.Options{})
}
