package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/guard"
	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// A Recording is one run of one check as who runs it sees it: it makes the
// recorder that the check writes to, and of that the result. Package report/suite
// runs checks, and most users need no more than that.
type Recording struct{ rec *Recorder }

// Before is what a recording begins with. All zero values work.
type Before struct {
	Limits    Limits
	Clock     func() time.Time  // zero: time.Now
	RedactKey []byte            // of the marks that stand for secrets
	Progress  func(Progress)    // is called from several goroutines at once, and must return at once
	Log       *slog.Logger      // for developers; nil: discarded
	Kept      map[string][]byte // what the last stored run kept

	Large     map[string]string                   // name: digest, of the large values that it kept
	LoadLarge func(digest string) ([]byte, error) // nil: the large values are nowhere
	NoLarge   bool                                // no large values can be kept
}

// After is what a recording leaves to the next one of the same check.
type After struct {
	Kept   map[string][]byte
	Large  map[string]string // name: digest, of the large values that stay
	Values map[string][]byte // name: value, of those that it keeps anew
}

// NewRecording makes a recording for a check of this name and catalogue, see Rules.
func NewRecording(check string, rules map[string]Rule, b Before) *Recording {
	ids, former := slices.Sorted(maps.Keys(rules)), []string{}
	for _, id := range ids {
		former = append(former, rules[id].Former...)
	}
	r := &Recorder{
		check: check, rules: rules, limits: b.Limits.withDefaults(), clock: b.Clock, kept: b.Kept,
		redact: redact.New(b.RedactKey), tell: b.Progress, log: b.Log,
		keep: map[string][]byte{}, found: newRecorded(), res: Result{Check: check, Rules: notNil(ids), FormerRules: former},
		large: large{
			before: b.Large, after: maps.Clone(b.Large), values: map[string][]byte{},
			load: b.LoadLarge, store: !b.NoLarge,
		},
	}
	if r.clock == nil {
		r.clock = time.Now
	}
	if r.tell == nil {
		r.tell = func(Progress) {}
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	for name, value := range b.Kept {
		r.keep[name] = value
	}
	return &Recording{r}
}

// cancelled is the message of a run that somebody ended.
const cancelled = "the run was cancelled"

// errDeadline is the cause of a context that ended by the check's own deadline.
var errDeadline = errors.New("the check's deadline")

// Run runs the check until it ends, or until its deadline and grace are over: it
// is abandoned then. Ended is called when its goroutine is at its end, in the
// second case whenever that is, in the first before Run returns; nil is not. A
// recording runs once.
func (r *Recording) Run(ctx context.Context, c Checker, timeout, grace time.Duration, ended func()) Result {
	rec := r.rec
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	rec.ctx = ctx
	done := make(chan guard.Ending, 1)
	go func() {
		out := call(ctx, c, rec)
		if ended != nil {
			ended() // first: the next run may begin as soon as this one knows the end
		}
		done <- out
	}()
	select {
	case out := <-done:
		return rec.finish(ctx, out, timeout)
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case out := <-done:
		return rec.finish(ctx, out, timeout)
	case <-late.C:
		return rec.abandon(ctx, timeout)
	}
}

// call runs the check and waits for its children.
func call(ctx context.Context, c Checker, rec *Recorder) guard.Ending {
	e := guard.Watch(func() error { return c.Check(ctx, rec) })
	rec.children.Wait()
	return e
}

// Refuse is the result of a check that was not run. A code, if any, makes a
// problem of the whole check, with the message.
func (r *Recording) Refuse(status Status, reason, code, message string) Result {
	if code != "" {
		r.rec.notRun(code, message)
	}
	return r.rec.seal(status, reason)
}

// LateWrites is how many writes came after the end.
func (r *Recording) LateWrites() uint64 { return r.rec.lateWrites() }

// After gives what is kept for the next run: what was kept before, when a finding
// of this run was not recorded.
func (r *Recording) After() After {
	names, values := r.rec.largeAfter()
	return After{Kept: r.rec.keptAfter(), Large: names, Values: values}
}

// notRun records a problem of a check that was not started.
func (r *Recorder) notRun(code, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problem("", code, message, "")
}

// finish turns the end of a check into its result.
func (r *Recorder) finish(ctx context.Context, out guard.Ending, timeout time.Duration) Result {
	status, reason := r.judge(ctx, out, timeout)
	return r.seal(status, reason)
}

func (r *Recorder) judge(ctx context.Context, out guard.Ending, timeout time.Duration) (status Status, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	skipped, err := r.note(out)
	timedOut := errors.Is(context.Cause(ctx), errDeadline)
	switch {
	case r.panicked:
		return Panicked, "the check's code failed; what it found before stands"
	case skipped != "":
		return Skipped, skipped
	case err != nil && timedOut:
		return TimedOut, "not done within " + timeout.String()
	case err != nil && ctx.Err() != nil:
		return Partial, cancelled
	case err != nil && len(r.res.Covered)+len(r.res.Findings) == 0:
		return Failed, ""
	case len(r.res.Problems) > 0:
		return Partial, ""
	}
	return OK, ""
}

// note records how the check and its children ended. A check that only says
// "not applicable" is skipped; one that found anything as well is not. The
// caller holds the lock.
func (r *Recorder) note(out guard.Ending) (skipped string, err error) {
	r.ended(out)
	for _, e := range r.childErr {
		if reason, ok := skipReason(e); ok && len(r.childErr) == 1 && len(r.res.Problems)+len(r.res.Findings) == 0 {
			return reason, nil
		}
		message := oneLine(e)
		if errors.Is(e, context.Canceled) {
			message = cancelled
		}
		r.problem("", codeOf(e), message, "")
	}
	return "", errors.Join(r.childErr...)
}

// ended takes in how a function of the check ended; the caller holds the lock.
func (r *Recorder) ended(e guard.Ending) {
	switch {
	case e.Panicked != nil:
		r.panicked = true
		r.problem("", CodePanic, fmt.Sprintf("panic: %v", e.Panicked), string(e.Stack))
	case e.Goexit:
		r.panicked = true
		r.problem("", CodePanic, "the check ended its goroutine instead of returning", "")
	case e.Err != nil:
		r.childErr = append(r.childErr, e.Err)
	}
}

// abandon gives up waiting for a check.
func (r *Recorder) abandon(ctx context.Context, timeout time.Duration) Result {
	if errors.Is(context.Cause(ctx), errDeadline) {
		r.notRun(CodeTimeout, "not done within "+timeout.String()+", and did not stop when told to: it was abandoned")
		return r.seal(TimedOut, "not done within "+timeout.String()+"; abandoned")
	}
	r.notRun(CodeTimeout, "the run was cancelled and the check did not stop: it was abandoned")
	return r.seal(Partial, "the run was cancelled; abandoned")
}

// seal ends recording and returns a sorted copy of what was recorded.
func (r *Recorder) seal(status Status, reason string) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sealed = true
	r.settle()
	res := r.res
	sortResult(&res)
	if len(res.Dropped) > 0 && status == OK {
		status = Partial
	}
	res.Status, res.Reason = status, r.text(reason)
	if res.Reason == "" && !status.Complete() {
		res.Reason = summaryOf(res)
	}
	res.Findings, res.Metrics, res.Series = notNil(res.Findings), notNil(res.Metrics), notNil(res.Series)
	res.Artifacts, res.Covered, res.Problems = notNil(res.Artifacts), notNil(res.Covered), notNil(res.Problems)
	return res
}

func summaryOf(res Result) string {
	switch n := len(res.Problems); n {
	case 0:
		return fmt.Sprintf("more than the recorder takes: some of it was dropped (%s)", strings.Join(slices.Sorted(maps.Keys(res.Dropped)), ", "))
	case 1:
		return clip(res.Problems[0].Message, 200)
	default:
		return fmt.Sprintf("%s; and %d more", clip(res.Problems[0].Message, 200), n-1)
	}
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
