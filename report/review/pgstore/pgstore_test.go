package pgstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/pgtest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/pgstore"
	"github.com/pugetsoundtech/upkeep/report/review/reviewtest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func open(t *testing.T, s *pgtest.Server) *pgstore.DB {
	t.Helper()
	db, err := pgstore.Open(t.Context(), s.Address())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// TestOnARealServer has one for all of its parts; each has customers of its own,
// and the last kills it.
func TestOnARealServer(t *testing.T) {
	need.Long(t)
	s := pgtest.Start(t)
	for _, part := range []struct {
		name string
		test func(t *testing.T, s *pgtest.Server)
	}{
		{"acts keep the contract of a store", keepsContract},
		{"an edited record is found out", findsEdit},
		{"what is signed during a run is in its report", hearsOfActsDuringARun},
		{"texts of any bytes are taken", takesAnyBytes},
		{"ten thousand hosts are taken in and one customer is read in under a second", takesFleet},
		{"a server that is killed has each act that was stored", survivesKill},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, s) })
	}
}

func keepsContract(t *testing.T, s *pgtest.Server) {
	db := open(t, s)
	n := 0
	require.NoError(t, reviewtest.TestStore(t.Context(), func() review.Store {
		n++
		return db.Acts("acme", fmt.Sprint("web", n))
	}))
}

// hearsOfActsDuringARun has ann sign while the run that tells of it is under way.
func hearsOfActsDuringARun(t *testing.T, s *pgtest.Server) {
	acts := open(t, s).Acts("during", "web1")
	disk := report.Condition.Rule("disk.full", report.Warning, "A disk is full").Text("It matters.", "Clean up.")
	set := suite.Suite{Store: &reporttest.Store{}, Review: review.Fold(acts)}
	var first *report.Report
	set.Checks = []report.Checker{report.CheckerFunc{ID: "disk", Catalogue: []report.Rule{disk}, Func: func(ctx context.Context, rec *report.Recorder) error {
		rec.Finding(report.Finding{Rule: "disk.full", Subject: report.Mount.Of("/srv"), Scope: "disk"})
		rec.Covered("disk")
		if first == nil {
			return nil
		}
		return review.Desk{Store: acts, By: "ann"}.Sign(ctx, first, "seen")
	}}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	assert.Nil(t, rep.Review.Signed)
	first = rep
	rep, err = set.Run(t.Context())
	require.NoError(t, err)
	require.NotNil(t, rep.Review.Signed)
	assert.Equal(t, first.ID, rep.Review.Signed.Report)
	assert.Equal(t, "ann", rep.Review.Signed.By)
}

func findsEdit(t *testing.T, s *pgtest.Server) {
	db := open(t, s)
	acts := db.Acts("edited", "web1")
	for n := range 4 {
		_, err := acts.Append(t.Context(), reviewtest.Sample(n))
		require.NoError(t, err)
	}
	c, err := pgx.Connect(t.Context(), s.Address())
	require.NoError(t, err)
	defer c.Close(context.Background())
	for _, edit := range []string{
		"update upkeep_act set data = convert_to(replace(convert_from(data, 'UTF8'), 'ann', 'eve'), 'UTF8') where seq = 2 and tenant = 'edited'",
		"delete from upkeep_act where seq = 3 and tenant = 'edited'",
		"update upkeep_act set seq = 9 where seq = 1 and tenant = 'edited'",
	} {
		tx, err := c.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), edit)
		require.NoError(t, err)
		require.NoError(t, tx.Commit(t.Context()))
		_, err = acts.Acts(t.Context())
		require.ErrorIs(t, err, review.ErrDamaged, edit)
		_, err = acts.Append(t.Context(), reviewtest.Sample(9))
		require.ErrorIs(t, err, review.ErrDamaged, edit)
	}
}

func survivesKill(t *testing.T, s *pgtest.Server) {
	db := open(t, s)
	acts := db.Acts("killed", "web1")
	var stored atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			if _, err := acts.Append(t.Context(), reviewtest.Sample(n)); err != nil {
				return
			}
			stored.Add(1)
		}
	}()
	require.Eventually(t, func() bool { return stored.Load() >= 25 }, time.Minute, time.Millisecond)
	s.Kill()
	<-ended
	s.Run()
	log, err := open(t, s).Acts("killed", "web1").Acts(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, int64(len(log)), stored.Load())
	assert.LessOrEqual(t, int64(len(log)), stored.Load()+1, "of the last nobody knew")
}

