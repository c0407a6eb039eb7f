package netprobe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/netprobe/internal/wire"
)

const (
	// DefaultTimeout is how long a probe may take where nobody says.
	DefaultTimeout = 10 * time.Second

	closeTimeout = time.Second // for a polite end
	maxDetail    = 1 << 10
	maxFact      = 512
)

// An Exchange is a transaction under way, with one address.
type Exchange struct {
	Result Result // so far; a script sets Code and Enhanced as replies come

	goal
	script Script
	ctx    context.Context // ends with the overall deadline
	caller context.Context
	wire   *wire.Conn
	diag   func(*tls.Config) // not nil: this is the second, diagnostic try
}

// errStop ends a script whose issue is already recorded.
var errStop = errors.New("stop")

// Probe resolves, runs the script on a fresh connection to each address, and
// judges over all.
func (p Script) Probe(caller context.Context) Result {
	if p.Timeout <= 0 {
		p.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(caller, p.Timeout)
	defer cancel()
	all := Exchange{script: p, ctx: ctx, caller: caller}
	all.Result.Start = p.Net.now()
	began := time.Now()
	goals, err := all.resolve()
	if err != nil {
		all.Result.Took = time.Since(began)
		all.Result.Judge()
		all.Result.Attempts = []Attempt{all.Result.attempt()}
		return all.Result
	}
	res := merge(all.each(goals), p.Net.All)
	res.Phases = append(all.Result.Phases, res.Phases...)
	res.Start, res.Took = all.Result.Start, time.Since(began)
	return res
}

func (s *Exchange) resolve() (goals []goal, err error) {
	began := time.Now()
	goals, err = s.protect(func() ([]goal, error) { return s.script.Net.goals(s.ctx, s.script.Addr) })
	if err != nil {
		s.Result.timed(PhaseResolve, time.Since(began))
		s.record(PhaseResolve, err)
		return nil, err
	}
	if goals[0].at.IsValid() && goals[0].dial != s.script.Addr { // it was a name
		s.Result.timed(PhaseResolve, time.Since(began))
	}
	return goals, nil
}

// protect turns a panic of the caller's resolver into an error.
func (s *Exchange) protect(fn func() ([]goal, error)) (goals []goal, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = Failf(LocalError, "the prober failed: %v", v)
		}
	}()
	return fn()
}

// each runs the script with every address, at the same time.
func (s *Exchange) each(goals []goal) []Result {
	results := make([]Result, len(goals))
	var wg sync.WaitGroup
	for i, g := range goals {
		one := &Exchange{script: s.script, goal: g, ctx: s.ctx, caller: s.caller}
		if len(goals) == 1 {
			return []Result{one.run()}
		}
		wg.Go(func() { results[i] = one.run() })
	}
	wg.Wait()
	return results
}

// run is one attempt, and the second one that explains it where that can.
func (s *Exchange) run() Result {
	s.attempt()
	s.Result.Attempts = []Attempt{s.Result.attempt()}
	if s.diag == nil {
		s.diagnose()
	}
	return s.Result
}

func (s *Exchange) attempt() {
	s.Result.Start = s.script.Net.now()
	began := time.Now()
	defer func() {
		if v := recover(); v != nil {
			s.Note(Unknown, LocalError, s.Result.Phase, fmt.Sprintf("the prober failed: %v", v))
		}
		s.Result.Took = time.Since(began)
		s.Result.Judge()
	}()
	release := func() {}
	err := s.Step(PhaseConnect, func() error {
		conn, at, err := s.script.Net.connect(s.ctx, cmp.Or(s.script.Network, "tcp"), s.goal)
		s.Result.Addr = at
		if err == nil {
			s.wire, release = wire.New(s.ctx, conn, s.script.budget())
			s.wire.Conceal(s.script.Secrets...)
		}
		return err
	})
	if err != nil {
		return
	}
	defer release()
	if err := s.script.Run(s); err != nil && !errors.Is(err, errStop) {
		s.record(PhaseConnect, err)
	}
	if s.wire.BareLF {
		s.Note(Warning, ProtoBareLF, PhaseBanner, "the server ends lines with LF alone, not with CR LF")
	}
	s.keep()
}

