package reporttest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

var rule = report.Rule{ID: "odd", Kind: report.Condition, Severity: report.Notice, Title: "odd", Explain: "e", Remedy: "r", Since: "0.1.0"}

func good() *reporttest.Checker {
	return &reporttest.Checker{
		ID: "good", Catalogue: []report.Rule{rule}, Covered: []string{"files"},
		Findings: []report.Finding{{Rule: "odd", Subject: report.Attr{Key: report.Path, Value: "/x"}, Scope: "files/x"}},
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
			c.Catalogue = []report.Rule{{ID: "odd", Kind: report.Condition, Severity: report.Notice, Title: "t", Remedy: "r"}}
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
		"is not covered":  func() report.Checker { c := good(); c.Covered = []string{"other"}; return c },
		"covers nothing":  func() report.Checker { c := good(); c.Covered = nil; return c },
		"panic":           func() report.Checker { c := good(); c.Panic = "boom"; return c },
		"does not return": func() report.Checker { return stubborn{} },
		"goroutines are left": func() report.Checker {
			return report.CheckerFunc{ID: "leaky", Func: func(context.Context, *report.Recorder) error {
				go time.Sleep(3 * time.Second)
				return nil
			}}
		},
	}
	for want, make := range broken {
		err := reporttest.TestChecker(t.Context(), make, reporttest.Options{Cancel: 100 * time.Millisecond})
		assert.ErrorContains(t, err, want, want)
	}
}

// stubborn takes a second, whatever its context says.
type stubborn struct{}

func (stubborn) Name() string { return "stubborn" }

func (stubborn) Check(context.Context, *report.Recorder) error {
	<-time.After(time.Second)
	return nil
}

func TestStoreFakeKeepsTheContract(t *testing.T) {
	assert.NoError(t, reporttest.TestStore(t.Context(), func() report.Store { return &reporttest.Store{} }))
}

type forgetful struct{ reporttest.Store }

func (*forgetful) Save(context.Context, report.Saved) error { return nil }

func TestBrokenStoresAreFound(t *testing.T) {
	assert.ErrorContains(t, reporttest.TestStore(t.Context(), func() report.Store { return &forgetful{} }), "no report")
	assert.ErrorContains(t, reporttest.TestStore(t.Context(), func() report.Store { return &reporttest.Store{SaveErr: errors.New("full")} }), "full")
}

func TestReporterThatChangesTheReportIsFound(t *testing.T) {
	bad := report.ReporterFunc(func(_ context.Context, rep *report.Report) error { rep.Notices = append(rep.Notices, "x"); return nil })
	err := reporttest.TestReporter(t.Context(), func() report.Reporter { return bad }, reporttest.Sample(1).Report)
	assert.ErrorContains(t, err, "read-only")
}

func ExampleTestChecker() {
	check := &reporttest.Checker{ID: "silent", Covered: []string{"files"}}
	err := reporttest.TestChecker(context.Background(), func() report.Checker { return check }, reporttest.Options{})
	fmt.Println(err)
	// Output: <nil>
}
