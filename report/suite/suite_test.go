package suite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func one(t *testing.T, fn func(ctx context.Context, rec *report.Recorder) error) report.Result {
	t.Helper()
	res, err := suite.Collect(t.Context(), check("one", fn))
	require.NoError(t, err)
	return res
}

func TestStatusSaysHowTheRunWent(t *testing.T) {
	boom := errors.New("boom")
	table := []struct {
		name string
		fn   func(ctx context.Context, rec *report.Recorder) error
		want report.Status
	}{
		{"an answered question", func(_ context.Context, rec *report.Recorder) error { rec.Covered("fs"); return nil }, report.OK},
		{"an error alone", func(context.Context, *report.Recorder) error { return boom }, report.Failed},
		{"an error after something was covered", func(_ context.Context, rec *report.Recorder) error { rec.Covered("fs"); return boom }, report.Partial},
		{"a problem", func(_ context.Context, rec *report.Recorder) error { rec.Problem(boom, "fs"); return nil }, report.Partial},
		{"a question that does not exist", func(context.Context, *report.Recorder) error { return report.Skip("no disks") }, report.Skipped},
		{"a skip beside a problem", func(_ context.Context, rec *report.Recorder) error {
			rec.Problem(boom, "fs")
			return report.Skip("no disks")
		}, report.Failed},
		{"a panic", func(context.Context, *report.Recorder) error { panic("boom") }, report.Panicked},
		{"a nil panic", func(context.Context, *report.Recorder) error { panic(nil) }, report.Panicked},
		{"a goroutine that ends itself", func(context.Context, *report.Recorder) error { runtime.Goexit(); return nil }, report.Panicked},
		{"a child's panic", func(_ context.Context, rec *report.Recorder) error {
			rec.Go(func(context.Context) error { panic("boom") })
			return nil
		}, report.Panicked},
		{"a child's error", func(_ context.Context, rec *report.Recorder) error {
			rec.Go(func(context.Context) error { return boom })
			return nil
		}, report.Failed},
		{"a rule that is not in the catalogue", func(_ context.Context, rec *report.Recorder) error {
			rec.Finding(report.Finding{Rule: "nobody", Subject: report.Attr{Key: report.User, Value: "root"}, Scope: "x"})
			rec.Covered("x")
			return nil
		}, report.Partial},
		{"a malformed subject", func(_ context.Context, rec *report.Recorder) error {
			rec.Finding(report.Finding{Rule: "full", Subject: report.Attr{Key: report.Mount, Value: "var"}, Scope: "x"})
			return nil
		}, report.Partial},
	}
	for _, c := range table {
		res := one(t, c.fn)
		assert.Equal(t, c.want, res.Status, c.name)
		if c.want != report.OK {
			assert.NotEmpty(t, res.Reason, c.name)
		}
	}
}

func TestZeroStatusIsUnknown(t *testing.T) {
	var s report.Status
	assert.Equal(t, "unknown", s.String())
	assert.False(t, s.Complete())
	assert.False(t, report.Number{}.Known())
}

func TestWhatWasFoundSurvivesAPanic(t *testing.T) {
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var"))
		panic("disk\x1b[31m")
	})
	require.Len(t, res.Findings, 1)
	require.Len(t, res.Problems, 1)
	assert.Equal(t, report.CodePanic, res.Problems[0].Code)
	assert.Contains(t, res.Problems[0].Stack, "suite_test.go")
	assert.False(t, res.Covers("fs/var"))
}

func TestHangingCheckIsAbandonedAndNotStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := &reporttest.Checker{ID: "hang", Catalogue: rules, Findings: []report.Finding{full("/var")}, Hang: true, Release: make(chan struct{})}
		calm := &reporttest.Checker{ID: "calm", Catalogue: rules, Covered: []string{"fs"}}
		set := &suite.Suite{Checks: []report.Checker{hang, calm}, Timeout: func(string) time.Duration { return time.Minute }}
		start := time.Now()
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 65*time.Second, time.Since(start))
		assert.Equal(t, report.TimedOut, rep.Results[0].Status)
		assert.Len(t, rep.Results[0].Findings, 1)
		assert.Equal(t, report.OK, rep.Results[1].Status)
		for range 3 {
			rep, err = set.Run(t.Context())
			require.NoError(t, err)
			assert.Equal(t, report.Failed, rep.Results[0].Status)
			assert.Equal(t, report.CodeRunning, rep.Results[0].Problems[0].Code)
			assert.Equal(t, 1, set.Hung())
		}
		close(hang.Release)
		synctest.Wait()
		assert.Equal(t, 0, set.Hung())
		hang.Hang = false
		rep, err = set.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, report.OK, rep.Results[0].Status)
	})
}

func TestLateWritesAreDroppedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		late := check("late", func(_ context.Context, rec *report.Recorder) error {
			<-release
			rec.Finding(full("/var"))
			rec.Covered("fs")
			<-release
			return nil
		})
		set := &suite.Suite{Checks: []report.Checker{late}, Timeout: func(string) time.Duration { return time.Second }}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		release <- struct{}{}
		synctest.Wait()
		assert.Empty(t, rep.Results[0].Findings)
		again, err := set.Run(t.Context())
		require.NoError(t, err)
		assert.Contains(t, again.Results[0].Problems[0].Message, "2 of its writes came too late")
		close(release)
	})
}

func TestCancelledRunReturnsWhatWasFound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first := check("first", func(ctx context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var"))
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	second := check("second", func(context.Context, *report.Recorder) error { return nil })
	store := &reporttest.Store{}
	rep, err := (&suite.Suite{Checks: []report.Checker{first, second}, Parallel: 1, Store: store}).Run(ctx)
	require.NoError(t, err)
	assert.Equal(t, report.Partial, rep.Results[0].Status)
	assert.Len(t, rep.Results[0].Findings, 1)
	assert.Equal(t, report.Unknown, rep.Results[1].Status)
	assert.Contains(t, rep.Results[1].Reason, "cancelled")
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, uint64(1), saved.Report.Seq, "a cancelled run is stored")
}

func TestBadListOfChecksRunsNothing(t *testing.T) {
	ran := false
	run := func(context.Context, *report.Recorder) error { ran = true; return nil }
	for _, checks := range [][]report.Checker{
		{check("a", run), check("a", run)},
		{check("Not Good", run)},
		{report.CheckerFunc{ID: "a", Catalogue: []report.Rule{{ID: "x"}}, Func: run}},
		{report.CheckerFunc{ID: "a", Catalogue: []report.Rule{rules[0], rules[0]}, Func: run}},
	} {
		rep, err := suite.Run(t.Context(), checks)
		assert.Error(t, err)
		assert.Nil(t, rep)
	}
	assert.False(t, ran)
}

func TestBoundsAreKeptAndSaid(t *testing.T) {
	set := &suite.Suite{
		Limits: report.Limits{Findings: 2, ArtifactBytes: 10, Artifacts: 1, KeptBytes: 4, Values: 3, Problems: 2},
		Checks: []report.Checker{check("much", func(_ context.Context, rec *report.Recorder) error {
			rec.Covered("fs")
			for i := range 5 {
				rec.Finding(full(fmt.Sprintf("/d%d", i)))
			}
			assert.NotEmpty(t, rec.Artifact("list", "text/plain", strings.NewReader(strings.Repeat("x", 50))))
			assert.Empty(t, rec.Artifact("more", "text/plain", strings.NewReader("y")))
			rec.Keep("big", make([]byte, 5))
			rec.Series(report.Series{Name: "s", Step: time.Second, Values: make([]report.Number, 9)})
			return nil
		})},
	}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	res := rep.Results[0]
	assert.Len(t, res.Findings, 3, "two, and one that counts the others")
	assert.Equal(t, map[string]uint64{"finding": 3, "artifact": 1, "series": 1, "problem": 4}, fixProblemCount(res.Dropped))
	assert.True(t, res.Artifacts[0].Truncated)
	assert.Len(t, res.Artifacts[0].Data, 10)
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("fs/d9"), "more problems than can be told cover nothing")
}

