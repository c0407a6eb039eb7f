package suite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// A run is one Run of a suite.
type run struct {
	*Suite
	dueNow  func(check string, last time.Time) bool // nil: all
	rules   map[string]map[string]report.Rule
	whole   context.Context // not cancelled
	started time.Time

	claims  map[string]*claim        // of the checks that it runs
	results map[string]report.Result // of these
	notices []string

	saved   memory.Saved
	commits uint64 // when saved was loaded
	err     error  // of loading: nothing is stored then
	late    error  // of delivering what an earlier run did not
}

// begin loads the memory, delivers what was not, and takes the checks that are due.
func (r *run) begin() error {
	r.memory.Lock()
	defer r.memory.Unlock()
	r.load()
	r.late = r.deliverOld()
	r.claims, r.results = map[string]*claim{}, map[string]report.Result{}
	busy := false
	for _, c := range r.Checks {
		name := c.Name()
		if !r.due(name) {
			continue
		}
		if cl := r.claim(name, r.recording(name)); cl != nil {
			r.claims[name] = cl
		} else {
			busy = true
		}
	}
	if busy && len(r.claims) == 0 {
		return ErrBusy
	}
	return nil
}

func (r *run) recording(check string) *report.Recording {
	before := report.Before{
		Limits: r.Limits, Clock: r.now, RedactKey: r.RedactKey, Progress: r.tell, Log: r.log(),
		Kept: r.saved.Kept[check], Large: r.saved.Large[check],
	}
	store, ok := r.Store.(memory.LargeStore)
	if before.NoLarge = !ok && r.Store != nil && r.err == nil; ok {
		before.LoadLarge = func(digest string) ([]byte, error) {
			return answer(r.whole, r.Suite, "Store.LoadLarge", storeTimeout, func(ctx context.Context) ([]byte, error) { return store.LoadLarge(ctx, digest) })
		}
	}
	return report.NewRecording(check, r.rules[check], before)
}

// due asks whether a check is due. Where that cannot be told, it is.
func (r *run) due(check string) bool {
	if r.dueNow == nil {
		return true
	}
	last := r.saved.Answered[check]
	due, err := answer(r.whole, r.Suite, "Due", callbackTimeout, func(context.Context) (bool, error) { return r.dueNow(check, last), nil })
	if err != nil {
		r.notices = append(r.notices, "whether "+check+" is due could not be told, so it was run: "+firstLine(err))
	}
	return due || err != nil
}

// longestFirst gives the checks in the order in which they begin: which took longest
// the last time first, so that none of them is left over at the end.
func (r *run) longestFirst() []report.Checker {
	took := map[string]time.Duration{}
	if last := r.saved.Report; last != nil {
		for _, res := range last.Results {
			took[res.Check] = res.Took
		}
	}
	return slices.SortedStableFunc(slices.Values(r.Checks), func(a, b report.Checker) int {
		return cmp.Compare(took[b.Name()], took[a.Name()])
	})
}

// checks runs those that this run has.
func (r *run) checks(ctx context.Context) {
	slots := make(chan struct{}, r.parallel())
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range r.longestFirst() {
		cl := r.claims[c.Name()]
		if cl == nil {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			res := r.runOne(ctx, c, cl)
			mu.Lock()
			defer mu.Unlock()
			r.results[cl.check] = res
		})
	}
	wg.Wait()
}

// end is the one point where the run takes effect: it folds, explains, stores
// and tells.
func (r *run) end() (*report.Report, error) {
	r.memory.Lock()
	defer r.memory.Unlock()
	if r.err == nil && r.commits != r.Suite.commits {
		r.load() // another run has stored since
	}
	rep := r.report()
	next := memory.Saved{Report: rep, Delivered: r.saved.Delivered, Answered: r.answered()}
	next.Open, rep.Changes = r.saved.Open.Next(rep)
	r.explain(rep)
	r.review(&next)
	rep.Notices = append(rep.Notices, next.Open.Notices()...)
	storeErr := r.err
	if r.Store != nil && r.err == nil {
		storeErr = r.save(&next)
	}
	return rep, errors.Join(r.late, storeErr, r.deliver(next, storeErr == nil))
}

// load reads the memory. Damaged memory is a notice and an error of the run:
// the checks run all the same, and nothing is written over it.
func (r *run) load() {
	if r.Store == nil {
		return
	}
	saved, err := answer(r.whole, r.Suite, "Store.Load", storeTimeout, r.Store.Load)
	if err != nil {
		saved = memory.Saved{Notices: []string{"the memory of earlier runs could not be read, so nothing here is compared with them and this report was not stored: " + firstLine(err)}}
		r.err = &StoreError{"load", err}
	}
	r.saved, r.commits = saved, r.Suite.commits
}

