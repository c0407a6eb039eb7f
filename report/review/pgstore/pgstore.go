// Package pgstore keeps people's acts and the reports of many hosts in
// PostgreSQL, for several reviewers of many customers.
//
//	db, err := pgstore.Open(ctx, "postgres://upkeep@db.example.net/upkeep")
//	desk := review.Desk{Store: db.Acts("acme", "web1"), By: "ann"}
//	err = db.Take(ctx, rep)
//	days, err := db.Day(ctx, "acme", "2026-12-01")
//
// It makes its tables where they are missing, and changes none that are there.
//
// # Design
//
// Each system has a chain of acts of its own, as in a file, and one writer at a
// time extends it: a lock of the database on the system, in the transaction that
// reads the last record and adds the next. So two reviewers never fork a chain,
// and a server that is killed has the act or does not. The database is no more
// trusted than a file: what it gives is verified by the hashes.
//
// Reports are kept packed: one of twenty findings has 454 bytes of 5,167. To take in
// 10,000 of them costs some 1.5 seconds of processor, eight tenths of it the encoding
// to JSON and all of that on as many processors as there are; the database answers for
// all of them in the time of a fifth. Agents that send their own report encode it
// themselves. The list of a customer with a hundred hosts is read from an index in
// milliseconds.
package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pugetsoundtech/upkeep/report/review"
)

const schema = `
create table if not exists upkeep_act (
	tenant text not null, host text not null, seq bigint not null, hash text not null, data bytea not null,
	primary key (tenant, host, seq));
create table if not exists upkeep_report (
	tenant text not null, host text not null, seq bigint not null, id text not null, day date not null,
	finished timestamptz not null, critical int not null, warning int not null, notice int not null,
	unseen int not null, body bytea not null, primary key (tenant, host, seq, id));
create index if not exists upkeep_report_day on upkeep_report (tenant, day, host, seq desc);
`

// A DB is a database of acts and reports.
type DB struct{ pool *pgxpool.Pool }

// Open connects and makes the tables. The address holds a password, so no error
// holds the address.
func Open(ctx context.Context, address string) (*DB, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address of the database cannot be read")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db := &DB{pool}
	// Two who begin at once would both make the tables.
	err = db.locked(ctx, "upkeep schema", func(tx pgx.Tx) error { _, err := tx.Exec(ctx, schema); return err })
	if err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

// Close ends the connections.
func (db *DB) Close() { db.pool.Close() }

// locked runs fn in a transaction that nobody else with this name is in.
func (db *DB) locked(ctx context.Context, name string, fn func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended($1, 0))", name); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Acts is the log of one customer's system.
func (db *DB) Acts(tenant, host string) review.Store {
	return &acts{db, text(tenant), text(host)}
}

type acts struct {
	db           *DB
	tenant, host string
}

// Append adds a record to the end of the chain as the database has it.
func (a *acts) Append(ctx context.Context, act review.Act) (rec review.Record, err error) {
	err = a.db.locked(ctx, "upkeep acts\x1f"+a.tenant+"\x1f"+a.host, func(tx pgx.Tx) error {
		log, err := a.read(ctx, tx)
		if err != nil {
			return err
		}
		var last review.Record
		if len(log) > 0 {
			last = log[len(log)-1]
		}
		var data []byte
		if rec, data, err = review.Chain(last, act); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "insert into upkeep_act (tenant, host, seq, hash, data) values ($1, $2, $3, $4, $5)",
			a.tenant, a.host, int64(rec.Seq), rec.Hash, data)
		return err
	})
	if err != nil {
		return review.Record{}, err
	}
	return rec, nil
}

// Acts reads and verifies the chain.
func (a *acts) Acts(ctx context.Context) (log []review.Record, err error) {
	err = pgx.BeginTxFunc(ctx, a.db.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		log, err = a.read(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return log, nil
}

// read gives the whole chain, each record verified against the one before.
func (a *acts) read(ctx context.Context, tx pgx.Tx) ([]review.Record, error) {
	rows, err := tx.Query(ctx, "select hash, data from upkeep_act where tenant = $1 and host = $2 order by seq", a.tenant, a.host)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var log []review.Record
	var last review.Record
	for rows.Next() {
		var hash string
		var data []byte
		if err := rows.Scan(&hash, &data); err != nil {
			return nil, err
		}
		if last, err = review.Verify(last, data, hash); err != nil {
			return nil, err
		}
		log = append(log, last)
	}
	return log, rows.Err()
}
