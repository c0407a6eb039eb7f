package report_test

import "github.com/pugetsoundtech/upkeep/report/internal/sample"

var (
	rules    = sample.Rules
	full     = sample.Full
	severity = sample.Severity
	evidence = sample.Evidence
	found    = sample.Found
	check    = sample.Check
	numbers  = sample.Numbers
	inSuite  = sample.InSuite
)
