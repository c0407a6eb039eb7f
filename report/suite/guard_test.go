package suite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
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

type panicStore struct{ load, save bool }

func (s panicStore) Load(context.Context) (memory.Saved, error) {
	if s.load {
		panic("load")
	}
	return memory.Saved{}, nil
}

func (s panicStore) Save(context.Context, memory.Saved) error {
	if s.save {
		panic("save")
	}
	return nil
}

func TestAPanicOfWhatIsPluggedInLosesNoReport(t *testing.T) {
	for name, plug := range map[string]func(s *suite.Suite){
		"reporter": func(s *suite.Suite) {
			s.Reporter = report.ReporterFunc(func(context.Context, *report.Report) error { panic("told") })
		},
		"explain":  func(s *suite.Suite) { s.Explain = func(*report.Report) []report.Explanation { panic("why") } },
		"due":      func(s *suite.Suite) { s.Due = func(string, time.Time) bool { panic("due") } },
		"timeout":  func(s *suite.Suite) { s.Timeout = func(string) time.Duration { panic("timeout") } },
		"progress": func(s *suite.Suite) { s.Progress = func(report.Progress) { panic("progress") } },
		"load":     func(s *suite.Suite) { s.Store = panicStore{load: true} },
		"save":     func(s *suite.Suite) { s.Store = panicStore{save: true} },
	} {
		set := &suite.Suite{Checks: []report.Checker{finds("disks", full("/var"))}}
		plug(set)
		rep, err := set.Run(t.Context())
		require.NotNil(t, rep, name)
		assert.Equal(t, report.OK, rep.Results[0].Status, name)
		assert.Len(t, rep.Results[0].Findings, 1, name)
		switch name {
		case "reporter":
			var delivery *suite.DeliveryError
			require.ErrorAs(t, err, &delivery)
			assert.ErrorContains(t, err, "panicked: told")
		case "load", "save":
			var store *suite.StoreError
			require.ErrorAs(t, err, &store)
			assert.Equal(t, name, store.Op)
			require.Len(t, rep.Notices, 1)
		case "explain", "due":
			require.NoError(t, err)
			require.Len(t, rep.Notices, 1, name)
			assert.NotContains(t, rep.Notices[0], "\n")
		default:
			assert.NoError(t, err, name)
		}
	}
}

type panicName struct{ report.Checker }

func (panicName) Name() string { panic("name") }

func TestACheckThatCannotTellItsNameRunsNothing(t *testing.T) {
	_, err := suite.Run(t.Context(), []report.Checker{panicName{}})
	assert.ErrorContains(t, err, "panicked: name")
}

func TestWhoIsToldOfAReportThatWasNotStoredKnowsIt(t *testing.T) {
	told := &reporttest.Reporter{}
	set := &suite.Suite{Checks: []report.Checker{finds("disks")}, Reporter: told, Store: &reporttest.Store{SaveErr: errors.New("disk full")}}
	_, err := set.Run(t.Context())
	require.ErrorContains(t, err, "disk full")
	require.Len(t, told.Reports()[0].Notices, 1)
	assert.Contains(t, told.Reports()[0].Notices[0], "could not be stored")
}

func TestARunThatIsCancelledBeforeItBeganStillKnowsWhatIsOpen(t *testing.T) {
	store := &reporttest.Store{}
	set := &suite.Suite{Checks: []report.Checker{finds("disks", full("/var"))}, Store: store}
	_, err := set.Run(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rep, err := set.Run(ctx)
	require.NoError(t, err)
	assert.Equal(t, uint64(2), rep.Seq)
	require.Len(t, rep.Changes, 1)
	assert.Equal(t, report.Stale, rep.Changes[0].Kind)
}

func TestAReporterHasTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := &suite.Suite{Reporter: report.ReporterFunc(func(ctx context.Context, _ *report.Report) error {
			<-ctx.Done()
			return ctx.Err()
		})}
		start := time.Now()
		_, err := set.Run(t.Context())
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 10*time.Minute, time.Since(start))
	})
}

// A run that ends is over for the next one, however soon that begins.
func TestRunsFollowEachOtherAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8)) // more threads than processors, so that any may have to wait
	set := &suite.Suite{Checks: []report.Checker{finds("a"), finds("b"), finds("c")}, Parallel: 3}
	for range 2000 {
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		for _, res := range rep.Results {
			require.Equal(t, report.OK, res.Status, res.Reason)
		}
	}
}

func TestHungCountsAbandonedChecksOnly(t *testing.T) {
	var set suite.Suite
	set.Checks = []report.Checker{check("calm", func(context.Context, *report.Recorder) error {
		assert.Zero(t, set.Hung())
		return nil
	})}
	_, err := set.Run(t.Context())
	require.NoError(t, err)
}

func TestNotBeingDueMakesNothingGood(t *testing.T) {
	store := &reporttest.Store{}
	due := false
	c := finds("disks")
	c.Problems = map[string]error{"fs/srv": errors.New("df failed")}
	numbers := check("numbers", numbers)
	set := &suite.Suite{Checks: []report.Checker{c, numbers}, Store: store, Due: func(string, time.Time) bool { return due }}
	run := func() *report.Report {
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		return rep
	}
	never := run()
	assert.Equal(t, report.Unknown, never.Results[0].Status)
	assert.Contains(t, never.Results[0].Reason, "nobody has looked")
	due = true
	looked := run()
	due = false
	for range 3 {
		rep := run()
		require.Len(t, rep.Incomplete(), 1)
		res := rep.Incomplete()[0]
		assert.Equal(t, report.NotDue, res.Status)
		assert.Equal(t, "last time partial: df failed", res.Reason)
		assert.Equal(t, report.NotDue, rep.Results[1].Status)
		assert.Empty(t, rep.Results[1].Reason)
		for _, m := range rep.Results[1].Metrics {
			assert.False(t, m.Time.IsZero(), "a number of another day says so")
		}
	}
	for _, m := range looked.Results[1].Metrics[1:] {
		assert.True(t, m.Time.IsZero(), "and nothing is written into the older report")
	}
}

