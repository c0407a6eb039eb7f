package reporttest

import (
	"context"
	"slices"
	"sync"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// A Checker is a fake made of data: it records what its fields hold.
type Checker struct {
	ID        string
	Catalogue []report.Rule
	Findings  []report.Finding
	Covered   []string
	Problems  map[string]error // scope: why it was not looked at
	Err       error            // what Check returns
	Panic     any              // raised after everything was recorded
	Hang      bool             // Check ignores its context and never returns before Release
	Release   chan struct{}    // closed to end a hanging Check
}

// Name returns c.ID.
func (c *Checker) Name() string { return c.ID }

// Rules returns c.Catalogue.
func (c *Checker) Rules() []report.Rule { return c.Catalogue }

// Check records the fields, then panics, hangs or returns c.Err.
func (c *Checker) Check(_ context.Context, rec *report.Recorder) error {
	for _, f := range c.Findings {
		rec.Finding(f)
	}
	for _, scope := range c.Covered {
		rec.Covered(scope)
	}
	for scope, err := range c.Problems {
		rec.Problem(err, scope)
	}
	if c.Panic != nil {
		panic(c.Panic)
	}
	if c.Hang {
		<-c.Release
	}
	return c.Err
}

// A Reporter is a fake that remembers what it was given. The zero value works.
type Reporter struct {
	Err error // what Report returns

	mu      sync.Mutex
	reports []*report.Report
}

// Report remembers rep and returns r.Err.
func (r *Reporter) Report(_ context.Context, rep *report.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, rep)
	return r.Err
}

// Reports returns the reports in the order in which they came.
func (r *Reporter) Reports() []*report.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reports)
}

// A Store is a fake in memory. The zero value is empty and works.
type Store struct {
	LoadErr error // what Load returns, if not nil
	SaveErr error // what Save returns, if not nil; nothing is saved then

	mu    sync.Mutex
	saved []byte
	rest  memory.Saved
}

// Load returns what was saved last.
func (s *Store) Load(ctx context.Context) (memory.Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil || s.LoadErr != nil {
		return memory.Saved{}, firstOf(err, s.LoadErr)
	}
	if s.saved == nil {
		return memory.Saved{}, nil
	}
	rep, err := report.Decode(s.saved)
	if err != nil {
		return memory.Saved{}, err
	}
	out := s.rest
	out.Report = rep
	out.Kept = copyKept(s.rest.Kept)
	out.Open.Items = slices.Clone(s.rest.Open.Items)
	return out, nil
}

// Save replaces what was saved.
func (s *Store) Save(ctx context.Context, saved memory.Saved) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil || s.SaveErr != nil {
		return firstOf(err, s.SaveErr)
	}
	rep := saved.Report
	if rep == nil {
		rep = &report.Report{Schema: report.Schema}
	}
	data, err := report.Encode(rep)
	if err != nil {
		return err
	}
	s.saved, s.rest = data, saved
	s.rest.Kept = copyKept(saved.Kept)
	s.rest.Open.Items = slices.Clone(saved.Open.Items)
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func copyKept(kept map[string]map[string][]byte) map[string]map[string][]byte {
	out := map[string]map[string][]byte{}
	for check, values := range kept {
		out[check] = map[string][]byte{}
		for name, value := range values {
			out[check][name] = slices.Clone(value)
		}
	}
	return out
}
