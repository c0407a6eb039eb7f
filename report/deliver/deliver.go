// Package deliver hands a report to those who want it.
//
//	out := deliver.Multi(deliver.Folder{Dir: dir, Formats: formats}, mail)
//	suite := &report.Suite{Checks: checks, Reporter: out}
//
// It knows no transport; a transport is a report.Reporter of its own. It does
// not retry.
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
