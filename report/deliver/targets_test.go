package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

func numbered(seq uint64) *report.Report {
	return &report.Report{
		Schema: report.Schema, ID: fmt.Sprint("r1:", seq), Seq: seq, Results: []report.Result{{Check: "a.b", Status: report.OK}},
		Changes: []report.Change{}, Explanations: []report.Explanation{}, Notices: []string{},
	}
}

// flaky is a target that is down for some time.
type flaky struct {
	reporttest.Reporter
	down error
}

func (f *flaky) Report(ctx context.Context, rep *report.Report) error {
	if f.down != nil {
		return f.down
	}
	return f.Reporter.Report(ctx, rep)
}

func (f *flaky) seqs() (out []uint64) {
	for _, rep := range f.Reports() {
		out = append(out, rep.Seq)
	}
	return out
}

type hanging struct{ release chan struct{} }

func (h hanging) Report(context.Context, *report.Report) error { <-h.release; return nil }

func TestNothingIsLostWhileATargetIsDownAndTheOldestComesFirst(t *testing.T) {
	down, up := &flaky{down: errors.New("refused")}, &flaky{}
	dir := t.TempDir()
	targets := func() *deliver.Targets { // as after a restart
		return &deliver.Targets{Spool: dir, List: []deliver.Target{{Name: "mail", To: down}, {Name: "chat", To: up}}}
	}
	for seq := range uint64(3) {
		err := targets().Report(t.Context(), numbered(seq+1))
		require.ErrorIs(t, err, down.down)
		assert.NotContains(t, err.Error(), "chat")
	}
	assert.Equal(t, []uint64{1, 2, 3}, up.seqs(), "another target gets each at once")
	down.down = nil
	require.NoError(t, targets().Report(t.Context(), numbered(4)))
	assert.Equal(t, []uint64{1, 2, 3, 4}, down.seqs())
	require.NoError(t, targets().Report(t.Context(), numbered(4)))
	assert.Equal(t, []uint64{1, 2, 3, 4}, down.seqs(), "a repeated run delivers nothing twice")
}

func TestFlushWaitsLongerAfterEachFailure(t *testing.T) {
	now, calls := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), 0
	to := reporterFunc(func() error { calls++; return errors.New("refused") })
	targets := &deliver.Targets{Spool: t.TempDir(), Now: func() time.Time { return now }, List: []deliver.Target{{Name: "mail", To: to}}}
	require.Error(t, targets.Report(t.Context(), numbered(1)))
	for range 24 * 60 {
		now = now.Add(time.Minute)
		_ = targets.Flush(t.Context())
	}
	assert.Greater(t, calls, 20, "about once an hour at last")
	assert.Less(t, calls, 40)
}

func TestAClockThatWasAheadHoldsNothingBack(t *testing.T) {
	now, calls := time.Date(2030, 11, 28, 12, 0, 0, 0, time.UTC), 0
	to := reporterFunc(func() error { calls++; return errors.New("refused") })
	targets := &deliver.Targets{Spool: t.TempDir(), Now: func() time.Time { return now }, List: []deliver.Target{{Name: "mail", To: to}}}
	require.Error(t, targets.Report(t.Context(), numbered(1)))
	now = now.AddDate(-4, 0, 0)
	require.Error(t, targets.Flush(t.Context()))
	assert.Equal(t, 2, calls)
}

type reporterFunc func() error

func (f reporterFunc) Report(context.Context, *report.Report) error { return f() }

func TestATargetThatHangsIsAbandonedAndStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, h := &flaky{}, hanging{make(chan struct{})}
		targets := &deliver.Targets{Spool: t.TempDir(), List: []deliver.Target{{Name: "hangs", To: h, Timeout: time.Minute}, {Name: "up", To: up}}}
		began := time.Now()
		assert.ErrorContains(t, targets.Report(t.Context(), numbered(1)), "abandoned")
		assert.Less(t, time.Since(began), 2*time.Minute)
		assert.ErrorContains(t, targets.Report(t.Context(), numbered(2)), "still runs")
		assert.Equal(t, []uint64{1, 2}, up.seqs())
		close(h.release)
		synctest.Wait()
		assert.NoError(t, targets.Report(t.Context(), numbered(3)))
	})
}

func TestAPanicOfATargetIsItsError(t *testing.T) {
	targets := &deliver.Targets{List: []deliver.Target{{Name: "bad", To: reporterFunc(func() error { panic("oh") })}}}
	assert.ErrorContains(t, targets.Report(t.Context(), numbered(1)), "deliver to bad: panic: oh")
}

func TestWhatGaveWayIsSaid(t *testing.T) {
	down := &flaky{down: errors.New("refused")}
	targets := &deliver.Targets{Spool: t.TempDir(), List: []deliver.Target{{Name: "mail", To: down}}}
	for seq := range uint64(103) {
		require.Error(t, targets.Report(t.Context(), numbered(seq+1)))
	}
	down.down = nil
	require.NoError(t, targets.Report(t.Context(), numbered(104)))
	assert.Len(t, down.seqs(), 100)
	assert.Equal(t, uint64(5), down.seqs()[0])
	assert.Contains(t, strings.Join(down.Reports()[0].Notices, " "), "4 reports before this one could not be delivered")
	assert.Empty(t, down.Reports()[1].Notices)
}

