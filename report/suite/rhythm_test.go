package suite_test

import (
	"context"
	"errors"
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

// count is a check that keeps how often it ran, and takes its time.
func count(id string, takes time.Duration) report.Checker {
	return check(id, func(ctx context.Context, rec *report.Recorder) error {
		n := append(rec.Kept("n"), 'x')
		time.Sleep(takes)
		rec.Covered("fs")
		rec.Finding(full("/" + id))
		return rec.Keep("n", n)
	})
}

func TestALongCheckDelaysOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &reporttest.Store{}
		set := &suite.Suite{
			Checks: []report.Checker{count("daily", time.Hour), count("often", time.Minute)}, Store: store,
			Timeout: func(string) time.Duration { return 2 * time.Hour },
		}
		go set.RunOnly(t.Context(), "daily") //nolint:errcheck // what is stored is looked at
		for range 5 {                        // at 0, 15, … 60 minutes
			_, err := set.RunOnly(t.Context(), "often")
			assert.NoError(t, err)
			time.Sleep(14 * time.Minute)
		}
		saved, err := store.Load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, map[string]map[string][]byte{"daily": {"n": []byte("x")}, "often": {"n": []byte("xxxxx")}}, saved.Kept,
			"the quick one ran five times while the long one went on")
		assert.Len(t, saved.Open.Items, 2)
		assert.Zero(t, set.Hung())
		assert.Equal(t, uint64(6), saved.Report.Seq)
		_, err = set.RunOnly(t.Context(), "nobody")
		assert.ErrorContains(t, err, `no check "nobody"`)
	})
}

func TestACheckIsNotTakenAgainBeforeWhatItKeptIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &reporttest.Store{}
		set := &suite.Suite{Checks: []report.Checker{count("quick", 0), count("slow", time.Hour)}, Store: store, Timeout: func(string) time.Duration { return 2 * time.Hour }}
		go set.Run(t.Context()) //nolint:errcheck // what is stored is looked at
		time.Sleep(time.Minute)
		_, err := set.Run(t.Context())
		require.ErrorIs(t, err, suite.ErrBusy)
		time.Sleep(2 * time.Hour)
		_, err = set.Run(t.Context())
		require.NoError(t, err)
		saved, err := store.Load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []byte("xx"), saved.Kept["quick"]["n"])
	})
}

func TestAfterACancelledRunNobodySaysThatNoOneEverLooked(t *testing.T) {
	store := &reporttest.Store{}
	due := true
	var last time.Time
	set := &suite.Suite{Checks: []report.Checker{finds("disks", full("/var"))}, Store: store, Due: func(_ string, at time.Time) bool { last = at; return due }}
	run := func(ctx context.Context) report.Result {
		rep, err := set.Run(ctx)
		require.NoError(t, err)
		return rep.Results[0]
	}
	began := run(t.Context()).Started
	assert.Zero(t, last)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, report.Unknown, run(ctx).Status)
	due = false
	res := run(t.Context())
	assert.Equal(t, began, last, "the last run that answered is known")
	assert.Equal(t, report.Unknown, res.Status)
	assert.Contains(t, res.Reason, "last answered "+began.Format(time.RFC3339))
	assert.NotContains(t, res.Reason, "nobody has looked")
}

func TestWhatAGoneCheckKeptIsDroppedAfterAMonth(t *testing.T) {
	store := &reporttest.Store{}
	at := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)
	set := &suite.Suite{Store: store, Clock: func() time.Time { return at }}
	kept := func(checks ...report.Checker) []string {
		set.Checks = checks
		_, err := set.Run(t.Context())
		require.NoError(t, err)
		saved, err := store.Load(t.Context())
		require.NoError(t, err)
		var names []string
		for name := range saved.Kept {
			names = append(names, name)
		}
		return names
	}
	assert.ElementsMatch(t, []string{"a", "b"}, kept(count("a", 0), count("b", 0)))
	at = at.Add(20 * 24 * time.Hour)
	assert.ElementsMatch(t, []string{"a", "b"}, kept(count("a", 0)), "a check may be away for some days")
	at = at.Add(20 * 24 * time.Hour)
	assert.ElementsMatch(t, []string{"a"}, kept(count("a", 0)))
}