// save stores a report, and notes on it what keeps it from being stored: who is
// told of it shall know that the next report will tell the same once more.
func (r *run) save(next *memory.Saved) error {
	if r.Reporter == nil {
		next.Delivered = next.Report.ID
	}
	next.Kept = r.kept()
	var err error
	if next.Large, err = r.saveLarge(); err == nil {
		err = r.store(*next)
	}
	if err == nil {
		return nil
	}
	next.Report.Notices = append(next.Report.Notices, "this report could not be stored, so the next one tells the same again: "+firstLine(err))
	return &StoreError{"save", err}
}

func (r *run) store(next memory.Saved) error {
	_, err := answer(r.whole, r.Suite, "Store.Save", storeTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.Store.Save(ctx, next)
	})
	if err == nil {
		r.Suite.commits++
	}
	return err
}

// maxLeftOut things that the settings leave out are named in a notice.
const maxLeftOut = 20

// leftOutSince is what the last report was not without.
func (r *run) leftOutSince() []string {
	if r.saved.Report == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.LeftOut), func(s string) bool { return slices.Contains(r.saved.Report.LeftOut, s) })
}

// report makes the report of what the run knows.
func (r *run) report() *report.Report {
	rep := &report.Report{Schema: report.Schema, Labels: r.Labels, LeftOut: r.LeftOut, Started: r.started, Finished: r.now().UTC()}
	rep.Notices = append(slices.Clone(r.saved.Notices), r.notices...)
	if r.Store != nil && r.err == nil {
		rep.Seq = 1
	}
	if last := r.saved.Report; last != nil {
		rep.Seq = last.Seq + 1
		if rep.Finished.Before(last.Started) {
			rep.Notices = append(rep.Notices, fmt.Sprintf(
				"the clock stands %s before the last report (%s): it was set back, or was wrong then; reports are ordered by number",
				last.Started.Sub(rep.Started).Round(time.Second), last.Started.Format(time.RFC3339)))
		}
	}
	if more := r.leftOutSince(); len(more) > 0 {
		rep.Notices = append(rep.Notices, "the settings leave out what they did not at the last report: "+prose.List(more, maxLeftOut))
	}
	sum := sha256.Sum256([]byte(r.Labels.Tenant + "\x00" + r.Labels.Host + "\x00" +
		strconv.FormatUint(rep.Seq, 10) + "\x00" + rep.Started.Format(time.RFC3339Nano)))
	rep.ID = "r1:" + hex.EncodeToString(sum[:])[:32]
	rep.Results = make([]report.Result, len(r.Checks))
	for i, c := range r.Checks {
		res, ran := r.results[c.Name()]
		if !ran {
			res = r.notDue(c.Name())
		}
		rep.Results[i] = res
	}
	return rep
}

// notDue carries what the last run of a check said. Its numbers get the time of
// that run, so that nobody takes them for today's. A check that was never asked
// stays unknown: not being due makes nothing good.
func (r *run) notDue(check string) report.Result {
	var old *report.Result
	if r.saved.Report != nil {
		old = r.saved.Report.Result(check)
	}
	if old == nil || old.Status == report.Unknown {
		reason := "not due, and nobody has looked before"
		if last := r.saved.Answered[check]; !last.IsZero() {
			reason = "not due; it was last answered " + last.Format(time.RFC3339) + ", and no run since has come to it"
		}
		return report.NewRecording(check, nil, report.Before{}).Refuse(report.Unknown, reason, "", "")
	}
	res := *old
	if res.Status != report.OK && res.Status != report.NotDue {
		res.Reason = lastTime(res)
	}
	res.Metrics = slices.Clone(res.Metrics)
	for i := range res.Metrics {
		if res.Metrics[i].Time.IsZero() {
			res.Metrics[i].Time = res.Started
		}
	}
	res.Status = report.NotDue
	return res
}

func lastTime(res report.Result) string {
	if res.Reason == "" {
		return "last time " + res.Status.String()
	}
	return "last time " + res.Status.String() + ": " + res.Reason
}

// keepGone is how long what a check keeps outlives it: one that is taken out of
// the list for some days goes on where it was.
const keepGone = 30 * 24 * time.Hour

// answered says when each check was last answered, without those that are long gone.
func (r *run) answered() map[string]time.Time {
	out := map[string]time.Time{}
	for check, at := range r.saved.Answered {
		if r.rules[check] != nil || r.started.Sub(at) < keepGone {
			out[check] = at
		}
	}
	for check, res := range r.results {
		if res.Status == report.OK || res.Status == report.Partial || res.Status == report.Skipped {
			out[check] = res.Started
		}
	}
	return out
}

// remembered reports whether what a check keeps is not yet dropped.
func (r *run) remembered(check string) bool {
	at, known := r.saved.Answered[check]
	return r.rules[check] != nil || known && r.started.Sub(at) < keepGone
}

