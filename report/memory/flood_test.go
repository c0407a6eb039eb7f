package memory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// logins gives n events of the day.
func logins(day, n int) report.Checker {
	return check("logs", func(_ context.Context, rec *report.Recorder) error {
		for i := range n {
			rec.Finding(report.Finding{
				Rule: "login", Subject: report.Attr{Key: report.Template, Value: fmt.Sprintf("%04x%06x", day, i)}, Scope: "logs",
				Title:  fmt.Sprintf("a program wrote a line that no rule explains: number %d of day %d", i, day),
				Detail: "Seen once in /var/log/syslog.", Evidence: []report.Attr{{Key: report.Sample, Value: "Nov 25 06:25:01 web1 program[1]: a line as long as lines are"}},
			})
		}
		rec.Covered("logs")
		return nil
	})
}

func TestWhatNobodySignsOffIsBoundedAndSaid(t *testing.T) {
	at := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)
	var open memory.Open
	var rep *report.Report
	for day := range 10 {
		var err error
		rep, err = (&suite.Suite{Checks: []report.Checker{logins(day, 1000)}, Clock: func() time.Time { return at }}).Run(t.Context())
		require.NoError(t, err)
		open, rep.Changes = open.Next(rep)
		at = at.Add(24 * time.Hour)
	}
	assert.Len(t, open.Items, 6000, "this day's and 5000 of those before")
	require.Len(t, open.Overflow, 1)
	u := open.Overflow[0]
	assert.Equal(t, memory.Overflow{
		Check: "logs", Count: 4000, Worst: report.Notice, First: time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), Last: time.Date(2026, 11, 4, 6, 0, 0, 0, time.UTC),
	}, u)
	assert.Empty(t, open.CloseOverflow("logs").Overflow)
	assert.Len(t, open.Overflow, 1)
	assert.Len(t, open.Close("logs", open.Items[0].Finding.Fingerprint, at).Overflow, 1)
}

func TestWhatIsNotListedStandsInEveryReportAndOutlivesTheProcess(t *testing.T) {
	store := memory.FileStore{Dir: t.TempDir()}
	saved := memory.Saved{Report: &report.Report{Seq: 3}, Open: memory.Open{Overflow: []memory.Overflow{{Check: "logs", Count: 12, Worst: report.Warning}}}}
	require.NoError(t, store.Save(t.Context(), saved))
	for range 2 {
		rep, err := (&suite.Suite{Checks: []report.Checker{finds("disks")}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		require.Len(t, rep.Notices, 1)
		assert.Contains(t, rep.Notices[0], "12 open findings of logs, at worst warning")
	}
}

// BenchmarkRunWithManyOpen is a run over a memory of 20,000 open findings.
func BenchmarkRunWithManyOpen(b *testing.B) {
	store := memory.FileStore{Dir: b.TempDir()}
	var open memory.Open
	rep, err := suite.Run(b.Context(), []report.Checker{logins(0, 10_000)})
	require.NoError(b, err)
	for day := range 2 {
		rep, err = suite.Run(b.Context(), []report.Checker{logins(day, 10_000)})
		require.NoError(b, err)
		next, _ := memory.Open{}.Next(rep)
		open.Items = append(open.Items, next.Items...)
	}
	require.NoError(b, store.Save(b.Context(), memory.Saved{Report: rep, Open: open}))
	for b.Loop() {
		_, err := (&suite.Suite{Checks: []report.Checker{logins(1, 10_000)}, Store: store}).Run(b.Context())
		require.NoError(b, err)
	}
}
