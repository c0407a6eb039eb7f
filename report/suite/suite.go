// Package suite runs checks over one host, remembers what is open from run to run,
// and hands each report to a reporter.
//
//	checks := &suite.Suite{Checks: list, Store: memory.FileStore{Dir: dir}}
//	rep, err := checks.Run(ctx)
//
// One check runs at most once at a time; one that does not end when its time is
// over is abandoned, said, and not started again while it lives. A run that is
// cancelled is still folded, stored and told: what was found is worth more than a
// second.
package suite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/form"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// A Suite is a set of checks over one observed host, with a memory. The zero
// values of all fields but Checks work. A Suite may run many times; it must not
// be copied after its first run.
type Suite struct {
	Checks  []report.Checker
	Timeout func(check string) time.Duration // nil or zero: 10 minutes
	Store   memory.Store                     // nil: no memory

	// Due says whether a check is to run now. Last is when the last of its runs
	// began that answered its question, at least in part; zero: none did. Nil: all are due.
	Due func(check string, last time.Time) bool

	// Explain says why findings are there, from the findings alone; nil says
	// nothing. The report is read-only.
	Explain func(rep *report.Report) []report.Explanation
	// Review folds what people did over what is open after this run, and over the
	// report, both read-only; before is the last report. Nil: nobody reviews.
	Review func(ctx context.Context, before *report.Report, open memory.Open, rep *report.Report) (memory.Reviewed, error)
	// Reporter is told each report after it was stored; nil: nobody. It has ten
	// minutes, as the store has for each call and Explain one; what does not come
	// back then is abandoned like a check, and not called again while it lives.
	Reporter report.Reporter

	Labels    report.Labels
	LeftOut   []string              // what nobody looks at, since the settings say so: pages say it, and a notice what is more than last time
	Limits    report.Limits         // what one check may record
	Parallel  int                   // checks at a time; zero: 2
	Grace     time.Duration         // from a check's deadline until it is abandoned; zero: 5 seconds
	Clock     func() time.Time      // zero: time.Now
	RedactKey []byte                // of the marks that stand for secrets
	Progress  func(report.Progress) // is called from several goroutines at once, and must return at once
	Log       *slog.Logger          // for developers; nil: discarded

	mu      sync.Mutex
	claims  map[string]*claim // checks that run, abandoned ones among them
	hung    map[string]bool   // callbacks that were abandoned and still live
	memory  sync.Mutex        // one run at a time loads, or stores and tells
	commits uint64            // counts what was stored; of memory
}

// ErrBusy is the answer of Suite.Run when all checks that are due run already,
// for another Run.
var ErrBusy = errors.New("this suite is running")

// A StoreError says that a report could not be loaded or stored. The report
// that Run returns beside it is whole, but the next run will not know of it.
type StoreError struct {
	Op  string // "load" or "save"
	Err error
}

// Error says which step failed and why.
func (e *StoreError) Error() string { return e.Op + " state: " + e.Err.Error() }

// Unwrap returns the store's error.
func (e *StoreError) Unwrap() error { return e.Err }

// A DeliveryError says that the report was stored, but not every reporter took it.
type DeliveryError struct{ Err error }

// Error says why.
func (e *DeliveryError) Error() string { return "deliver report: " + e.Err.Error() }

// Unwrap returns the reporter's error.
func (e *DeliveryError) Unwrap() error { return e.Err }

// Run runs the checks once, in memory.
func Run(ctx context.Context, checks []report.Checker) (*report.Report, error) {
	return (&Suite{Checks: checks}).Run(ctx)
}

// Collect runs one check and returns its result.
func Collect(ctx context.Context, c report.Checker) (report.Result, error) {
	rep, err := Run(ctx, []report.Checker{c})
	if err != nil {
		return report.Result{}, err
	}
	return rep.Results[0], nil
}

// Run asks all checks that are due, folds what they found into what is open,
// stores the report and hands it to the reporter. A report that an earlier run
// stored and did not come to deliver is delivered first. Run always returns a
// report unless the list of checks is unusable (a bad or double name, a
// malformed catalogue), or nothing but running checks is due: ErrBusy. Beside a
// report the error is a *StoreError, a *DeliveryError, or both joined. Run never
// retries.
//
// Several runs of one suite may go on at once, each over the checks that no
// other run has; their reports are stored and told one after another. A run ends
// with the longest of its checks, so each rhythm is a run of its own: RunOnly.
func (s *Suite) Run(ctx context.Context) (*report.Report, error) { return s.runOf(ctx, s.Due) }

// RunOnly is Run over the named checks, whatever Due says: the checks of one
// rhythm, such as those of each quarter of an hour beside a daily run that takes
// long. The others stand in the report as not due.
func (s *Suite) RunOnly(ctx context.Context, names ...string) (*report.Report, error) {
	for _, name := range names {
		if !slices.ContainsFunc(s.Checks, func(c report.Checker) bool { return c.Name() == name }) {
			return nil, fmt.Errorf("this suite has no check %.60q", name)
		}
	}
	return s.runOf(ctx, func(check string, _ time.Time) bool { return slices.Contains(names, check) })
}

func (s *Suite) runOf(ctx context.Context, due func(check string, last time.Time) bool) (*report.Report, error) {
	rules, err := s.validate()
	if err != nil {
		return nil, err
	}
	// What is remembered and what was found are worth more than a second: a run
	// that is cancelled is loaded, stored and told like any other.
	r := &run{Suite: s, dueNow: due, rules: rules, whole: context.WithoutCancel(ctx), started: s.now().UTC()}
	if err := r.begin(); err != nil {
		return nil, err
	}
	defer s.commit(r.claims)
	r.checks(ctx)
	return r.end()
}

// validate checks names and catalogues before anything runs.
func (s *Suite) validate() (map[string]map[string]report.Rule, error) {
	all := map[string]map[string]report.Rule{}
	var errs []error
	for i, c := range s.Checks {
		_, err := answer(context.Background(), s, fmt.Sprintf("check %d (%T)", i+1, c), callbackTimeout, func(context.Context) (struct{}, error) {
			return struct{}{}, validate(c, all)
		})
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

func validate(c report.Checker, all map[string]map[string]report.Rule) error {
	name := c.Name()
	if !form.Name(name) {
		return fmt.Errorf("check name %.60q is not made of a-z, 0-9, '.' and '-'", name)
	}
	if _, double := all[name]; double {
		return fmt.Errorf("two checks are named %s", name)
	}
	rules, err := report.Rules(c)
	if err != nil {
		return fmt.Errorf("catalogue of %s: %w", name, err)
	}
	all[name] = rules
	return nil
}

func (s *Suite) parallel() int {
	if s.Parallel > 0 {
		return s.Parallel
	}
	return 2
}

func (s *Suite) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

func (s *Suite) now() time.Time {
	if s.Clock != nil {
		return s.Clock()
	}
	return time.Now()
}
