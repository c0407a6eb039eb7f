package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	defaultTimeout = 10 * time.Minute
	defaultGrace   = 5 * time.Second
)

const cancelled = "the run was cancelled"

// errDeadline is the cause of a context that ended by the check's own deadline.
var errDeadline = errors.New("the check's deadline")

// runOne runs a check until it ends, or until its deadline and grace are over.
func (s *Suite) runOne(ctx context.Context, c Checker, cl *claim) Result {
	started := s.now()
	s.tell(Progress{Check: cl.check, State: "started"})
	res := s.supervise(ctx, c, cl)
	res.Started, res.Took = started.UTC(), max(s.now().Sub(started), 0)
	s.tell(Progress{Check: cl.check, State: "ended", End: res.Status})
	return res
}

func (s *Suite) supervise(ctx context.Context, c Checker, cl *claim) Result {
	rec := cl.rec
	if before := cl.before; before != nil {
		rec.notRun(CodeRunning, fmt.Sprintf("the run of this check that was abandoned earlier still runs; %d of its writes came too late", before.lateWrites()))
		return rec.seal(Failed, "an earlier run still runs")
	}
	if ctx.Err() != nil {
		return rec.seal(Unknown, "the run was cancelled before this check began")
	}
	timeout := s.timeout(cl.check)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	rec.ctx = ctx
	done := make(chan ending, 1)
	s.began(cl)
	go func() {
		out := call(ctx, c, rec)
		s.ended(cl) // first: the next run may begin as soon as this one knows the end
		done <- out
	}()
	select {
	case out := <-done:
		return rec.finish(ctx, out, timeout)
	case <-ctx.Done():
	}
	grace := time.NewTimer(s.grace())
	defer grace.Stop()
	select {
	case out := <-done:
		return rec.finish(ctx, out, timeout)
	case <-grace.C:
		return rec.abandon(ctx, timeout)
	}
}

// call runs the check and waits for its children.
func call(ctx context.Context, c Checker, rec *Recorder) ending {
	e := watch(func() error { return c.Check(ctx, rec) })
	rec.children.Wait()
	return e
}

func (s *Suite) grace() time.Duration {
	if s.Grace > 0 {
		return s.Grace
	}
	return defaultGrace
}

// notRun records a problem of a check that was not started.
func (r *Recorder) notRun(code, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problem("", code, message, "")
}

// finish turns the end of a check into its result.
func (r *Recorder) finish(ctx context.Context, out ending, timeout time.Duration) Result {
	status, reason := r.judge(ctx, out, timeout)
	return r.seal(status, reason)
}

func (r *Recorder) judge(ctx context.Context, out ending, timeout time.Duration) (status Status, reason string) {
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
func (r *Recorder) note(out ending) (skipped string, err error) {
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
func (r *Recorder) ended(e ending) {
	switch {
	case e.panicked != nil:
		r.panicked = true
		r.problem("", CodePanic, fmt.Sprintf("panic: %v", e.panicked), string(e.stack))
	case e.goexit:
		r.panicked = true
		r.problem("", CodePanic, "the check ended its goroutine instead of returning", "")
	case e.err != nil:
		r.childErr = append(r.childErr, e.err)
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
		return fmt.Sprintf("more than the recorder takes: some of it was dropped (%s)", strings.Join(sortedKeys(res.Dropped), ", "))
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
