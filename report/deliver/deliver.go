// Package deliver hands a report to those who want it.
//
//	out := &deliver.Targets{Spool: dir + "/undelivered", List: []deliver.Target{
//		{Name: "mail", To: mail, Policy: deliver.OnChange},
//		{Name: "chat", To: webhook.Hook{URL: url, Body: webhook.Chat}, Floor: report.Warning},
//	}}
//	set := &suite.Suite{Checks: checks, Reporter: deliver.Multi(folder, out)}
//
// Folder keeps files; packages mail and webhook speak to mail servers and to
// HTTP. Any other transport is a report.Reporter of its own.
//
// # Design
//
// The report is stored before anyone gets it, so delivery is from a spool: a
// file a target and report, removed after the target took it. A kill between
// the two hands it over twice, never not at all; that is why a report's ID
// makes the message the same. Bounds are said in the next report, and the
// oldest gives way, since a target that was away for a season wants the present.
package deliver

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/pugetsoundtech/upkeep/report"
)

// Multi is a Reporter that hands a report to every one of reporters at once.
// Its error has every failure in it, for errors.Is and errors.As too; a panic
// of a reporter is such a failure. It waits for all of them.
func Multi(reporters ...report.Reporter) report.Reporter { return multi(reporters) }

type multi []report.Reporter

// Report hands rep to every reporter.
func (m multi) Report(ctx context.Context, rep *report.Report) error {
	errs := make([]error, len(m))
	var wg sync.WaitGroup
	for i, r := range m {
		wg.Go(func() { errs[i] = one(ctx, r, rep) })
	}
	wg.Wait()
	var all *multierror.Error
	for i, err := range errs {
		if err != nil {
			all = multierror.Append(all, fmt.Errorf("reporter %d of %d (%T): %w", i+1, len(m), m[i], err))
		}
	}
	return all.ErrorOrNil()
}

func one(ctx context.Context, r report.Reporter, rep *report.Report) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return r.Report(ctx, rep)
}
