package tree

import (
	"context"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Pace bounds what a scan takes of a machine on which others work. A bound of
// zero is none.
type Pace struct {
	Bytes int64 // of contents that are read in a second
	Files int64 // whose content is read in a second
}

// Slow makes a walk wait before it reads more.
func (p Pace) Slow(ctx context.Context, o *host.WalkOptions) {
	if p == (Pace{}) {
		return
	}
	files, bytes := bucket{rate: p.Files}, bucket{rate: p.Bytes}
	read := o.Read
	o.Read = func(now, was *host.Entry) host.Reading {
		var r host.Reading
		if read != nil {
			r = read(now, was)
		}
		if o.Trusts(r, was) != nil {
			return r
		}
		files.take(ctx, 1)
		r.Sink = paced{ctx, r.Sink, &bytes}
		return r
	}
}

// paced is a Sink that takes its time.
type paced struct {
	ctx   context.Context
	inner host.Sink // nil: none
	bytes *bucket
}

// Write waits for as many bytes.
func (p paced) Write(b []byte) (int, error) {
	p.bytes.take(p.ctx, int64(len(b)))
	if p.inner == nil {
		return len(b), nil
	}
	return p.inner.Write(b)
}

// End ends the inner one.
func (p paced) End(now *host.Entry, err error) error {
	if p.inner == nil {
		return nil
	}
	return p.inner.End(now, err)
}

// A bucket gives out so many in a second.
type bucket struct {
	rate int64 // zero: any

	mu   sync.Mutex
	free time.Time // when the next are
}

// take waits for n, or until the walk is ended.
func (b *bucket) take(ctx context.Context, n int64) {
	if b.rate <= 0 {
		return
	}
	b.mu.Lock()
	now := time.Now()
	if b.free.Before(now) {
		b.free = now
	}
	wait := b.free.Sub(now)
	b.free = b.free.Add(time.Duration(float64(n) / float64(b.rate) * float64(time.Second)))
	b.mu.Unlock()
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