func TestADamagedReportIsSetAsideAndStopsNothing(t *testing.T) {
	down, dir := &flaky{down: errors.New("refused")}, t.TempDir()
	targets := &deliver.Targets{Spool: dir, List: []deliver.Target{{Name: "mail", To: down}}}
	require.Error(t, targets.Report(t.Context(), numbered(1)))
	names, err := filepath.Glob(dir + "/mail/*.report")
	require.NoError(t, err)
	require.Len(t, names, 1)
	require.NoError(t, os.WriteFile(names[0], []byte("x"), 0o600))
	down.down = nil
	require.NoError(t, targets.Report(t.Context(), numbered(2)))
	assert.Equal(t, []uint64{2}, down.seqs())
	assert.Contains(t, strings.Join(down.Reports()[0].Notices, " "), "1 report before this one")
	assert.FileExists(t, names[0]+".damaged")
}

func TestWithAFullDiskAReportIsHandedOverAllTheSame(t *testing.T) {
	up, file := &flaky{}, filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	targets := &deliver.Targets{Spool: file, List: []deliver.Target{{Name: "mail", To: up}}}
	assert.ErrorContains(t, targets.Report(t.Context(), numbered(1)), "not kept for later")
	assert.Equal(t, []uint64{1}, up.seqs())
}

func TestPoliciesSayWhichReportsATargetGets(t *testing.T) {
	with := func(kind report.ChangeKind, severity report.Severity) *report.Report {
		rep := numbered(1)
		rep.Changes = append(rep.Changes, report.Change{Kind: kind, Finding: report.Finding{Severity: severity}})
		return rep
	}
	failed := numbered(1)
	failed.Results[0].Status = report.Failed
	for name, c := range map[string]struct {
		rep                     *report.Report
		change, problem, errors bool
	}{
		"a quiet day":           {numbered(1), false, false, false},
		"a new warning":         {with(report.New, report.Warning), true, true, false},
		"new information":       {with(report.New, report.Info), false, false, false},
		"one that is not rated": {with(report.New, report.RuleSeverity), true, true, false},
		"a warning still open":  {with(report.Still, report.Warning), false, true, false},
		"a fixed warning":       {with(report.Fixed, report.Warning), true, false, false},
		"a check that failed":   {failed, true, true, true},
		"no result at all":      {&report.Report{}, true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			wants := func(p deliver.Policy) bool { return deliver.Target{Policy: p}.Wants(c.rep) }
			assert.Equal(t, []bool{true, true, c.change, c.problem, c.errors, false},
				[]bool{wants(""), wants(deliver.Always), wants(deliver.OnChange), wants(deliver.OnProblem), wants(deliver.OnError), wants(deliver.Never)})
		})
	}
	for _, policy := range []deliver.Policy{deliver.OnChange, deliver.OnProblem} {
		floor := deliver.Target{Policy: policy, Floor: report.Critical}
		assert.False(t, floor.Wants(with(report.New, report.Warning)), policy)
		assert.True(t, floor.Wants(with(report.New, report.Critical)), policy)
		assert.True(t, floor.Wants(with(report.New, report.RuleSeverity)), policy)
		assert.True(t, floor.Wants(failed), policy)
	}
}

func TestATargetWithoutAProperNameIsRefused(t *testing.T) {
	for _, list := range [][]deliver.Target{
		{{Name: "../x", To: &flaky{}}},
		{{Name: "", To: &flaky{}}},
		{{Name: "a"}},
		{{Name: "a", To: &flaky{}, Policy: "perhaps"}},
		{{Name: "a", To: &flaky{}}, {Name: "a", To: &flaky{}}},
	} {
		targets := &deliver.Targets{Spool: t.TempDir(), List: list}
		assert.Error(t, targets.Report(t.Context(), numbered(1)), list)
	}
}

func TestWhatFailedIsSaidInOneLine(t *testing.T) {
	no := report.ReporterFunc(func(context.Context, *report.Report) error { return errors.New("no") })
	out := &deliver.Targets{List: []deliver.Target{{Name: "a", To: no}, {Name: "b", To: no}}}
	assert.EqualError(t, out.Report(t.Context(), &report.Report{ID: "x"}), "deliver to a: no; deliver to b: no")
}

