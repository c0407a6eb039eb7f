package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/guard"
	"github.com/pugetsoundtech/upkeep/report"
)

// What is plugged into a suite has so long for one call, and a grace.
const (
	deliveryTimeout = 10 * time.Minute
	storeTimeout    = 10 * time.Minute
	explainTimeout  = time.Minute
	callbackTimeout = 10 * time.Second
)

// errAbandoned says that what is plugged in did not come back in time.
var errAbandoned = errors.New("did not come back in time and was abandoned")

// answer gives what fn gives, an error for its panic, and errAbandoned when it
// has not come back after limit and the suite's grace. What was abandoned is not
// called again while it lives. fn must not touch what its caller has.
func answer[T any](ctx context.Context, s *Suite, name string, limit time.Duration, fn func(ctx context.Context) (T, error)) (T, error) {
	var zero T
	if s.isHung(name) {
		return zero, fmt.Errorf("%s: the call that was abandoned earlier still runs", name)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answered struct {
		value T
		err   error
	}
	done := make(chan answered)
	gone := make(chan struct{})
	go func() {
		var value T
		e := guard.Watch(func() (err error) { value, err = fn(ctx); return err })
		select {
		case done <- answered{value, e.Of(name)}:
		case <-gone:
			s.setHung(name, false)
		}
	}()
	late := time.NewTimer(limit + s.grace())
	defer late.Stop()
	select {
	case a := <-done:
		return a.value, a.err
	case <-late.C:
		s.setHung(name, true)
		close(gone)
		return zero, fmt.Errorf("%s %w", name, errAbandoned)
	}
}

func (s *Suite) isHung(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hung[name]
}

func (s *Suite) setHung(name string, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !is {
		delete(s.hung, name)
		return
	}
	if s.hung == nil {
		s.hung = map[string]bool{}
	}
	s.hung[name] = true
}

// tell passes progress on. What only shows it ends no check and no run by a
// fault of its own.
func (s *Suite) tell(p report.Progress) {
	if s.Progress == nil {
		return
	}
	_, err := answer(context.Background(), s, "Progress", callbackTimeout, func(context.Context) (struct{}, error) {
		s.Progress(p)
		return struct{}{}, nil
	})
	if err != nil {
		s.log().Warn("progress was not shown", "error", err)
	}
}

func (s *Suite) timeout(check string) time.Duration {
	if s.Timeout == nil {
		return defaultTimeout
	}
	d, err := answer(context.Background(), s, "Timeout", callbackTimeout, func(context.Context) (time.Duration, error) {
		return s.Timeout(check), nil
	})
	if err != nil {
		s.log().Warn("the default timeout is used", "check", check, "error", err)
	}
	if err != nil || d <= 0 {
		return defaultTimeout
	}
	return d
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