// fixProblemCount asserts only that problems were dropped.
func fixProblemCount(dropped map[string]uint64) map[string]uint64 {
	if dropped["problem"] > 0 {
		dropped["problem"] = 4
	}
	return dropped
}

func TestDroppedFindingCancelsItsScopeOnly(t *testing.T) {
	set := &suite.Suite{
		Limits: report.Limits{Findings: 1},
		Checks: []report.Checker{check("much", func(_ context.Context, rec *report.Recorder) error {
			rec.Covered("fs")
			rec.Finding(full("/a"))
			rec.Finding(full("/b"))
			return nil
		})},
	}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	assert.True(t, rep.Results[0].Covers("fs/a"))
	assert.False(t, rep.Results[0].Covers("fs/b"))
	assert.Equal(t, report.Partial, rep.Results[0].Status)
}

func TestSecretsNeverReachTheReport(t *testing.T) {
	const secret = "hunter2-very-secret"
	rep, err := suite.Run(t.Context(), []report.Checker{check("leak", func(_ context.Context, rec *report.Recorder) error {
		f := full("/var", evidence("line=password="+secret))
		f.Detail = "https://user:" + secret + "@example.org/"
		rec.Finding(f)
		rec.Artifact("conf", "text/plain", strings.NewReader("password = "+secret))
		rec.Problem(errors.New("Authorization: Bearer "+secret), "fs")
		panic("token=" + secret)
	})})
	require.NoError(t, err)
	data, err := report.Encode(rep)
	require.NoError(t, err)
	assert.NotContains(t, string(data), secret)
	assert.Contains(t, string(data), "«secret:")
}

func TestFindingReportedTwiceIsCounted(t *testing.T) {
	early, later := time.Unix(100, 0).UTC(), time.Unix(200, 0).UTC()
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var", func(f *report.Finding) { f.First, f.Last = later, later }))
		rec.Finding(full("/var", severity(report.Critical), func(f *report.Finding) { f.First, f.Last, f.Count = early, early, 4 }))
		return nil
	})
	require.Len(t, res.Findings, 1)
	f := res.Findings[0]
	assert.Equal(t, 5, f.Count)
	assert.Equal(t, report.Critical, f.Severity)
	assert.Equal(t, early, f.First)
	assert.Equal(t, later, f.Last)
}

func TestSameWorldGivesSameBytes(t *testing.T) {
	encode := func(order []string) string {
		at := time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)
		set := &suite.Suite{Clock: func() time.Time { return at }, Checks: []report.Checker{check("one", func(_ context.Context, rec *report.Recorder) error {
			var wg sync.WaitGroup
			for _, m := range order {
				wg.Go(func() {
					rec.Finding(full(m))
					rec.Covered("fs" + m)
					rec.Problem(errors.New("no "+m), "x"+m)
					rec.Metric(report.Metric{Name: "used", Value: report.Count(1), Attrs: []report.Attr{{Key: report.Mount, Value: m}}})
				})
			}
			wg.Wait()
			return nil
		})}}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		data, err := report.Encode(rep)
		require.NoError(t, err)
		return string(data)
	}
	assert.Equal(t, encode([]string{"/a", "/b", "/c"}), encode([]string{"/c", "/a", "/b"}))
}

func TestMissingRightsAreToldApart(t *testing.T) {
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Problem(fmt.Errorf("read /etc/shadow: %w", fs.ErrPermission), "fs")
		return nil
	})
	assert.True(t, res.LacksOnlyRights())
	res = one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Problem(fmt.Errorf("read /etc/shadow: %w", fs.ErrPermission), "fs")
		rec.Problem(errors.New("boom"), "fs")
		return nil
	})
	assert.False(t, res.LacksOnlyRights())
}

