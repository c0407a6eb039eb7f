package report

import (
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

	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// A run is one Run of a suite.
type run struct {
	*Suite
	dueNow  func(check string, last time.Time) bool // nil: all
	rules   map[string]map[string]Rule
	whole   context.Context // not cancelled
	started time.Time

	claims  map[string]*claim // of the checks that it runs
	results map[string]Result // of these
	notices []string

	saved   Saved
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
	r.claims, r.results = map[string]*claim{}, map[string]Result{}
	busy := false
	for _, c := range r.Checks {
		name := c.Name()
		if !r.due(name) {
			continue
		}
		rec := r.recorder(name, r.rules[name], r.saved.Kept[name])
		rec.large = r.large(name)
		if cl := r.claim(name, rec); cl != nil {
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

// checks runs those that this run has.
func (r *run) checks(ctx context.Context) {
	slots := make(chan struct{}, r.parallel())
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range r.Checks {
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
func (r *run) end() (*Report, error) {
	r.memory.Lock()
	defer r.memory.Unlock()
	if r.err == nil && r.commits != r.Suite.commits {
		r.load() // another run has stored since
	}
	rep := r.report()
	next := Saved{Report: rep, Delivered: r.saved.Delivered, Answered: r.answered()}
	next.Open, rep.Changes = r.saved.Open.Next(rep)
	r.explain(rep)
	r.review(&next)
	rep.Notices = append(rep.Notices, next.Open.notices()...)
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
		saved = Saved{Notices: []string{"the memory of earlier runs could not be read, so nothing here is compared with them and this report was not stored: " + firstLine(err)}}
		r.err = &StoreError{"load", err}
	}
	r.saved, r.commits = saved, r.Suite.commits
}

// save stores a report, and notes on it what keeps it from being stored: who is
// told of it shall know that the next report will tell the same once more.
func (r *run) save(next *Saved) error {
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

func (r *run) store(next Saved) error {
	_, err := answer(r.whole, r.Suite, "Store.Save", storeTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.Store.Save(ctx, next)
	})
	if err == nil {
		r.Suite.commits++
	}
	return err
}

// report makes the report of what the run knows.
func (r *run) report() *Report {
	rep := &Report{Schema: Schema, Labels: r.Labels, Started: r.started, Finished: r.now().UTC()}
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
	sum := sha256.Sum256([]byte(r.Labels.Tenant + "\x00" + r.Labels.Host + "\x00" +
		strconv.FormatUint(rep.Seq, 10) + "\x00" + rep.Started.Format(time.RFC3339Nano)))
	rep.ID = "r1:" + hex.EncodeToString(sum[:])[:32]
	rep.Results = make([]Result, len(r.Checks))
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
func (r *run) notDue(check string) Result {
	var old *Result
	if r.saved.Report != nil {
		old = r.saved.Report.Result(check)
	}
	if old == nil || old.Status == Unknown {
		reason := "not due, and nobody has looked before"
		if last := r.saved.Answered[check]; !last.IsZero() {
			reason = "not due; it was last answered " + last.Format(time.RFC3339) + ", and no run since has come to it"
		}
		rec := &Recorder{check: check, redact: redact.New(nil), res: Result{Check: check, Rules: []string{}}}
		return rec.seal(Unknown, reason)
	}
	res := *old
	if res.Status != OK && res.Status != NotDue {
		res.Reason = lastTime(res)
	}
	res.Metrics = slices.Clone(res.Metrics)
	for i := range res.Metrics {
		if res.Metrics[i].Time.IsZero() {
			res.Metrics[i].Time = res.Started
		}
	}
	res.Status = NotDue
	return res
}

func lastTime(res Result) string {
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
		if res.Status == OK || res.Status == Partial || res.Status == Skipped {
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
		kept[check] = cl.rec.keptAfter()
	}
	maps.DeleteFunc(kept, func(check string, values map[string][]byte) bool { return len(values) == 0 || !r.remembered(check) })
	return kept
}

// explain asks for explanations. Findings stand without them.
func (r *run) explain(rep *Report) {
	if r.Explain == nil {
		return
	}
	view := *rep
	why, err := answer(r.whole, r.Suite, "Explain", explainTimeout, func(context.Context) ([]Explanation, error) { return r.Explain(&view), nil })
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
func (r *run) deliver(saved Saved, stored bool) error {
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
func (r *run) delivered(saved Saved) error {
	marks, ok := r.Store.(DeliveryStore)
	if !ok {
		saved.Delivered = saved.Report.ID
		return r.store(saved)
	}
	_, err := answer(r.whole, r.Suite, "Store.MarkDelivered", storeTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, marks.MarkDelivered(ctx, saved.Report.ID)
	})
	return err
}
