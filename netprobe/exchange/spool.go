package exchange

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// A Spool is a shared store with one of this machine before it: a vantage that
// does not reach the shared one goes on, and brings there what is new when it can.
type Spool struct {
	Local, Shared Store

	pushing sync.Mutex // held by who brings something to the shared store
	mu      sync.Mutex // of what follows
	begun   bool
	pending map[verdict.Key]Record // what the shared store does not have
}

// spoolPatience is how long the shared store may take for a part, and
// spoolReadPatience for all that it has.
const (
	spoolPatience     = 5 * time.Second
	spoolReadPatience = 20 * time.Second
)

// Put keeps what is later here, and brings it to the shared store. The error says
// that it is not there yet; what was taken is safe here all the same.
func (s *Spool) Put(ctx context.Context, records ...Record) (taken []Record, err error) {
	taken, err = s.Local.Put(ctx, records...)
	if err != nil {
		return taken, err
	}
	if err := s.add(ctx, taken); err != nil {
		return taken, err
	}
	return taken, s.push(ctx)
}

// add notes what the shared store does not have.
func (s *Spool) add(ctx context.Context, taken []Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(ctx); err != nil {
		return err
	}
	for _, r := range taken {
		s.pending[r.Key] = r
	}
	return nil
}

// begin takes all that an earlier process has left for what is not shared yet.
func (s *Spool) begin(ctx context.Context) error {
	if s.begun {
		return nil
	}
	all, err := s.Local.All(ctx)
	if err != nil {
		return err
	}
	s.pending = map[verdict.Key]Record{}
	for _, r := range all {
		s.pending[r.Key] = r
	}
	s.begun = true
	return nil
}

// push brings what waits to the shared store, in parts that it can take in its
// time. While one does that, which may take long, no other waits for it.
func (s *Spool) push(ctx context.Context) error {
	if !s.pushing.TryLock() {
		return nil // what is new goes with what it brings next
	}
	defer s.pushing.Unlock()
	for part := s.next(); len(part) > 0; part = s.next() {
		limited, cancel := context.WithTimeout(ctx, spoolPatience)
		_, err := s.Shared.Put(limited, part...)
		cancel()
		s.mu.Lock()
		waiting := len(s.pending)
		if err == nil {
			for _, r := range part {
				if s.pending[r.Key].Seq == r.Seq {
					delete(s.pending, r.Key)
				}
			}
		}
		s.mu.Unlock()
		if err != nil {
			return fmt.Errorf("%d observations wait for the shared store: %w", waiting, err)
		}
	}
	return nil
}

// spoolPart is how many records are brought at once.
const spoolPart = 200

// next gives some that wait, in an order in which two who bring the same do not
// wait for each other.
func (s *Spool) next() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var part []Record
	for _, r := range s.pending {
		if part = append(part, r); len(part) == spoolPart {
			break
		}
	}
	slices.SortFunc(part, func(a, b Record) int {
		return cmp.Or(strings.Compare(a.Key.Target, b.Key.Target), strings.Compare(a.Key.Vantage, b.Key.Vantage))
	})
	return part
}

// All gives what the shared store has, and what this machine knows. Without the
// shared one it is the latter: what others saw grows old by itself.
func (s *Spool) All(ctx context.Context) ([]Record, error) {
	limited, cancel := context.WithTimeout(ctx, spoolReadPatience)
	defer cancel()
	if shared, err := s.Shared.All(limited); err == nil {
		if _, err := s.Local.Put(ctx, shared...); err != nil {
			return nil, err
		}
	}
	return s.Local.All(ctx)
}

// Lease asks the shared store.
func (s *Spool) Lease(ctx context.Context, task, holder string, length time.Duration) (token uint64, err error) {
	return Lease(ctx, s.Shared, task, holder, length)
}
