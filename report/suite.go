package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// A Suite is a set of checks over one observed host, with a memory. The zero
// values of all fields but Checks work. A Suite may run many times, one after
// another; it must not be copied after its first run.
type Suite struct {
	Checks  []Checker
	Timeout func(check string) time.Duration // nil or zero: 10 minutes
	Due     func(check string) bool          // nil: all
	Store   Store                            // nil: no memory

	// Explain says why findings are there, from the findings alone; nil says
	// nothing. The report is read-only.
	Explain func(rep *Report) []Explanation
	// Reporter is told each report after it was stored, and has ten minutes; nil: nobody.
	Reporter Reporter

	Labels    Labels
	Limits    Limits           // what one check may record
	Parallel  int              // checks at a time; zero: 2
	Grace     time.Duration    // from a check's deadline until it is abandoned; zero: 5 seconds
	Clock     func() time.Time // zero: time.Now
	RedactKey []byte           // of the marks that stand for secrets
	Progress  func(Progress)   // is called from several goroutines at once, and must return at once
	Log       *slog.Logger     // for developers; nil: discarded

	mu      sync.Mutex
	running map[string]*Recorder // checks that run, abandoned ones among them
	single  sync.Mutex
}

// ErrBusy is the answer of Suite.Run while the same Suite runs already.
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
func Run(ctx context.Context, checks []Checker) (*Report, error) {
	return (&Suite{Checks: checks}).Run(ctx)
}

// Collect runs one check and returns its result.
func Collect(ctx context.Context, c Checker) (Result, error) {
	rep, err := Run(ctx, []Checker{c})
	if err != nil {
		return Result{}, err
	}
	return rep.Results[0], nil
}

// Run asks all checks that are due, folds what they found into what is open,
// stores the report and hands it to the reporter. It always returns a report
// unless the list of checks is unusable: a bad or double name, a malformed
// catalogue, or ErrBusy. Beside a report the error is a *StoreError, a
// *DeliveryError, or both joined. Run never retries.
func (s *Suite) Run(ctx context.Context) (*Report, error) {
	if !s.single.TryLock() {
		return nil, ErrBusy
	}
	defer s.single.Unlock()
	rules, err := s.validate()
	if err != nil {
		return nil, err
	}
	// What is remembered and what was found are worth more than a second: a run
	// that is cancelled is loaded, stored and told like any other.
	whole := context.WithoutCancel(ctx)
	saved, loadErr := s.load(whole)
	rep := s.begin(saved, s.Store != nil && loadErr == nil)
	kept := s.runChecks(ctx, rep, rules, saved)
	rep.Finished = s.now().UTC()
	open, changes := saved.Open.Next(rep)
	rep.Changes, rep.Notices = changes, append(rep.Notices, open.notices()...)
	s.explain(rep)
	storeErr := loadErr
	if s.Store != nil && loadErr == nil {
		storeErr = s.save(whole, Saved{Report: rep, Open: open, Kept: kept})
	}
	return rep, errors.Join(storeErr, s.deliver(whole, rep))
}

// explain asks for explanations. Findings stand without them.
func (s *Suite) explain(rep *Report) {
	if s.Explain == nil {
		return
	}
	err := guard("Explain", func() error { rep.Explanations = s.Explain(rep); return nil })
	if err != nil {
		rep.Notices = append(rep.Notices, "the findings are not explained: "+firstLine(err))
	}
}

// save stores a report, and notes on it what keeps it from being stored: who is
// told of it shall know that the next report will tell the same once more.
func (s *Suite) save(ctx context.Context, saved Saved) error {
	err := guard("Store.Save", func() error { return s.Store.Save(ctx, saved) })
	if err == nil {
		return nil
	}
	saved.Report.Notices = append(saved.Report.Notices, "this report could not be stored, so the next one tells the same again: "+firstLine(err))
	return &StoreError{"save", err}
}

const deliveryTimeout = 10 * time.Minute

