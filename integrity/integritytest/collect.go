package integritytest

import (
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// Collect is reporttest.Collect.
func Collect(t reporttest.T, c report.Checker) report.Result {
	t.Helper()
	return reporttest.Collect(t, c)
}

// Titles is reporttest.Titles.
func Titles(res report.Result) []string { return reporttest.Titles(res) }