func TestTheRecorderSharesNoMemoryWithTheCheck(t *testing.T) {
	at := []report.Attr{{Key: report.Mount, Value: "/a"}}
	links := []string{"https://example.org/"}
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Metric(report.Metric{Name: "m", Value: report.Count(1), Attrs: at})
		rec.Series(report.Series{Name: "s", Step: time.Hour, Attrs: at})
		rec.Finding(full("/a", func(f *report.Finding) { f.Links, f.Artifacts, f.Evidence, f.Identity = links, links, at, at }))
		at[0].Value, links[0] = "changed", "changed"
		return nil
	})
	assert.NotContains(t, fmt.Sprintf("%+v", res), "changed")
}

func TestSecretsInASubjectAndInFiguresAreMarked(t *testing.T) {
	const secret = "hunter2-very-secret"
	target := report.Attr{Key: report.Target, Value: "imap://ann:" + secret + "@mail.example.org"}
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(report.Finding{Rule: "full", Subject: target, Scope: "x", Links: []string{target.Value}, Identity: []report.Attr{target}})
		rec.Metric(report.Metric{Name: "m", Value: report.Count(1), Attrs: []report.Attr{target}})
		rec.Series(report.Series{Name: "s", Step: time.Hour, Attrs: []report.Attr{target}})
		return nil
	})
	require.Len(t, res.Findings, 1)
	assert.NotContains(t, fmt.Sprintf("%+v", res), secret)
}

func TestBoundsHoldAgainstEmptyThings(t *testing.T) {
	set := &suite.Suite{Limits: report.Limits{Values: 5, KeptBytes: 10}, Checks: []report.Checker{check("much", func(_ context.Context, rec *report.Recorder) error {
		for i := range 100 {
			rec.Series(report.Series{Name: fmt.Sprint(i), Step: time.Second})
			rec.Keep(fmt.Sprintf("name%d", i), []byte{})
		}
		return nil
	})}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	assert.Len(t, rep.Results[0].Series, 5)
	assert.Equal(t, report.Partial, rep.Results[0].Status)
}

func TestArtifactsLeaveRoomForFindings(t *testing.T) {
	set := &suite.Suite{Limits: report.Limits{TotalBytes: 4096}, Checks: []report.Checker{check("much", func(_ context.Context, rec *report.Recorder) error {
		for i := range 20 {
			rec.Artifact("a", "text/plain", strings.NewReader(strings.Repeat(string(rune('a'+i)), 500)))
		}
		rec.Finding(full("/var"))
		return nil
	})}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	res := rep.Results[0]
	assert.Len(t, res.Findings, 1)
	assert.Equal(t, report.Partial, res.Status)
	assert.Contains(t, res.Reason, "artifact", "a result that is not whole says why")
}

func TestEvidenceThatIsNotKeptIsCounted(t *testing.T) {
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var", func(f *report.Finding) { f.Evidence = make([]report.Attr, 0, 300) }, func(f *report.Finding) {
			for i := range 300 {
				f.Evidence = append(f.Evidence, report.Attr{Key: report.User, Value: fmt.Sprint("u", i)})
			}
		}))
		return nil
	})
	assert.Len(t, res.Findings[0].Evidence, 256)
	assert.Contains(t, res.Findings[0].Detail, "44 more")
}

func TestATimeThatJSONCannotHoldIsNotKnown(t *testing.T) {
	rep, err := suite.Run(t.Context(), []report.Checker{check("odd", func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var", func(f *report.Finding) { f.First = time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC) }))
		return nil
	})})
	require.NoError(t, err)
	_, err = report.Encode(rep)
	assert.NoError(t, err)
}

func TestAMalformedFindingIsCountedAndItsFaultSaid(t *testing.T) {
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		assert.True(t, rec.Finding(full("/var", severity(9))))
		assert.True(t, rec.Finding(full("/"+strings.Repeat("long/", 1000)+"x", severity(report.Critical))))
		return nil
	})
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "nearly full: 2 more, only counted", res.Findings[0].Title)
	assert.Equal(t, report.Critical, res.Findings[0].Severity)
	assert.Equal(t, report.CodeContract, res.Problems[0].Code)
}

func TestManyMissingRightsAreStillOnlyRights(t *testing.T) {
	set := &suite.Suite{Limits: report.Limits{Problems: 3}, Checks: []report.Checker{check("walk", func(_ context.Context, rec *report.Recorder) error {
		for i := range 10 {
			rec.Problem(fmt.Errorf("open /home/%d: %w", i, fs.ErrPermission), fmt.Sprintf("files/%d", i))
		}
		return nil
	})}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	assert.True(t, rep.Results[0].LacksOnlyRights())
}

func TestASkipThatFoundSomethingIsNoSkip(t *testing.T) {
	res := one(t, func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var"))
		return report.Skip("no disks")
	})
	assert.Equal(t, report.Partial, res.Status)
}
