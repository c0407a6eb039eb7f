package reporttest_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

var rule = report.Rule{ID: "sample.files.odd", Kind: report.Condition, Severity: report.Notice, Title: "A file is odd", Explain: "e", Remedy: "r", Since: "0.1.0"}

func good() *reporttest.Checker {
	return &reporttest.Checker{
		ID: "sample.files", Catalogue: []report.Rule{rule}, Covered: []string{"files"},
		Findings: []report.Finding{{Rule: rule.ID, Subject: report.Attr{Key: report.Path, Value: "/x"}, Scope: "files/x"}},
	}
}

func TestGoodCheckerPasses(t *testing.T) {
	err := reporttest.TestChecker(t.Context(), func() report.Checker { return good() }, reporttest.Options{})
	assert.NoError(t, err)
}

func TestEveryBrokenSentenceIsFound(t *testing.T) {
	calls := 0
	broken := map[string]func() report.Checker{
		"the name is not stable": func() report.Checker { calls++; c := good(); c.ID = fmt.Sprintf("n%d", calls); return c },
		"no Explain": func() report.Checker {
			c := good()
			c.Catalogue = []report.Rule{{ID: rule.ID, Kind: report.Condition, Severity: report.Notice, Title: "t", Remedy: "r"}}
			return c
		},
		"not in the catalogue": func() report.Checker { c := good(); c.Catalogue = nil; return c },
		"malformed value":      func() report.Checker { c := good(); c.Findings[0].Subject.Value = "x"; return c },
		"unchanged world": func() report.Checker {
			calls++
			c := good()
			c.Findings[0].Subject.Value = fmt.Sprintf("/x%d", calls)
			return c
		},
		"is not covered":                func() report.Checker { c := good(); c.Covered = []string{"other"}; return c },
		"covers nothing":                func() report.Checker { c := good(); c.Covered = nil; return c },
		"panic":                         func() report.Checker { c := good(); c.Panic = "boom"; return c },
		"panicked: name":                func() report.Checker { return panicky{} },
		"is not domain.question":        func() report.Checker { c := good(); c.ID = "good"; return c },
		"not the name of its check":     func() report.Checker { c := good(); c.ID = "sample.other"; return c },
		"ends with a full stop":         func() report.Checker { c := good(); c.Findings[0].Title = "A file is odd."; return c },
		"neither with a capital letter": func() report.Checker { c := good(); c.Findings[0].Title = "odd is /x"; return c },
		"is no base unit": func() report.Checker {
			return numbers(report.Metric{Name: "age_days", Unit: "days", Value: report.Count(1)})
		},
		"is not the end of its name": func() report.Checker {
			return numbers(report.Metric{Name: "bytes_used", Unit: "bytes", Value: report.Count(1)})
		},
		"is a value, not a label": func() report.Checker {
			return numbers(report.Metric{Name: "used", Value: report.Count(1), Attrs: []report.Attr{report.Sample.Of("x")}})
		},
		"covered after its context ended": func() report.Checker { return hasty(func(rec *report.Recorder) { rec.Finding(good().Findings[0]) }) },
		"with 0 of 1 numbers": func() report.Checker {
			return hasty(func(rec *report.Recorder) { rec.Metric(report.Metric{Name: "used", Value: report.Count(1)}) })
		},
		"does not return": func() report.Checker { return stubborn{} },
		"goroutines are left": func() report.Checker {
			return report.CheckerFunc{ID: "sample.leaky", Func: func(context.Context, *report.Recorder) error {
				go func() { <-t.Context().Done() }()
				return nil
			}}
		},
	}
	for want, make := range broken {
		err := reporttest.TestChecker(t.Context(), make, reporttest.Options{Cancel: 100 * time.Millisecond})
		assert.ErrorContains(t, err, want, want)
	}
}

func numbers(m report.Metric) report.Checker {
	return report.CheckerFunc{ID: "sample.numbers", Func: func(_ context.Context, rec *report.Recorder) error { rec.Metric(m); return nil }}
}

// hasty takes what it could not look at for what is not there.
func hasty(look func(rec *report.Recorder)) report.Checker {
	return report.CheckerFunc{ID: "sample.files", Catalogue: []report.Rule{rule}, Func: func(ctx context.Context, rec *report.Recorder) error {
		if ctx.Err() == nil {
			look(rec)
		}
		rec.Covered("files")
		return nil
	}}
}