func (s *Suite) deliver(ctx context.Context, rep *Report) error {
	if s.Reporter == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	if err := guard("Reporter", func() error { return s.Reporter.Report(ctx, rep) }); err != nil {
		return &DeliveryError{err}
	}
	return nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// load reads the memory. Damaged memory is a notice and an error of the run:
// the checks run all the same, and nothing is written over it.
func (s *Suite) load(ctx context.Context) (Saved, error) {
	if s.Store == nil {
		return Saved{}, nil
	}
	var saved Saved
	err := guard("Store.Load", func() (err error) { saved, err = s.Store.Load(ctx); return err })
	if err == nil {
		return saved, nil
	}
	notice := "the memory of earlier runs could not be read, so nothing here is compared with them and this report was not stored: " + firstLine(err)
	return Saved{Notices: []string{notice}}, &StoreError{"load", err}
}

func (s *Suite) begin(saved Saved, memory bool) *Report {
	rep := &Report{Schema: Schema, Labels: s.Labels, Started: s.now().UTC(), Notices: slices.Clone(saved.Notices)}
	if memory {
		rep.Seq = 1
	}
	if last := saved.Report; last != nil {
		rep.Seq = last.Seq + 1
		if rep.Started.Before(last.Started) {
			rep.Notices = append(rep.Notices, fmt.Sprintf(
				"the clock stands %s before the last report (%s): it was set back, or was wrong then; reports are ordered by number",
				last.Started.Sub(rep.Started).Round(time.Second), last.Started.Format(time.RFC3339)))
		}
	}
	sum := sha256.Sum256([]byte(s.Labels.Tenant + "\x00" + s.Labels.Host + "\x00" +
		strconv.FormatUint(rep.Seq, 10) + "\x00" + rep.Started.Format(time.RFC3339Nano)))
	rep.ID = "r1:" + hex.EncodeToString(sum[:])[:32]
	return rep
}

// validate checks names and catalogues before anything runs.
func (s *Suite) validate() (map[string]map[string]Rule, error) {
	all := map[string]map[string]Rule{}
	var errs []error
	for i, c := range s.Checks {
		errs = append(errs, guard(fmt.Sprintf("check %d (%T)", i+1, c), func() error { return validate(c, all) }))
	}
	return all, errors.Join(errs...)
}

func validate(c Checker, all map[string]map[string]Rule) error {
	name := c.Name()
	if !validName(name) {
		return fmt.Errorf("check name %q is not made of a-z, 0-9, '.' and '-'", clip(name, 60))
	}
	if _, double := all[name]; double {
		return fmt.Errorf("two checks are named %s", name)
	}
	rules, err := catalogue(c)
	if err != nil {
		return fmt.Errorf("catalogue of %s: %w", name, err)
	}
	all[name] = rules
	return nil
}

// runChecks fills rep.Results in declared order and returns what is kept.
func (s *Suite) runChecks(ctx context.Context, rep *Report, rules map[string]map[string]Rule, saved Saved) map[string]map[string][]byte {
	kept := map[string]map[string][]byte{}
	for check, values := range saved.Kept {
		kept[check] = values
	}
	rep.Results = make([]Result, len(s.Checks))
	slots := make(chan struct{}, s.parallel())
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, c := range s.Checks {
		name := c.Name()
		if !s.due(name, rep) {
			rep.Results[i] = notDue(name, saved.Report)
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			rec := s.recorder(name, rules[name], saved.Kept[name])
			rep.Results[i] = s.runOne(ctx, c, rec)
			mu.Lock()
			defer mu.Unlock()
			if values := rec.keptAfter(); len(values) > 0 {
				kept[name] = values
			} else {
				delete(kept, name)
			}
		})
	}
	wg.Wait()
	return kept
}

func (s *Suite) parallel() int {
	if s.Parallel > 0 {
		return s.Parallel
	}
	return 2
}

// due asks whether a check is due. Where that cannot be told, it is.
func (s *Suite) due(check string, rep *Report) bool {
	if s.Due == nil {
		return true
	}
	var due bool
	err := guard("Due", func() error { due = s.Due(check); return nil })
	if err != nil {
		rep.Notices = append(rep.Notices, "whether "+check+" is due could not be told, so it was run: "+firstLine(err))
	}
	return due || err != nil
}

// notDue carries what the last run of a check said. Its numbers get the time of
// that run, so that nobody takes them for today's. A check that was never asked
// stays unknown: not being due makes nothing good.
func notDue(check string, last *Report) Result {
	var old *Result
	if last != nil {
		old = last.Result(check)
	}
	if old == nil || old.Status == Unknown {
		return (&Recorder{check: check, redact: redact.New(nil), res: Result{Check: check, Rules: []string{}}}).
			seal(Unknown, "not due, and nobody has looked before")
	}
	res := *old
	if res.Status != OK && res.Status != NotDue {
		res.Reason = strings.TrimSuffix("last time "+res.Status.String()+": "+res.Reason, ": ")
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

func (s *Suite) recorder(check string, rules map[string]Rule, kept map[string][]byte) *Recorder {
	ids := sortedKeys(rules)
	if ids == nil {
		ids = []string{}
	}
	r := &Recorder{
		check: check, rules: rules, limits: s.Limits.withDefaults(), clock: s.now, kept: kept,
		redact: redact.New(s.RedactKey), tell: s.tell, log: s.log(),
		keep: map[string][]byte{}, seen: map[string]int{}, res: Result{Check: check, Rules: ids},
	}
	for name, value := range kept {
		r.keep[name] = value
	}
	return r
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
