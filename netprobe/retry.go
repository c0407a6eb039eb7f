package netprobe

import (
	"context"
	"time"
)

// Retry tries again where the cause is one that may pass. It hides nothing: the
// Attempts of all tries are in the result.
type Retry struct {
	Prober
	Times int           // tries after the first; zero: none
	Wait  time.Duration // before each
}

// Probe makes one transaction, and more of them as long as they fail.
func (r Retry) Probe(ctx context.Context) Result {
	res := r.Prober.Probe(ctx)
	for range r.Times {
		if !res.Cause.Transient() || res.State == OK || wait(ctx, r.Wait) != nil {
			break
		}
		before := res
		res = r.Prober.Probe(ctx)
		res.Attempts = append(before.Attempts, res.Attempts...)
		res.Start = before.Start
	}
	return res
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Limit lets as many probes run at once as the capacity of Slots.
type Limit struct {
	Prober
	Slots chan struct{}
}

// Probe waits for a slot and makes one transaction.
func (l Limit) Probe(ctx context.Context) Result {
	select {
	case l.Slots <- struct{}{}:
		defer func() { <-l.Slots }()
		return l.Prober.Probe(ctx)
	case <-ctx.Done():
		is := Issue{State: Unknown, Cause: LocalCancelled, Detail: "no slot was free before the caller's context ended"}
		return Result{State: is.State, Cause: is.Cause, Detail: is.Detail, Start: time.Now(), Issues: []Issue{is}}
	}
}
