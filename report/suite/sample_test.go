package suite_test

import "github.com/pugetsoundtech/upkeep/report/internal/sample"

var (
	finds    = sample.Finds
	rules    = sample.Rules
	full     = sample.Full
	severity = sample.Severity
	evidence = sample.Evidence
	numbers  = sample.Numbers
	inSuite  = sample.InSuite
	spoil    = sample.Spoil
	check    = sample.Check
)