func TestWhatIsKeptWaitsUntilItIsTakenOrTakenBack(t *testing.T) {
	refuse := true
	var got []string
	to := report.ReporterFunc(func(_ context.Context, rep *report.Report) error {
		if refuse {
			return errors.New("no")
		}
		got = append(got, rep.ID)
		return nil
	})
	now := time.Now()
	out := &deliver.Targets{List: []deliver.Target{{Name: "a", To: to}}, Spool: t.TempDir(), Now: func() time.Time { return now }, Longest: 5 * time.Minute}
	waits := func(rep *report.Report) bool {
		waits, err := out.Waits(rep)
		require.NoError(t, err)
		return waits
	}
	first, second := &report.Report{ID: "x", Seq: 2}, &report.Report{ID: "y", Seq: 3}
	assert.False(t, waits(first))
	for range 2 {
		require.NoError(t, out.Keep(first))
	}
	require.NoError(t, out.Keep(second))
	assert.Error(t, out.Flush(t.Context()))
	assert.True(t, waits(first) && waits(second))
	require.NoError(t, out.Drop(second))
	assert.False(t, waits(second))
	for range 20 {
		now = now.Add(7 * time.Minute) // the longest, and its share by the name
		assert.Error(t, out.Flush(t.Context()), "it is tried that often")
	}
	refuse, now = false, now.Add(7*time.Minute)
	require.NoError(t, out.Flush(t.Context()))
	assert.False(t, waits(first))
	assert.Equal(t, []string{"x"}, got)
}

// picky takes no report of one number, such as for its size.
type picky struct {
	flaky
	no uint64
}

func (p *picky) Report(ctx context.Context, rep *report.Report) error {
	if rep.Seq == p.no {
		return errors.New("413 too large")
	}
	return p.flaky.Report(ctx, rep)
}

func TestAReportThatIsNeverTakenHoldsNoOthersBack(t *testing.T) {
	to := &picky{no: 2}
	dir := t.TempDir()
	targets := &deliver.Targets{Spool: dir, List: []deliver.Target{{Name: "hook", To: to}}}
	require.NoError(t, targets.Report(t.Context(), numbered(1)))
	require.Error(t, targets.Report(t.Context(), numbered(2)))
	require.Error(t, targets.Report(t.Context(), numbered(3)))
	assert.ErrorContains(t, targets.Report(t.Context(), numbered(4)), "set aside")
	assert.Equal(t, []uint64{1, 3, 4}, to.seqs())
	assert.Contains(t, strings.Join(to.Reports()[1].Notices, " "), "1 report before this one could not be delivered")
	assert.Empty(t, to.Reports()[2].Notices)
	require.NoError(t, targets.Report(t.Context(), numbered(5)))
	aside, err := filepath.Glob(dir + "/hook/*.refused")
	require.NoError(t, err)
	assert.Len(t, aside, 1)
}

func TestASlowTargetHoldsNoRunForAllThatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &flaky{down: errors.New("refused")}
		slow := report.ReporterFunc(func(ctx context.Context, rep *report.Report) error {
			if down.down == nil {
				time.Sleep(59 * time.Second) // of its minute
			}
			return down.Report(ctx, rep)
		})
		targets := &deliver.Targets{Spool: t.TempDir(), List: []deliver.Target{{Name: "hook", To: slow, Timeout: time.Minute}}}
		for seq := range uint64(30) {
			require.Error(t, targets.Report(t.Context(), numbered(seq+1)))
		}
		down.down = nil
		began := time.Now()
		assert.ErrorContains(t, targets.Report(t.Context(), numbered(31)), "29 reports of before wait")
		assert.Less(t, time.Since(began), 3*time.Minute)
		for range 20 {
			_ = targets.Flush(t.Context())
		}
		assert.Len(t, down.seqs(), 31, "and nothing is lost")
	})
}

func TestWhatSomebodyDealtWithIsToldToThoseWhoWaitForProblems(t *testing.T) {
	rep := numbered(1)
	rep.Review = &report.Review{Handled: []report.Handled{{By: "ann", New: true, Change: report.Change{Kind: report.New, Finding: report.Finding{Severity: report.Critical}}}}}
	old := numbered(1)
	old.Review = &report.Review{Handled: []report.Handled{{By: "ann", Change: report.Change{Kind: report.Still, Finding: report.Finding{Severity: report.Critical}}}}}
	noted := numbered(1)
	noted.Notices = []string{"the settings leave out what they did not at the last report: accounts"}
	for _, p := range []deliver.Policy{deliver.OnChange, deliver.OnProblem} {
		assert.True(t, deliver.Target{Policy: p}.Wants(rep), p)
		assert.True(t, deliver.Target{Policy: p}.Wants(noted), p)
		assert.False(t, deliver.Target{Policy: p}.Wants(old), p)
	}
}

type partial struct{ error }

func (partial) Partly() bool { return true }

var _ deliver.Partial = partial{}

func TestWhatSomeRecipientsHaveIsNotHandedOverAgain(t *testing.T) {
	n := 0
	to := report.ReporterFunc(func(context.Context, *report.Report) error {
		n++
		return fmt.Errorf("mail: %w", partial{errors.New("bob@example.net: 550 nobody")})
	})
	targets := &deliver.Targets{Spool: t.TempDir(), List: []deliver.Target{{Name: "mail", To: to}}}
	for range 3 {
		_ = targets.Report(t.Context(), numbered(1))
	}
	assert.ErrorContains(t, targets.Report(t.Context(), numbered(2)), "bob@example.net")
	assert.Equal(t, 2, n)
}
