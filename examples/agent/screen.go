package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// screen is standard output as one of those who are told. It is told last, so a
// report counts as delivered only after that: a run that is killed before leaves it
// to the next one, whatever its other targets have, who know it by its ID. What the
// next one has of an earlier run waits in a folder until it is printed.
type screen struct {
	keeper         // nil: nothing is kept, and nothing late
	dir     string // of late reports
	earlier string // ID of the report that was stored before this run
	own     string // ID of what is delivered to all others
}

// keeper is a store with all that it may have.
type keeper interface {
	memory.LargeStore
	memory.DeliveryStore
}

// maxLate late reports wait to be printed; the pages of older ones are kept as all.
const maxLate = 20

// over is the store through the screen.
func (s *screen) over(store memory.Store) memory.Store {
	all, ok := store.(keeper)
	if !ok {
		return store
	}
	s.keeper = all
	return s
}

// Load notes whose report was the last.
func (s *screen) Load(ctx context.Context) (memory.Saved, error) {
	saved, err := s.keeper.Load(ctx)
	if saved.Report != nil {
		s.earlier = saved.Report.ID
	}
	return saved, err
}

// MarkDelivered waits with the report of this run until it is printed.
func (s *screen) MarkDelivered(ctx context.Context, id string) error {
	if id == s.earlier {
		return s.keeper.MarkDelivered(ctx, id)
	}
	s.own = id
	return nil
}

// Report keeps what an earlier run told nobody.
func (s *screen) Report(_ context.Context, rep *report.Report) error {
	if rep.ID != s.earlier {
		return nil
	}
	data, err := report.Encode(rep)
	if err != nil {
		return err
	}
	if err := statedir.MkdirAll(s.dir); err != nil {
		return err
	}
	return statedir.Write(filepath.Join(s.dir, fmt.Sprintf("%020d.json", rep.Seq)), data)
}

// names are the files of late reports, the oldest first.
func (s *screen) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			names = append(names, filepath.Join(s.dir, e.Name()))
		}
	}
	return names, err
}

// late gives what is to be printed before the report of this run.
func (s *screen) late() (late []report.Report, err error) {
	names, err := s.names()
	older := max(len(names)-maxLate, 0)
	for _, name := range names[older:] {
		data, readErr := statedir.Read(name, 256<<20)
		if readErr == nil {
			var rep *report.Report
			if rep, readErr = report.Decode(data); readErr == nil {
				late = append(late, *rep)
			}
		}
		if readErr != nil {
			err = errors.Join(err, fmt.Errorf("a late report: %w", readErr))
		}
	}
	if older > 0 && len(late) > 0 {
		late[0].Notices = append(late[0].Notices, fmt.Sprintf("%d older than this one told nobody, too: they are among the kept reports", older))
	}
	return late, err
}

// told says that all was printed.
func (s *screen) told(ctx context.Context) error {
	names, err := s.names()
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	if s.own == "" {
		return err
	}
	return errors.Join(err, s.keeper.MarkDelivered(ctx, s.own))
}
