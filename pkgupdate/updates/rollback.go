package updates

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// positions is the latest date that the index of each source had here.
type positions map[string]time.Time

// rolledBack makes unknown what a source has whose index is older than the one that a
// stored run saw: whoever serves an old index hides each fix since.
func (c *managerCheck) rolledBack(a pkgupdate.Answer[pkgupdate.Pending]) pkgupdate.Answer[pkgupdate.Pending] {
	kept := report.State[positions]{Name: "positions-" + c.info.ID, Version: 1}
	was, _, err := kept.Load(c.rec)
	if err != nil {
		c.rec.Problem(fmt.Errorf("whether an index went back is not known: %w", err), c.scope("sources/positions"))
	}
	next, errs := maps.Clone(was), []error{a.Reason}
	if next == nil {
		next = positions{}
	}
	for i := range a.Value.Sources {
		s := &a.Value.Sources[i]
		before := was[s.ID]
		switch {
		case s.Date.IsZero() || s.Date.After(c.rec.Now()):
		case !s.Date.Before(before):
			next[s.ID] = s.Date
		case s.State != pkgupdate.Unknown:
			s.State, s.Err = pkgupdate.Unknown, &pkgupdate.RolledBackError{Date: s.Date, Before: before}
			errs = append(errs, &pkgupdate.SourceError{ID: s.ID, Kind: s.Kind, Err: s.Err})
		}
	}
	if err := kept.Keep(c.rec, next); err != nil {
		c.rec.Problem(err, c.scope("sources/positions"))
	}
	if len(errs) > 1 {
		return pkgupdate.Unproven(a.Value, errors.Join(errs...))
	}
	return a
}
