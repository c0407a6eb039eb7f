package pgstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// A HostDay is what a host's last report of a day comes to.
type HostDay struct {
	Host     string
	Seq      uint64
	ID       string
	Finished time.Time

	Critical, Warning, Notice int // open, and dealt with by nobody
	Unseen                    int // checks that could not be fully looked at
}

// Take takes reports in, all or none. One that was taken already is no error.
// The day is that of the report's end, in UTC.
func (db *DB) Take(ctx context.Context, reports ...*report.Report) error {
	bodies, err := packedAll(reports)
	if err != nil {
		return err
	}
	var tenants, hosts, ids []string
	var seqs []int64
	var finished []time.Time
	var critical, warning, notice, unseen []int
	for _, rep := range reports {
		n := count(rep)
		tenants, hosts, ids = append(tenants, text(rep.Labels.Tenant)), append(hosts, text(rep.Labels.Host)), append(ids, text(rep.ID))
		seqs, finished = append(seqs, int64(rep.Seq)), append(finished, rep.Finished.UTC())
		critical, warning, notice, unseen = append(critical, n.Critical), append(warning, n.Warning), append(notice, n.Notice), append(unseen, n.Unseen)
	}
	_, err = db.pool.Exec(ctx, `insert into upkeep_report (tenant, host, seq, id, day, finished, critical, warning, notice, unseen, body)
		select tenant, host, seq, id, (finished at time zone 'UTC')::date, finished, critical, warning, notice, unseen, body
		from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::int[], $7::int[], $8::int[], $9::int[], $10::bytea[])
			as of (tenant, host, seq, id, finished, critical, warning, notice, unseen, body) on conflict do nothing`,
		tenants, hosts, seqs, ids, finished, critical, warning, notice, unseen, bodies)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Day lists a customer's hosts with their last report of a day (2026-12-01), the
// worst first. A host without a report of that day is not among them.
func (db *DB) Day(ctx context.Context, tenant, day string) ([]HostDay, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, `select * from (
		select distinct on (host) host, seq, id, finished, critical, warning, notice, unseen
		from upkeep_report where tenant = $1 and day = $2 order by host, seq desc) hosts
		order by critical desc, unseen desc, warning desc, notice desc, host`, text(tenant), at)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h HostDay, err error) {
		var seq int64
		err = row.Scan(&h.Host, &seq, &h.ID, &h.Finished, &h.Critical, &h.Warning, &h.Notice, &h.Unseen)
		h.Seq = uint64(seq)
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return out, nil
}

// Sign signs a customer's list as somebody saw it: each of its reports in the log of
// its host. What could not be signed is in the error, and the rest is signed.
func (db *DB) Sign(ctx context.Context, tenant, by, comment string, list []HostDay) error {
	var errs []error
	for _, h := range list {
		rep, err := db.Report(ctx, tenant, h.Host, h.Seq)
		if err == nil && rep.ID != h.ID {
			err = ErrNoReport // another of that number
		}
		if err == nil {
			desk := review.Desk{Store: db.Acts(tenant, h.Host), By: by, Labels: rep.Labels}
			err = desk.Sign(ctx, rep, comment)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("sign report %d of %.80q: %w", h.Seq, h.Host, err))
		}
	}
	return errors.Join(errs...)
}

// ErrNoReport says that there is no such report.
var ErrNoReport = errors.New("no such report")

// Report gives a host's report by its number; ErrNoReport where there is none.
func (db *DB) Report(ctx context.Context, tenant, host string, seq uint64) (*report.Report, error) {
	var body []byte
	err := db.pool.QueryRow(ctx, "select body from upkeep_report where tenant = $1 and host = $2 and seq = $3 order by finished desc limit 1",
		text(tenant), text(host), int64(seq)).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNoReport
	}
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return unpacked(body)
}

// Reports gives the last report of a day of each of a customer's hosts, for a digest:
//
//	reports, err := db.Reports(ctx, "harbor", "2026-12-01")
//	d := digest.New(reports, digest.Options{Now: time.Now(), Tenant: "harbor"})
func (db *DB) Reports(ctx context.Context, tenant, day string) ([]*report.Report, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, "select distinct on (host) body from upkeep_report where tenant = $1 and day = $2 order by host, seq desc", text(tenant), at)
	return collect(rows, err)
}

// Newest gives the last report of each host, of these customers or, without any, of all.
func (db *DB) Newest(ctx context.Context, tenants ...string) ([]*report.Report, error) {
	names := []string{}
	for _, tenant := range tenants {
		names = append(names, text(tenant))
	}
	rows, err := db.pool.Query(ctx, `select distinct on (tenant, host) body from upkeep_report
		where cardinality($1::text[]) = 0 or tenant = any($1) order by tenant, host, seq desc`, names)
	return collect(rows, err)
}

// collect reads kept reports. What is damaged hides no other.
func collect(rows pgx.Rows, err error) ([]*report.Report, error) {
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	var out []*report.Report
	var errs []error
	for _, body := range bodies {
		rep, err := unpacked(body)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, rep)
	}
	return out, errors.Join(errs...)
}

// packedAll gives the forms in which reports are kept.
func packedAll(reports []*report.Report) ([][]byte, error) {
	bodies, failed := make([][]byte, len(reports)), make([]error, len(reports))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(reports)) {
		workers.Go(func() {
			z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // a level that it knows; it is large: one for all
			for i := int(next.Add(1)) - 1; i < len(reports); i = int(next.Add(1)) - 1 {
				bodies[i], failed[i] = packed(z, reports[i])
			}
		})
	}
	workers.Wait()
	return bodies, errors.Join(failed...)
}

// packed gives the form in which a report is kept. A tenth of the bytes goes to the
// database, its log and its disk.
func packed(z *gzip.Writer, rep *report.Report) ([]byte, error) {
	line, err := report.EncodeLine(*rep)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z.Reset(&out)
	if _, err := z.Write(line); err != nil {
		return nil, err
	}
	err = z.Close() // writes the rest
	return out.Bytes(), err
}

// maxBody bounds a report as it is read again.
const maxBody = 256 << 20

func unpacked(body []byte) (*report.Report, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("a kept report: %w", err)
	}
	line, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("a kept report: %w", err)
	case len(line) > maxBody:
		return nil, fmt.Errorf("a kept report has more than %s", prose.Bytes(maxBody))
	}
	return report.Decode(line)
}

// count is what is open in a report and nobody dealt with.
func count(rep *report.Report) (h HostDay) {
	for _, c := range rep.Changes {
		if c.Kind == report.Fixed || c.Kind == report.Retired {
			continue
		}
		switch c.Finding.Severity {
		case report.Critical:
			h.Critical++
		case report.Notice:
			h.Notice++
		case report.Info:
		default:
			h.Warning++
		}
	}
	h.Unseen = len(rep.Incomplete())
	return h
}

// text makes of any bytes what the database takes as text. The report itself is
// kept as it is.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