func TestKeptValuesTakeEffectOnlyWithTheStoredReport(t *testing.T) {
	store := &reporttest.Store{}
	var got []string
	c := check("log", func(_ context.Context, rec *report.Recorder) error {
		got = append(got, string(rec.Kept("position")))
		rec.Keep("position", fmt.Appendf(nil, "%d", len(got)))
		return nil
	})
	set := &suite.Suite{Checks: []report.Checker{c}, Store: store}
	run := func() error { _, err := set.Run(t.Context()); return err }
	require.NoError(t, run())
	store.SaveErr = errors.New("disk full")
	var storeErr *suite.StoreError
	require.ErrorAs(t, run(), &storeErr)
	store.SaveErr = nil
	require.NoError(t, run())
	require.NoError(t, run())
	assert.Equal(t, []string{"", "1", "1", "3"}, got)
}

func TestDamagedMemoryIsSaidAndNotWrittenOver(t *testing.T) {
	store := &reporttest.Store{LoadErr: fmt.Errorf("state.json is %w", report.ErrDamaged)}
	told := &reporttest.Reporter{}
	rep, err := (&suite.Suite{Checks: []report.Checker{check("a", func(context.Context, *report.Recorder) error { return nil })}, Store: store, Reporter: told}).Run(t.Context())
	require.ErrorIs(t, err, report.ErrDamaged)
	require.Len(t, rep.Notices, 1)
	assert.Len(t, told.Reports(), 1, "the person is told all the same")
	store.LoadErr = nil
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Nil(t, saved.Report)
}

func TestReporterIsToldAfterStoring(t *testing.T) {
	store := &reporttest.Store{}
	boom := errors.New("no route to host")
	set := &suite.Suite{Store: store, Reporter: report.ReporterFunc(func(ctx context.Context, rep *report.Report) error {
		saved, err := store.Load(ctx)
		require.NoError(t, err)
		assert.Equal(t, rep.ID, saved.Report.ID)
		return boom
	})}
	_, err := set.Run(t.Context())
	var delivery *suite.DeliveryError
	require.ErrorAs(t, err, &delivery)
	assert.ErrorIs(t, err, boom)
}

func TestClockThatWasSetBackIsSaid(t *testing.T) {
	store := &reporttest.Store{}
	at := time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)
	set := &suite.Suite{Store: store, Clock: func() time.Time { return at }}
	_, err := set.Run(t.Context())
	require.NoError(t, err)
	at = at.Add(-48 * time.Hour)
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, rep.Notices, 1)
	assert.Contains(t, rep.Notices[0], "48h0m0s before the last report")
	assert.Equal(t, uint64(2), rep.Seq)
}

func TestSuiteRunsOnceAtATime(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	set := &suite.Suite{Checks: []report.Checker{check("slow", func(context.Context, *report.Recorder) error {
		close(begun)
		<-release
		return nil
	})}}
	done := make(chan error)
	go func() { _, err := set.Run(t.Context()); done <- err }()
	<-begun
	_, err := set.Run(t.Context())
	assert.ErrorIs(t, err, suite.ErrBusy)
	close(release)
	assert.NoError(t, <-done)
}

func TestCoverageIsATree(t *testing.T) {
	res := report.Result{Covered: []string{"files", "files/srv"}, Problems: []report.Problem{{Scope: "files/etc/ssh"}, {Scope: "files/srv/secret"}}}
	for scope, want := range map[string]bool{
		"files": true, "files/etc": true, "files/etc/ssh": false, "files/etc/ssh/keys": false, "files/etc/sshx": true,
		"file": false, "filesx": false, "files/srv": true, "files/srv/secret/x": false, "logs": false,
	} {
		assert.Equal(t, want, res.Covers(scope), scope)
	}
	res.Problems = append(res.Problems, report.Problem{})
	assert.False(t, res.Covers("files"), "a problem without a scope is the whole check")
}
