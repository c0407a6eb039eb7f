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

	// Before is where the acts were kept before there was the database, which takes them
	// over as they are; nil: nowhere.
	Before review.Store
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
		log, err = s.acts(ctx, db)
		return err
	})
	return log, err
}

// acts reads the log, which begins with what was kept before.
func (s Shared) acts(ctx context.Context, db *pgstore.DB) ([]review.Record, error) {
	store := db.Acts(s.Labels.Tenant, s.Labels.Host)
	log, err := store.Acts(ctx)
	if err != nil || len(log) > 0 || s.Before == nil {
		return log, err
	}
	before, err := s.Before.Acts(ctx)
	if err != nil {
		return nil, err
	}
	for _, rec := range before {
		if _, err := store.Append(ctx, rec.Act); err != nil {
			return nil, err
		}
	}
	return store.Acts(ctx)
}

// Append is review.Store's.
func (s Shared) Append(ctx context.Context, act review.Act) (rec review.Record, err error) {
	err = s.in(ctx, func(db *pgstore.DB) (err error) {
		if _, err := s.acts(ctx, db); err != nil {
			return err
		}
		rec, err = db.Acts(s.Labels.Tenant, s.Labels.Host).Append(ctx, act)
		return err
	})
	return rec, err
}

// Report takes a report in.
func (s Shared) Report(ctx context.Context, rep *report.Report) error {
	return s.in(ctx, func(db *pgstore.DB) error { return db.Take(ctx, rep) })
}