func TestWhatWasStoredAndNotDeliveredIsDeliveredFirst(t *testing.T) {
	for name, store := range map[string]memory.Store{
		"fake": &reporttest.Store{}, "files": memory.FileStore{Dir: t.TempDir()}, "files without marks": plain{memory.FileStore{Dir: t.TempDir()}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&suite.Suite{Checks: []report.Checker{finds("disks")}, Store: store}).Run(t.Context())
			require.NoError(t, err)
			killed := &suite.Suite{Checks: []report.Checker{finds("disks", full("/new"))}, Store: store}
			stop := make(chan struct{})
			killed.Reporter = report.ReporterFunc(func(context.Context, *report.Report) error { close(stop); select {} })
			go killed.Run(t.Context()) //nolint:errcheck // it never ends, as when it is killed
			<-stop

			told := &reporttest.Reporter{}
			set := &suite.Suite{Checks: []report.Checker{finds("disks", full("/new"))}, Store: store, Reporter: told}
			for range 2 {
				_, err = set.Run(t.Context())
				require.NoError(t, err)
			}
			var kinds [][]report.ChangeKind
			for _, rep := range told.Reports() {
				require.Len(t, rep.Changes, 1)
				kinds = append(kinds, []report.ChangeKind{rep.Changes[0].Kind})
			}
			assert.Equal(t, [][]report.ChangeKind{{report.New}, {report.Still}, {report.Still}}, kinds, "once, and first")
			assert.Contains(t, told.Reports()[0].Notices[0], "delivered now")
		})
	}
}

func TestADeliveryThatFailedIsAnErrorOfItsRunAlone(t *testing.T) {
	told := 0
	set := &suite.Suite{Checks: []report.Checker{finds("disks")}, Store: &reporttest.Store{}, Reporter: report.ReporterFunc(func(context.Context, *report.Report) error {
		told++
		return errors.New("one of three targets is away")
	})}
	for i := range 3 {
		_, err := set.Run(t.Context())
		require.ErrorContains(t, err, "one of three targets")
		assert.Equal(t, i+1, told)
	}
}

func TestWhatIgnoresItsContextIsAbandoned(t *testing.T) {
	hang := make(chan struct{})
	for name, c := range map[string]struct {
		plug func(s *suite.Suite)
		want string
	}{
		"reporter": {func(s *suite.Suite) {
			s.Reporter = report.ReporterFunc(func(context.Context, *report.Report) error { <-hang; return nil })
		}, "Reporter did not come back"},
		"load":    {func(s *suite.Suite) { s.Store = stuck{load: hang} }, "Store.Load did not come back"},
		"save":    {func(s *suite.Suite) { s.Store = stuck{save: hang} }, "Store.Save did not come back"},
		"explain": {func(s *suite.Suite) { s.Explain = func(*report.Report) []report.Explanation { <-hang; return nil } }, ""},
		"due":     {func(s *suite.Suite) { s.Due = func(string, time.Time) bool { <-hang; return true } }, ""},
		"timeout": {func(s *suite.Suite) { s.Timeout = func(string) time.Duration { <-hang; return 0 } }, ""},
		"progress": {func(s *suite.Suite) {
			s.Progress = func(report.Progress) { <-hang }
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang = make(chan struct{})
				set := &suite.Suite{Checks: []report.Checker{finds("disks", full("/var"))}}
				c.plug(set)
				start := time.Now()
				for _, want := range []string{c.want, strings.ReplaceAll(c.want, " did not come back", ": the call that was abandoned earlier still runs")} {
					rep, err := set.Run(t.Context())
					require.NotNil(t, rep)
					assert.Len(t, rep.Results[0].Findings, 1)
					if want != "" {
						assert.ErrorContains(t, err, want)
					} else {
						assert.NoError(t, err)
					}
				}
				assert.LessOrEqual(t, time.Since(start), 11*time.Minute, "it is not waited for twice")
				close(hang)
				synctest.Wait()
			})
		})
	}
}

type stuck struct{ load, save chan struct{} }

func (s stuck) Load(context.Context) (memory.Saved, error) {
	if s.load != nil {
		<-s.load
	}
	return memory.Saved{}, nil
}

func (s stuck) Save(context.Context, memory.Saved) error {
	if s.save != nil {
		<-s.save
	}
	return nil
}
