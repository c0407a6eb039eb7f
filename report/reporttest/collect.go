package reporttest

import (
	"context"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// T is what a test gives to Collect; a *testing.T does.
type T interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// Collect runs a check once, with nothing kept, and ends the test where that is
// not possible, or where the check broke its contract.
func Collect(t T, c report.Checker) report.Result {
	t.Helper()
	res, err := suite.Collect(t.Context(), c)
	if err != nil {
		t.Fatalf("collect %s: %v", c.Name(), err)
	}
	for _, p := range res.Problems {
		if p.Code == report.CodeContract {
			t.Fatalf("%s breaks its contract: %s", c.Name(), p.Message)
		}
	}
	return res
}

// Titles gives the findings of a result as lines: severity and title.
func Titles(res report.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		out = append(out, f.Severity.String()+": "+f.Title)
	}
	return out
}