// keep takes over what the wire knows, and keeps secrets out of what quotes it.
func (s *Exchange) keep() {
	said := s.wire.Transcript()
	s.Result.Transcript = slices.Grow(s.Result.Transcript, len(said))
	for _, l := range said {
		s.Result.Transcript = append(s.Result.Transcript, Line(l))
	}
	if len(s.script.Secrets) == 0 {
		return
	}
	for i := range s.Result.Issues {
		s.Result.Issues[i].Detail = s.wire.Hide(s.Result.Issues[i].Detail)
	}
	for _, values := range s.Result.Facts {
		for i := range values {
			values[i] = s.wire.Hide(values[i])
		}
	}
}

// Step times one phase and makes an Issue of its error: of a [Failure] as that
// says, and of any other by what it says of the connection. Its own error only
// says that the transaction is over.
func (s *Exchange) Step(phase Phase, fn func() error) error {
	began := time.Now()
	err := fn()
	s.Result.timed(phase, time.Since(began))
	if err == nil || errors.Is(err, errStop) {
		return err
	}
	s.record(phase, err)
	return errStop
}

func (s *Exchange) record(phase Phase, err error) {
	if err := ended(s.caller); err != nil {
		s.Note(Unknown, LocalCancelled, phase, fmt.Sprintf("%s: %v", phase, err))
		return
	}
	f := s.failureOf(phase, err)
	if f.Cause == ProtoInjection {
		phase = PhaseStartTLS
	}
	s.Result.Issues = append(s.Result.Issues, Issue{
		State: f.State, Cause: f.Cause, Phase: phase, Code: f.Code, Enhanced: f.Enhanced, Detail: prose.Clip(f.Detail, maxDetail),
	})
}

// ended returns why a context is over. A connection has its deadline too and may
// notice it first, when the context itself has no error yet.
func ended(ctx context.Context) error {
	if at, set := ctx.Deadline(); set && ctx.Err() == nil && !time.Now().Before(at) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// failureOf classifies an error by where it came up.
func (s *Exchange) failureOf(phase Phase, err error) *Failure {
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	cause := CauseOf(err)
	if phase == PhaseTLS {
		cause = shaking(err)
	}
	words := err.Error()
	switch cause {
	case NetEOF:
		words = "the server closed the connection"
	case NetReset:
		words = "the server reset the connection"
	}
	f := Failf(cause, "%s: %s%s", phase, words, s.said(phase))
	f.Code = alertOf(err)
	return f
}

// said tells what came of the answer that is missing: nothing, and something
// else, are two faults.
func (s *Exchange) said(phase Phase) string {
	if s.wire == nil || phase == PhaseTLS {
		return ""
	}
	if half := s.wire.Pending(); len(half) > 0 {
		return fmt.Sprintf(", after %.80q", half)
	}
	for _, l := range s.wire.Transcript() {
		if !l.Sent {
			return ""
		}
	}
	return ", and it had said nothing"
}

// Note records an issue that does not end the transaction.
func (s *Exchange) Note(state State, cause Cause, phase Phase, detail string) {
	s.Result.Issues = append(s.Result.Issues, Issue{State: state, Cause: cause, Phase: phase, Detail: prose.Clip(detail, maxDetail)})
}

// Fact keeps what the service told of itself.
func (s *Exchange) Fact(name string, values ...string) {
	if s.Result.Facts == nil {
		s.Result.Facts = Facts{}
	}
	kept := make([]string, 0, len(values))
	for _, v := range values {
		kept = append(kept, prose.Clip(v, maxFact))
	}
	s.Result.Facts[name] = kept
}

// Leave says goodbye and waits a bounded time for the answer. What comes of it
// is no verdict on the service.
func (s *Exchange) Leave(line string) {
	began := time.Now()
	s.wire.Within(closeTimeout, func() error { //nolint:errcheck // a courtesy
		if err := s.wire.WriteLine(line); err != nil {
			return err
		}
		_, err := s.wire.ReadLine()
		return err
	})
	s.Result.timed(PhaseClose, time.Since(began))
}
