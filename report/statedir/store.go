package statedir

import (
	"context"
	"errors"

	"github.com/pugetsoundtech/upkeep/report/memory"
)

// store is a FileStore that tells what happened to its folder. What happened
// takes effect when a report that says it is stored.
type store struct {
	memory.FileStore
	dir *Dir
}

// Load adds the folder's notices.
func (s *store) Load(ctx context.Context) (memory.Saved, error) {
	saved, err := s.FileStore.Load(ctx)
	saved.Notices = append(saved.Notices, s.dir.notices...)
	return saved, err
}

// Save stores, then settles what the notices said.
func (s *store) Save(ctx context.Context, saved memory.Saved) error {
	if err := s.FileStore.Save(ctx, saved); err != nil {
		return err
	}
	var errs []error
	for _, settle := range s.dir.after {
		errs = append(errs, settle())
	}
	s.dir.after, s.dir.notices = nil, nil
	return errors.Join(errs...)
}

// none is a place that cannot be used, and says so.
type none struct{ why error }

// Load says why there is no memory.
func (s none) Load(context.Context) (memory.Saved, error) { return memory.Saved{}, s.why }

// Save says why nothing is stored.
func (s none) Save(context.Context, memory.Saved) error { return s.why }
