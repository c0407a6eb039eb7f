package fleet

import (
	"context"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/pgstore"
)

// Shared is a host's part of a database that many machines and several reviewers
// have in common. It is opened for each call: a run is long, and a person's day longer.
type Shared struct {
	Address string
	Labels  report.Labels
}

// isDatabase reports whether a name is the address of one.
func isDatabase(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

func (s Shared) in(ctx context.Context, fn func(*pgstore.DB) error) error {
	db, err := pgstore.Open(ctx, s.Address)
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}

// Acts is review.Store's.
func (s Shared) Acts(ctx context.Context) (log []review.Record, err error) {
	err = s.in(ctx, func(db *pgstore.DB) (err error) {
		log, err = db.Acts(s.Labels.Tenant, s.Labels.Host).Acts(ctx)
		return err
	})
	return log, err
}

// Append is review.Store's.
func (s Shared) Append(ctx context.Context, act review.Act) (rec review.Record, err error) {
	err = s.in(ctx, func(db *pgstore.DB) (err error) {
		rec, err = db.Acts(s.Labels.Tenant, s.Labels.Host).Append(ctx, act)
		return err
	})
	return rec, err
}

// Report takes a report in.
func (s Shared) Report(ctx context.Context, rep *report.Report) error {
	return s.in(ctx, func(db *pgstore.DB) error { return db.Take(ctx, rep) })
}
