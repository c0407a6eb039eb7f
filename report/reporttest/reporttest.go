// Package reporttest has fakes for the interfaces of package report, and a
// conformance function for each: it tries an implementation sentence by
// sentence and joins all violations into one error.
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
	"runtime"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
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

// TestChecker tries the sentences of report.Checker on checkers that make makes
// anew, all over one unchanged world.
func TestChecker(ctx context.Context, make func() report.Checker, opt Options) error {
	goroutines := ours()
	errs := []error{
		testName(make), testRules(make()),
		testRuns(ctx, make, opt), testCancel(ctx, make(), opt),
	}
	if err := settled(goroutines); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func testName(make func() report.Checker) error {
	a, b := make().Name(), make().Name()
	if a != b {
		return fmt.Errorf("the name is not stable: %q, then %q", a, b)
	}
	return nil
}

func testRules(c report.Checker) error {
	cat, ok := c.(report.Cataloguer)
	if !ok {
		return nil
	}
	if !reflect.DeepEqual(cat.Rules(), cat.Rules()) {
		return errors.New("the catalogue differs from call to call")
	}
	for _, r := range cat.Rules() {
		if r.Explain == "" || r.Since == "" {
			return fmt.Errorf("rule %s: no Explain or no Since", r.ID)
		}
	}
	return nil
}

// testRuns runs twice over one memory: the second run has nothing new, nothing
// fixed, and no broken contract.
func testRuns(ctx context.Context, make func() report.Checker, opt Options) error {
	store := &Store{}
	var reps []*report.Report
	for range 2 {
		suite := &report.Suite{Checks: []report.Checker{make()}, Store: store}
		rep, err := suite.Run(ctx)
		if err != nil {
			return err
		}
		reps = append(reps, rep)
	}
	errs := []error{contract(reps[0]), contract(reps[1])}
	if !opt.Changes {
		for _, c := range reps[1].Changes {
			if c.Kind != report.Still {
				errs = append(errs, fmt.Errorf("unchanged world, second run: %s: %s (%s)", c.Kind, c.Finding.Title, c.Finding.Rule))
			}
		}
	}
	return errors.Join(errs...)
}

// contract finds what the recorder refused.
func contract(rep *report.Report) error {
	var errs []error
	for _, res := range rep.Results {
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
		}
	}
	return errors.Join(errs...)
}

func testCancel(ctx context.Context, c report.Checker, opt Options) error {
	ctx, cancel := context.WithCancel(ctx)
	suite := &report.Suite{Checks: []report.Checker{c}, Grace: opt.cancel(), Timeout: func(string) time.Duration { return time.Nanosecond }}
	defer cancel()
	rep, err := suite.Run(ctx)
	if err != nil {
		return err
	}
	if suite.Hung() > 0 {
		return fmt.Errorf("%s does not return within %s of its context's end", rep.Results[0].Check, opt.cancel())
	}
	return nil
}

// TestReporter tries the sentences of report.Reporter.
func TestReporter(ctx context.Context, make func() report.Reporter, rep *report.Report) error {
	var errs []error
	for _, r := range []*report.Report{{}, rep} {
		before, err := report.Encode(r)
		if err != nil {
			return err
		}
		if err := make().Report(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("report %d: %w", r.Seq, err))
		}
		after, err := report.Encode(r)
		if err != nil || !bytes.Equal(before, after) {
			errs = append(errs, errors.New("the report was changed; it is read-only"))
		}
	}
	return errors.Join(errs...)
}

// TestStore tries the sentences of report.Store on stores that make makes
// empty. Durability needs a machine that loses power, and is not tried.
func TestStore(ctx context.Context, make func() report.Store) error {
	return errors.Join(testEmpty(ctx, make()), testSaved(ctx, make()), testApart(ctx, make()), testEnded(ctx, make()))
}