// kept gives what all checks keep after this run.
func (r *run) kept() map[string]map[string][]byte {
	kept := maps.Clone(r.saved.Kept)
	if kept == nil {
		kept = map[string]map[string][]byte{}
	}
	for check, cl := range r.claims {
		kept[check] = cl.rec.After().Kept
	}
	maps.DeleteFunc(kept, func(check string, values map[string][]byte) bool { return len(values) == 0 || !r.remembered(check) })
	return kept
}

// explain asks for explanations. Findings stand without them.
func (r *run) explain(rep *report.Report) {
	if r.Explain == nil {
		return
	}
	view := *rep
	why, err := answer(r.whole, r.Suite, "Explain", explainTimeout, func(context.Context) ([]report.Explanation, error) { return r.Explain(&view), nil })
	rep.Explanations = why
	if err != nil {
		rep.Notices = append(rep.Notices, "the findings are not explained: "+firstLine(err))
	}
}

// deliverOld delivers the report that an earlier run stored and did not come to
// deliver: it was killed between.
func (r *run) deliverOld() error {
	old := r.saved.Report
	if r.Reporter == nil || old == nil || r.saved.Delivered == old.ID {
		return nil
	}
	told := *old
	told.Notices = append(slices.Clone(old.Notices), "this report was stored and not delivered, since the run was ended between the two: it is delivered now")
	saved := r.saved
	saved.Report = &told
	err := r.deliver(saved, true)
	r.saved.Delivered = old.ID
	return err
}

// deliver tells the reporter, and remembers that it was asked: a report that it
// could not hand over is an error of this run, and not told again by the next.
func (r *run) deliver(saved memory.Saved, stored bool) error {
	if r.Reporter == nil {
		return nil
	}
	var errs []error
	_, err := answer(r.whole, r.Suite, "Reporter", deliveryTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.Reporter.Report(ctx, saved.Report)
	})
	if err != nil {
		errs = append(errs, &DeliveryError{err})
	}
	if stored && r.Store != nil {
		if err := r.delivered(saved); err != nil {
			errs = append(errs, &StoreError{"save", err})
		}
	}
	return errors.Join(errs...)
}

// delivered makes the store remember which report was delivered.
func (r *run) delivered(saved memory.Saved) error {
	marks, ok := r.Store.(memory.DeliveryStore)
	if !ok {
		saved.Delivered = saved.Report.ID
		return r.store(saved)
	}
	_, err := answer(r.whole, r.Suite, "Store.MarkDelivered", storeTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, marks.MarkDelivered(ctx, saved.Report.ID)
	})
	return err
}

// review folds in what people did. Where that cannot be known, all is told, and
// the next run asks again from where the last one stood.
func (r *run) review(next *memory.Saved) {
	if r.Review == nil {
		return
	}
	rep, last := next.Report, report.Review{}
	if r.saved.Report != nil && r.saved.Report.Review != nil {
		last = *r.saved.Report.Review
	}
	view, open, before := *rep, next.Open, r.saved.Report
	out, err := answer(r.whole, r.Suite, "Review", storeTimeout, func(ctx context.Context) (memory.Reviewed, error) {
		return r.Suite.Review(ctx, before, open, &view)
	})
	if err != nil {
		last.Handled, last.Unknown = []report.Handled{}, firstLine(err)
		rep.Review = &last
		rep.Notices = append(rep.Notices, "what people accepted and signed is not known, so all is told: "+last.Unknown)
		return
	}
	next.Open, rep.Changes, rep.Review = out.Open, append([]report.Change{}, out.Changes...), &out.Review
	slices.SortStableFunc(rep.Changes, report.Change.Compare)
}

// runOne runs a check until it ends, or until its deadline and grace are over.
func (s *Suite) runOne(ctx context.Context, c report.Checker, cl *claim) report.Result {
	started := s.now()
	s.tell(report.Progress{Check: cl.check, State: "started"})
	res := s.supervise(ctx, c, cl)
	res.Started, res.Took = started.UTC(), max(s.now().Sub(started), 0)
	s.tell(report.Progress{Check: cl.check, State: "ended", End: res.Status})
	return res
}

func (s *Suite) supervise(ctx context.Context, c report.Checker, cl *claim) report.Result {
	if before := cl.before; before != nil {
		return cl.rec.Refuse(report.Failed, "an earlier run still runs", report.CodeRunning,
			fmt.Sprintf("the run of this check that was abandoned earlier still runs; %d of its writes came too late", before.LateWrites()))
	}
	if ctx.Err() != nil {
		return cl.rec.Refuse(report.Unknown, "the run was cancelled before this check began", "", "")
	}
	s.began(cl)
	return cl.rec.Run(ctx, c, s.timeout(cl.check), s.grace(), func() { s.ended(cl) })
}

const (
	defaultTimeout = 10 * time.Minute
	defaultGrace   = 5 * time.Second
)

func (s *Suite) grace() time.Duration {
	if s.Grace > 0 {
		return s.Grace
	}
	return defaultGrace
}
