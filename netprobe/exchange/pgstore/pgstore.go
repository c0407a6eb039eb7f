// Package pgstore keeps the observations of many vantages in PostgreSQL, and
// gives a task to one vantage at a time.
//
//	db, err := pgstore.Open(ctx, "postgres://upkeep@db.example.net/upkeep", "acme")
//	node := &exchange.Node{Store: db}
//	token, err := db.Lease(ctx, "mend smtp://mx.example.org", "a", time.Minute)
//
// It makes its tables where they are missing, and changes none that are there.
//
// # Design
//
// The later observation wins inside the statement that stores it, so that it does
// not matter who comes first. A lease is held by the clock of the server; its
// token grows with each new holder, so that what a former holder does late can be
// refused. The database is no more trusted than a peer: observations are signed.
package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
)

const schema = `
create table if not exists upkeep_observation (
	tenant text not null, target bytea not null, vantage text not null, seq numeric(20) not null,
	body bytea not null, sig bytea not null, received timestamptz, primary key (tenant, target, vantage));
create table if not exists upkeep_lease (
	tenant text not null, task text not null, holder text not null, token bigint not null, until timestamptz not null,
	primary key (tenant, task));
`

// A DB is an exchange.Store and an exchange.Leaser.
type DB struct {
	pool   *pgxpool.Pool
	tenant string
}

// Open connects and makes the tables. The address holds a password, so no error
// holds the address.
func Open(ctx context.Context, address, tenant string) (*DB, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address of the database cannot be read")
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// Two who begin at once would both make the tables.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('upkeep schema', 0))"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, schema)
		return err
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", err)
	}
	return &DB{pool, tenant}, nil
}

// Close ends the connections.
func (db *DB) Close() { db.pool.Close() }

const put = `
insert into upkeep_observation as o (tenant, target, vantage, seq, body, sig, received)
values ($1, $2, $3, $4::numeric, $5, $6, $7)
on conflict (tenant, target, vantage) do update
set seq = excluded.seq, body = excluded.body, sig = excluded.sig, received = excluded.received
where (excluded.seq, excluded.body) > (o.seq, o.body)`

// Put keeps what is later, all of it or nothing.
func (db *DB) Put(ctx context.Context, records ...exchange.Record) (taken []exchange.Record, err error) {
	err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		taken = nil
		all := &pgx.Batch{}
		for _, r := range records {
			var received *time.Time
			if !r.Received.IsZero() {
				received = &r.Received
			}
			one := all.Queue(put, db.tenant, []byte(r.Key.Target), r.Key.Vantage, fmt.Sprint(r.Seq), r.Signed.Body, r.Signed.Sig, received)
			one.Exec(func(done pgconn.CommandTag) error {
				if done.RowsAffected() == 1 {
					taken = append(taken, r)
				}
				return nil
			})
		}
		return tx.SendBatch(ctx, all).Close()
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return taken, nil
}

// All gives every record of the tenant, in no order.
func (db *DB) All(ctx context.Context) ([]exchange.Record, error) {
	rows, err := db.pool.Query(ctx, "select target, vantage, seq::text, body, sig, received from upkeep_observation where tenant = $1", db.tenant)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r exchange.Record, err error) {
		var target []byte
		var seq string
		var received *time.Time
		if err = row.Scan(&target, &r.Key.Vantage, &seq, &r.Signed.Body, &r.Signed.Sig, &received); err != nil {
			return r, err
		}
		r.Key.Target = string(target)
		if received != nil {
			r.Received = received.UTC()
		}
		_, err = fmt.Sscan(seq, &r.Seq)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return out, nil
}

const lease = `
insert into upkeep_lease as l (tenant, task, holder, token, until)
values ($1, $2, $3, 1, clock_timestamp() + $4::interval)
on conflict (tenant, task) do update
set holder = excluded.holder, until = excluded.until,
	token = l.token + case when l.holder = excluded.holder and l.until > clock_timestamp() then 0 else 1 end
where l.holder = excluded.holder or l.until <= clock_timestamp()
returning token`

// Lease gives a task to holder for so long, or more time to the one that has it.
func (db *DB) Lease(ctx context.Context, task, holder string, length time.Duration) (token uint64, err error) {
	err = db.pool.QueryRow(ctx, lease, db.tenant, task, holder, length).Scan(&token)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, exchange.ErrLeased
	}
	if err != nil {
		return 0, fmt.Errorf("database: %w", err)
	}
	return token, nil
}
