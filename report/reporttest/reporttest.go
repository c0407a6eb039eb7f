// Package reporttest has fakes for the interfaces of package report, and a
// conformance function for each: it tries an implementation sentence by
// sentence and joins all violations into one error. Collect runs a checker once,
// and Titles lists what it found.
//
//	func TestMyChecker(t *testing.T) {
//		err := reporttest.TestChecker(t.Context(), func() report.Checker { return &MyChecker{…} }, reporttest.Options{})
//		if err != nil {
//			t.Error(err)
//		}
//	}
//
// It does not import testing, so that an agent can try its own parts on a live
// machine.
package reporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// Options say what an implementation needs; the zero value works.
type Options struct {
	Cancel  time.Duration // from cancelling to the return; zero: 5 seconds
	Changes bool          // the observed world moves by itself: two runs may differ
}

func (o Options) cancel() time.Duration {
	if o.Cancel > 0 {
		return o.Cancel
	}
	return 5 * time.Second
}

// TestChecker tries the sentences of report.Checker, and the grammar of the words
// that users keep for ever, on checkers that make makes anew, all over one
// unchanged world.
func TestChecker(ctx context.Context, make func() report.Checker, opt Options) error {
	goroutines := ours()
	err := guard(func() error {
		errs := []error{testName(make), testRules(make())}
		full, err := testRuns(ctx, make, opt)
		errs = append(errs, err, testCancel(ctx, make(), opt, full))
		return errors.Join(errs...)
	})
	return errors.Join(err, settled(goroutines))
}

// guard runs fn on a goroutine of its own: what panics or ends its goroutine is a
// violation, and does not end the program.
func guard(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errors.New("it ended its goroutine instead of returning")
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("it panicked: %v\n%s", v, debug.Stack())
			}
			done <- err
		}()
		err = fn()
	}()
	return <-done
}

func testName(make func() report.Checker) error {
	a, b := make().Name(), make().Name()
	if a != b {
		return fmt.Errorf("the name is not stable: %q, then %q", a, b)
	}
	return ValidateCheckName(a)
}

func testRules(c report.Checker) error {
	cat, ok := c.(report.Cataloguer)
	if !ok {
		return nil
	}
	if !reflect.DeepEqual(cat.Rules(), cat.Rules()) {
		return errors.New("the catalogue differs from call to call")
	}
	var errs []error
	for _, r := range cat.Rules() {
		errs = append(errs, ValidateRule(c.Name(), r))
	}
	return errors.Join(errs...)
}

// testRuns runs twice over one memory: the second run has nothing new, nothing
// fixed, and no broken contract. It gives the result of the first.
func testRuns(ctx context.Context, make func() report.Checker, opt Options) (report.Result, error) {
	store := &Store{}
	var reps []*report.Report
	for range 2 {
		set := &suite.Suite{Checks: []report.Checker{make()}, Store: store}
		rep, err := set.Run(ctx)
		if err != nil {
			return report.Result{}, err
		}
		reps = append(reps, rep)
	}
	errs := []error{contract(reps[0].Results[0]), contract(reps[1].Results[0])}
	if !opt.Changes {
		for _, c := range reps[1].Changes {
			if c.Kind != report.Still {
				errs = append(errs, fmt.Errorf("unchanged world, second run: %s: %s (%s)", c.Kind, c.Finding.Title, c.Finding.Rule))
			}
		}
	}
	return reps[0].Results[0], errors.Join(errs...)
}

// contract finds what the recorder refused, and words that break their grammar.
func contract(res report.Result) error {
	var errs []error
	for _, p := range res.Problems {
		if p.Code == report.CodeContract || p.Code == report.CodePanic {
			errs = append(errs, fmt.Errorf("%s: %s", p.Code, p.Message))
		}
	}
	if res.Status == report.OK && len(res.Covered) == 0 && len(res.Rules) > 0 {
		errs = append(errs, fmt.Errorf("%s answers OK and covers nothing: its findings could never be fixed", res.Check))
	}
	for _, f := range res.Findings {
		if !res.Covers(f.Scope) && f.Kind == report.Condition && res.Status == report.OK {
			errs = append(errs, fmt.Errorf("rule %s: scope %q of a condition is not covered by %q", f.Rule, f.Scope, res.Covered))
		}
		if err := ValidateTitle(f); err != nil {
			errs = append(errs, fmt.Errorf("rule %s: %w", f.Rule, err))
		}
	}
	for _, m := range res.Metrics {
		errs = append(errs, ValidateMetric(m))
	}
	for _, s := range res.Series {
		errs = append(errs, ValidateSeries(s))
	}
	return errors.Join(errs...)
}

// testCancel runs a checker whose context has ended: it returns, and claims
// nothing that it did not look at.
func testCancel(ctx context.Context, c report.Checker, opt Options, full report.Result) error {
	ctx, cancel := context.WithCancel(ctx)
	set := &suite.Suite{Checks: []report.Checker{c}, Grace: opt.cancel(), Timeout: func(string) time.Duration { return time.Nanosecond }}
	defer cancel()
	rep, err := set.Run(ctx)
	if err != nil {
		return err
	}
	if set.Hung() > 0 {
		return fmt.Errorf("%s does not return within %s of its context's end", rep.Results[0].Check, opt.cancel())
	}
	if opt.Changes {
		return nil
	}
	return claims(rep.Results[0], full)
}

// claims finds the green lies of a run that was ended: what the full run found
// and it did not, in a scope that it calls covered.
func claims(ended, full report.Result) error {
	found := map[string]bool{}
	for _, f := range ended.Findings {
		found[f.Fingerprint] = true
	}
	var errs []error
	for _, f := range full.Findings {
		if !found[f.Fingerprint] && (ended.Covers(f.Scope) || ended.Status == report.OK) {
			errs = append(errs, fmt.Errorf("%s calls scope %q covered after its context ended, and has not found %s", ended.Check, f.Scope, f.Title))
		}
	}
	if ended.Status == report.OK && len(ended.Metrics) < len(full.Metrics) {
		errs = append(errs, fmt.Errorf("%s answers OK after its context ended, with %d of %d numbers", ended.Check, len(ended.Metrics), len(full.Metrics)))
	}
	return errors.Join(errs...)
}

// TestReporter tries the sentences of report.Reporter.
func TestReporter(ctx context.Context, make func() report.Reporter, rep *report.Report) error {
	var errs []error
	for _, r := range []*report.Report{{}, rep} {
		before, err := report.Encode(r)
		if err != nil {
			return err
		}
		if err := guard(func() error { return make().Report(ctx, r) }); err != nil {
			errs = append(errs, fmt.Errorf("report %d: %w", r.Seq, err))
		}
		after, err := report.Encode(r)
		if err != nil || !bytes.Equal(before, after) {
			errs = append(errs, errors.New("the report was changed; it is read-only"))
		}
	}
	return errors.Join(append(errs, testReporterEnds(ctx, make(), rep))...)
}

// testReporterEnds gives a reporter a context that has ended: it returns, with
// an error or without.
func testReporterEnds(ctx context.Context, r report.Reporter, rep *report.Report) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = guard(func() error { return r.Report(ctx, rep) })
	}()
	limit := time.NewTimer(Options{}.cancel())
	defer limit.Stop()
	select {
	case <-done:
		return nil
	case <-limit.C:
		return fmt.Errorf("it does not return within %s of its context's end", Options{}.cancel())
	}
}