func testEmpty(ctx context.Context, s report.Store) error {
	saved, err := s.Load(ctx)
	if err != nil || saved.Report != nil || len(saved.Open.Items) > 0 || len(saved.Kept) > 0 {
		return fmt.Errorf("a store that was never saved loads %+v, %v", saved, err)
	}
	return nil
}

func testSaved(ctx context.Context, s report.Store) error {
	var errs []error
	for _, want := range []report.Saved{Sample(1), Sample(2), Sample(3)} {
		if err := s.Save(ctx, want); err != nil {
			return fmt.Errorf("save: %w", err)
		}
		got, err := s.Load(ctx)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		errs = append(errs, same(got, want))
	}
	return errors.Join(errs...)
}

// testApart changes what was saved and what was loaded: the store has neither.
func testApart(ctx context.Context, s report.Store) error {
	given := Sample(1)
	if err := s.Save(ctx, given); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	given.Kept["logs"]["position"][0] ^= 0xff
	got, err := s.Load(ctx)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for _, values := range got.Kept {
		for _, value := range values {
			value[0] ^= 0xff
		}
	}
	again, err := s.Load(ctx)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return same(again, Sample(1))
}

func testEnded(ctx context.Context, s report.Store) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err := s.Load(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(s.Save(ctx, Sample(1)), context.Canceled) {
		return errors.New("an ended context does not end Load and Save with its error")
	}
	return nil
}

func same(got, want report.Saved) error {
	if got.Report == nil {
		return errors.New("the loaded state has no report")
	}
	g, err := report.Encode(got.Report)
	if err != nil {
		return err
	}
	w, err := report.Encode(want.Report)
	if err != nil {
		return err
	}
	if !bytes.Equal(g, w) {
		return fmt.Errorf("the loaded report differs from the saved one:\n%s\n%s", g, w)
	}
	if !reflect.DeepEqual(got.Kept, want.Kept) {
		return fmt.Errorf("kept values differ: %v, saved %v", got.Kept, want.Kept)
	}
	if len(got.Open.Items) != len(want.Open.Items) || fmt.Sprint(got.Open) != fmt.Sprint(want.Open) {
		return fmt.Errorf("open items differ: %+v, saved %+v", got.Open, want.Open)
	}
	return nil
}

// Sample is a small report number seq with a history, odd bytes among its texts.
func Sample(seq uint64) report.Saved {
	at := time.Date(2026, 11, int(seq), 6, 30, 0, 0, time.UTC)
	odd := report.Attr{Key: report.Path, Value: "/srv/caf\xe9 \\n\n"}
	f := report.Finding{
		Rule: "odd", Subject: odd, Scope: "files", Severity: report.Warning, Title: "an odd name",
		Kind: report.Condition, Count: 1, Fingerprint: report.Fingerprint("sample", "odd", odd, nil), State: "0",
	}
	rep := &report.Report{
		Schema: report.Schema, ID: "r1:sample", Seq: seq, Started: at, Finished: at.Add(time.Second),
		Results: []report.Result{{Check: "sample", Status: report.OK, Findings: []report.Finding{f}, Covered: []string{"files"}, Rules: []string{"odd"}}},
	}
	open, changes := report.Open{}.Next(rep)
	rep.Changes = changes
	return report.Saved{Report: rep, Open: open, Kept: map[string]map[string][]byte{"logs": {"position": {0, 1, 0xff, byte(seq)}}}}
}

// ours gives the stacks of all goroutines but the runtime's own, by the first two
// words of their heads: goroutine 7.
func ours() map[string]string {
	buf := make([]byte, 4<<20)
	all := map[string]string{}
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if name, _, ok := strings.Cut(stack, " ["); ok {
			all[name] = stack
		}
	}
	return all
}

// settled waits a moment for the goroutines to end that were not there before.
func settled(before map[string]string) error {
	var left []string
	for range 100 {
		left = nil
		for name, stack := range ours() {
			if _, old := before[name]; !old {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%d goroutines are left; one of them:\n%s", len(left), left[0])
}
