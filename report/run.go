package report

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
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

// ending is how a function ended.
type ending struct {
	err      error
	panicked any
	stack    []byte
	goexit   bool // it ended its goroutine instead of returning
}

// runOne runs a check until it ends, or until its deadline and grace are over.
func (s *Suite) runOne(ctx context.Context, c Checker, rec *Recorder) Result {
	name := c.Name()
	started := s.now()
	s.tell(Progress{Check: name, State: "started"})
	res := s.supervise(ctx, c, rec)
	res.Started, res.Took = started.UTC(), max(s.now().Sub(started), 0)
	s.tell(Progress{Check: name, State: "ended", End: res.Status})
	return res
}

func (s *Suite) supervise(ctx context.Context, c Checker, rec *Recorder) Result {
	name := c.Name()
	if ctx.Err() != nil {
		return rec.seal(Unknown, "the run was cancelled before this check began")
	}
	if before := s.claim(name, rec); before != nil {
		rec.notRun(CodeRunning, fmt.Sprintf("the run of this check that was abandoned earlier still runs; %d of its writes came too late", before.lateWrites()))
		return rec.seal(Failed, "an earlier run still runs")
	}
	timeout := s.timeout(name)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	rec.ctx = ctx
	done := make(chan ending, 1)
	go func() {
		out := call(ctx, c, rec)
		s.release(name) // first: the next run may begin as soon as this one knows the end
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

// watch runs fn on a goroutine of its own, which fn may end by a panic or by
// runtime.Goexit.
func watch(fn func() error) ending {
	c := make(chan ending, 1)
	go func() {
		e := ending{goexit: true}
		defer func() {
			if v := recover(); v != nil {
				e = ending{panicked: v, stack: debug.Stack()}
			}
			c <- e
		}()
		e.err = fn()
		e.goexit = false
	}()
	return <-c
}

// claim takes the check for this run; it returns the recorder of an earlier run
// that still lives.
func (s *Suite) claim(check string, rec *Recorder) (before *Recorder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before = s.running[check]; before != nil {
		return before
	}
	if s.running == nil {
		s.running = map[string]*Recorder{}
	}
	s.running[check] = rec
	return nil
}

func (s *Suite) release(check string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, check)
}

// Hung returns the number of checks whose abandoned run still lives. A
// goroutine cannot be killed; it is not started again while it lives.
func (s *Suite) Hung() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, rec := range s.running {
		if rec.isSealed() {
			n++
		}
	}
	return n
}

// tell passes progress on. What only shows it ends no check and no run by a
// fault of its own.
func (s *Suite) tell(p Progress) {
	if s.Progress == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.log().Warn("Progress panicked", "value", v, "stack", string(debug.Stack()))
		}
	}()
	s.Progress(p)
}

func (s *Suite) timeout(check string) time.Duration {
	if s.Timeout == nil {
		return defaultTimeout
	}
	var d time.Duration
	err := guard("Timeout", func() error { d = s.Timeout(check); return nil })
	if err != nil {
		s.log().Warn("the default timeout is used", "check", check, "error", err)
	}
	if err != nil || d <= 0 {
		return defaultTimeout
	}
	return d
}

// guard makes an error of fn's panic.
func guard(name string, fn func() error) error {
	e := watch(fn)
	switch {
	case e.panicked != nil:
		return fmt.Errorf("%s panicked: %v\n%s", name, e.panicked, e.stack)
	case e.goexit:
		return fmt.Errorf("%s ended its goroutine instead of returning", name)
	}
	return e.err
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

func (r *Recorder) isSealed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sealed
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
