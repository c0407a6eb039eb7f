package suite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// dice are thrown by several goroutines.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

// one reports a chance of 1 in n.
func (d *dice) one(n int) bool { return d.throw(n) == 0 }

func (d *dice) throw(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.IntN(n)
}

// world is a small machine in virtual time: it writes a numbered log line every
// hour, and its disk is full on the third and fourth day.
type world struct{ start time.Time }

func (w world) lines(now time.Time) int { return int(now.Sub(w.start) / time.Hour) }

func (w world) diskFull(now time.Time) bool {
	d := int(now.Sub(w.start) / (24 * time.Hour))
	return d == 2 || d == 3
}

var weekRules = []report.Rule{
	{ID: "line", Kind: report.Event, Severity: report.Notice, Title: "a line", Explain: "e", Remedy: "r", Since: "0.1.0"},
	{ID: "full", Kind: report.Condition, Severity: report.Warning, Title: "full", Explain: "e", Remedy: "r", Since: "0.1.0"},
}

func weekCheck(id string, fn func(ctx context.Context, rec *report.Recorder) error) report.Checker {
	return report.CheckerFunc{ID: id, Catalogue: weekRules, Func: fn}
}

// checks are a log reader that dies now and then after it has read, a disk
// check that hangs one day and fails on another, and one that panics at times.
func (w world) checks(dice *dice) []report.Checker {
	logs := weekCheck("logs", func(_ context.Context, rec *report.Recorder) error {
		var from int
		fmt.Sscan(string(rec.Kept("position")), &from) //nolint:errcheck // nothing kept: from the start
		to := w.lines(rec.Now())
		for i := from; i < to; i++ {
			rec.Finding(report.Finding{Rule: "line", Subject: report.Attr{Key: report.Template, Value: fmt.Sprintf("%06x", i)}, Scope: "logs"})
		}
		rec.Covered("logs")
		rec.Keep("position", fmt.Append(nil, to))
		if dice.one(20) {
			panic("after reading")
		}
		return nil
	})
	disk := weekCheck("disk", func(ctx context.Context, rec *report.Recorder) error {
		switch day := int(rec.Now().Sub(w.start) / (24 * time.Hour)); {
		case day == 4 && dice.one(2):
			return fmt.Errorf("df failed")
		case day == 5 && dice.one(2):
			<-ctx.Done()
			time.Sleep(20 * time.Minute)
			return ctx.Err()
		}
		if w.diskFull(rec.Now()) {
			rec.Finding(report.Finding{Rule: "full", Subject: report.Attr{Key: report.Mount, Value: "/"}, Scope: "fs"})
		}
		rec.Covered("fs")
		return nil
	})
	return []report.Checker{logs, disk}
}

// A week of runs every 15 minutes, the disk check being due daily and hourly on
// odd hours, with a store that fails at random as a killed process would.
func TestWeekInVirtualTime(t *testing.T) {
	for seed := range uint64(2) {
		synctest.Test(t, func(t *testing.T) { week(t, &dice{rand: rand.New(rand.NewPCG(seed, 7))}) })
	}
}

// dyingStore loses a save as a process killed at that moment does: before the
// rename nothing is stored, after it everything is, and the caller knows of neither.
type dyingStore struct {
	reporttest.Store
	dice *dice
}

func (s *dyingStore) Save(ctx context.Context, saved memory.Saved) error {
	switch s.dice.throw(10) {
	case 0:
		return fmt.Errorf("killed before the rename")
	case 1:
		if err := s.Store.Save(ctx, saved); err != nil {
			return err
		}
		return fmt.Errorf("killed after the rename")
	}
	return s.Store.Save(ctx, saved)
}

func week(t *testing.T, dice *dice) {
	w := world{time.Now()}
	store := &dyingStore{dice: dice}
	var set *suite.Suite
	stood := map[string]int{} // line: stored reports that have it
	var kinds []string
	var last uint64
	for range 7 * 96 {
		time.Sleep(15 * time.Minute)
		if set == nil || dice.one(10) { // a new process
			set = &suite.Suite{Checks: w.checks(dice), Store: store, Timeout: func(string) time.Duration { return 5 * time.Minute }}
			set.Due = func(check string, _ time.Time) bool { return check != "disk" || time.Now().Hour()%2 == 1 }
		}
		_, err := set.Run(t.Context())
		if err != nil && set.Hung() == 0 {
			set = nil
		}
		saved, err := store.Load(t.Context())
		require.NoError(t, err)
		if saved.Report == nil || saved.Report.Seq == last {
			continue
		}
		require.Equal(t, last+1, saved.Report.Seq)
		last = saved.Report.Seq
		for _, f := range saved.Report.Result("logs").Findings {
			stood[f.Subject.Value]++
		}
		for _, ch := range saved.Report.Changes {
			if ch.Check == "disk" && ch.Kind != report.Still {
				kinds = append(kinds, ch.Kind.String())
			}
			if ch.Check == "logs" {
				require.Contains(t, []report.ChangeKind{report.New, report.Still, report.Stale}, ch.Kind)
			}
			if ch.Kind == report.Fixed {
				require.False(t, w.diskFull(saved.Report.Started), "falsely fixed")
			}
		}
	}
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	read := 0
	fmt.Sscan(string(saved.Kept["logs"]["position"]), &read) //nolint:errcheck // compared below
	require.Greater(t, read, 150)
	assert.Len(t, stood, read, "every line that was read stands in a stored report")
	for line, n := range stood {
		require.Equal(t, 1, n, "line %s stands in %d stored reports", line, n)
	}
	require.NotEmpty(t, kinds)
	assert.Equal(t, "new", kinds[0])
	for i, k := range kinds[1:] {
		assert.Contains(t, []string{"stale", "fixed"}, k, "change %d of the disk: %v", i+1, kinds)
	}
	assert.Equal(t, "fixed", kinds[len(kinds)-1])
}
