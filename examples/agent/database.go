package main

import (
	"context"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/pgstore"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// actsOf is where people's acts about a host are kept.
func actsOf(set daily.Settings, st *statedir.Dir, labels report.Labels) review.Store {
	if set.Database != "" {
		return shared{set.Database, labels}
	}
	return review.FileStore{Name: st.Path(logName)}
}

// A shared is a host's part of a database that many machines and several reviewers
// have in common. It is opened for each call: a run is long, and a person's day longer.
type shared struct {
	address string
	labels  report.Labels
}

func isDatabase(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

func (s shared) in(ctx context.Context, fn func(*pgstore.DB) error) error {
	db, err := pgstore.Open(ctx, s.address)
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}

// Acts is review.Store's.
func (s shared) Acts(ctx context.Context) (log []review.Record, err error) {
	err = s.in(ctx, func(db *pgstore.DB) (err error) {
		log, err = db.Acts(s.labels.Tenant, s.labels.Host).Acts(ctx)
		return err
	})
	return log, err
}

// Append is review.Store's.
func (s shared) Append(ctx context.Context, act review.Act) (rec review.Record, err error) {
	err = s.in(ctx, func(db *pgstore.DB) (err error) {
		rec, err = db.Acts(s.labels.Tenant, s.labels.Host).Append(ctx, act)
		return err
	})
	return rec, err
}

// Report takes a report in.
func (s shared) Report(ctx context.Context, rep *report.Report) error {
	return s.in(ctx, func(db *pgstore.DB) error { return db.Take(ctx, rep) })
}