// small is the report of a day of a host.
func small(tenant, host string, seq uint64) *report.Report {
	at := time.Date(2026, 12, 1, 7, 0, int(seq), 0, time.UTC)
	rep := &report.Report{
		Schema: report.Schema, ID: fmt.Sprint("r1:", tenant, host, seq), Seq: seq, Started: at, Finished: at,
		Labels: report.Labels{Tenant: tenant, Host: host},
	}
	for i := range 20 {
		f := report.Finding{Rule: "disk.full", Title: fmt.Sprint("/srv/", i, " is 91 % full"), Severity: report.Warning, Fingerprint: fmt.Sprint("v1:", host, i)}
		rep.Changes = append(rep.Changes, report.Change{Kind: report.Still, Check: "disks", Finding: f})
	}
	return rep
}

func takesFleet(t *testing.T, s *pgtest.Server) {
	db := open(t, s)
	const customers, hosts = 100, 100
	began := time.Now()
	for c := range customers {
		var day []*report.Report
		for h := range hosts {
			day = append(day, small(fmt.Sprint("customer", c), fmt.Sprint("host", h), 1))
		}
		require.NoError(t, db.Take(t.Context(), day...))
	}
	t.Logf("10,000 reports were taken in in %s", time.Since(began).Round(time.Millisecond))
	c, err := pgx.Connect(t.Context(), s.Address())
	require.NoError(t, err)
	defer c.Close(context.Background())
	var kept int64
	require.NoError(t, c.QueryRow(t.Context(), "select avg(length(body))::bigint from upkeep_report").Scan(&kept))
	line, err := report.EncodeLine(*small("customer0", "host0", 1))
	require.NoError(t, err)
	t.Logf("each is kept in %d bytes of %d", kept, len(line))
	assert.Less(t, kept*5, int64(len(line)))
	worse := small("customer7", "host42", 2)
	worse.Changes[0].Finding.Severity = report.Critical
	require.NoError(t, db.Take(t.Context(), worse))
	require.NoError(t, db.Take(t.Context(), worse), "once more is no error")

	began = time.Now()
	list, err := db.Day(t.Context(), "customer7", "2026-12-01")
	took := time.Since(began)
	require.NoError(t, err)
	t.Logf("one customer's list was read in %s", took.Round(time.Microsecond))
	assert.Less(t, took, time.Second)
	require.Len(t, list, hosts)
	assert.Equal(t, "host42", list[0].Host, "the worst first")
	assert.Equal(t, []int{1, 19}, []int{list[0].Critical, list[0].Warning})
	began = time.Now()
	reports, err := db.Reports(t.Context(), "customer7", "2026-12-01")
	require.NoError(t, err)
	d := digest.New(reports, digest.Options{Now: worse.Finished.Add(time.Hour), Tenant: "customer7"})
	t.Logf("and its digest made in %s", time.Since(began).Round(time.Millisecond))
	assert.Equal(t, "100 hosts: nothing new; 1 host with something critical open", d.Verdict)
	assert.Equal(t, "host42", d.Customers[0].Hosts[0].Name)
	_, err = c.Exec(t.Context(), "update upkeep_report set body = 'x' where tenant = 'customer8' and host = 'host3'")
	require.NoError(t, err)
	reports, err = db.Reports(t.Context(), "customer8", "2026-12-01")
	require.Error(t, err)
	assert.Len(t, reports, hosts-1, "what is damaged hides no other")
	got, err := db.Report(t.Context(), "customer7", "host42", 2)
	require.NoError(t, err)
	assert.Equal(t, worse.ID, got.ID)
	list[1].ID = "r1:another"
	err = db.Sign(t.Context(), "customer7", "ann", "all looked at", list)
	require.ErrorIs(t, err, pgstore.ErrNoReport)
	for i, h := range list {
		log, err := db.Acts("customer7", h.Host).Acts(t.Context())
		require.NoError(t, err)
		if i == 1 {
			assert.Empty(t, log, "what nobody saw is not signed")
			continue
		}
		assert.Equal(t, h.ID, review.LastSignature(log).Report)
	}
	_, err = db.Report(t.Context(), "customer7", "host42", 3)
	require.ErrorIs(t, err, pgstore.ErrNoReport)
}

func takesAnyBytes(t *testing.T, s *pgtest.Server) {
	db := open(t, s)
	rep := small("a\x00cme", "w\xffeb", 1)
	require.NoError(t, db.Take(t.Context(), rep))
	got, err := db.Report(t.Context(), "a\x00cme", "w\xffeb", 1)
	require.NoError(t, err)
	assert.Equal(t, rep.Labels, got.Labels)
}

func TestAnAddressThatCannotBeReadIsNotInTheError(t *testing.T) {
	_, err := pgstore.Open(t.Context(), "postgres://u:hunter2@[bad")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}