type panicky struct{ stubborn }

func (panicky) Name() string { panic("name") }

// stubborn takes a second, whatever its context says.
type stubborn struct{}

func (stubborn) Name() string { return "sample.stubborn" }

func (stubborn) Check(context.Context, *report.Recorder) error {
	<-time.After(time.Second)
	return nil
}

func TestStoreFakeKeepsTheContract(t *testing.T) {
	assert.NoError(t, reporttest.TestStore(t.Context(), func() memory.Store { return &reporttest.Store{} }))
}

// lossy forgets a part of what it is given.
type lossy struct {
	reporttest.Store
	forget func(s *memory.Saved)
}

func (l *lossy) Save(ctx context.Context, s memory.Saved) error {
	l.forget(&s)
	return l.Store.Save(ctx, s)
}

func TestBrokenStoresAreFound(t *testing.T) {
	assert.ErrorContains(t, reporttest.TestStore(t.Context(), func() memory.Store { return &reporttest.Store{SaveErr: errors.New("full")} }), "full")
	for name, forget := range map[string]func(s *memory.Saved){
		"the report":           func(s *memory.Saved) { s.Report = nil },
		"what is not listed":   func(s *memory.Saved) { s.Open.Overflow = nil },
		"the rules of a check": func(s *memory.Saved) { s.Open.Checks = nil },
		"what is not open": func(s *memory.Saved) {
			s.Open.Items = slices.DeleteFunc(slices.Clone(s.Open.Items), func(it memory.Item) bool { return it.State != memory.ItemOpen })
		},
		"kept values":          func(s *memory.Saved) { s.Kept = nil },
		"by a panic":           func(*memory.Saved) { panic("boom") },
		"by ending its caller": func(*memory.Saved) { runtime.Goexit() },
	} {
		assert.Error(t, reporttest.TestStore(t.Context(), func() memory.Store { return &lossy{forget: forget} }), name)
	}
	for i := range reflect.TypeFor[memory.Item]().NumField() {
		forget := func(s *memory.Saved) {
			s.Open.Items = slices.Clone(s.Open.Items)
			for j := range s.Open.Items {
				reflect.ValueOf(&s.Open.Items[j]).Elem().Field(i).SetZero()
			}
		}
		assert.Error(t, reporttest.TestStore(t.Context(), func() memory.Store { return &lossy{forget: forget} }), "field %d", i)
	}
	former := func(s *memory.Saved) {
		s.Open.Items = slices.Clone(s.Open.Items)
		for j := range s.Open.Items {
			s.Open.Items[j].Finding.Former = nil
		}
	}
	assert.Error(t, reporttest.TestStore(t.Context(), func() memory.Store { return &lossy{forget: former} }), "former names")
}

func TestReportersThatPanicOrHangAreFound(t *testing.T) {
	bad := report.ReporterFunc(func(context.Context, *report.Report) error { panic("boom") })
	assert.ErrorContains(t, reporttest.TestReporter(t.Context(), func() report.Reporter { return bad }, reporttest.Sample(1).Report), "panicked: boom")
	synctest.Test(t, func(t *testing.T) {
		slow := report.ReporterFunc(func(ctx context.Context, _ *report.Report) error {
			if ctx.Err() != nil {
				time.Sleep(time.Minute)
			}
			return nil
		})
		err := reporttest.TestReporter(t.Context(), func() report.Reporter { return slow }, reporttest.Sample(1).Report)
		assert.ErrorContains(t, err, "does not return")
		<-time.After(2 * time.Minute) // until it has returned, in the bubble's time
	})
}

func TestReporterThatChangesTheReportIsFound(t *testing.T) {
	bad := report.ReporterFunc(func(_ context.Context, rep *report.Report) error { rep.Notices = append(rep.Notices, "x"); return nil })
	err := reporttest.TestReporter(t.Context(), func() report.Reporter { return bad }, reporttest.Sample(1).Report)
	assert.ErrorContains(t, err, "read-only")
}

func ExampleTestChecker() {
	check := &reporttest.Checker{ID: "sample.silent", Covered: []string{"files"}}
	err := reporttest.TestChecker(context.Background(), func() report.Checker { return check }, reporttest.Options{})
	fmt.Println(err)
	// Output: <nil>
}
