package memory_test

import "github.com/pugetsoundtech/upkeep/report/internal/sample"

var (
	finds    = sample.Finds
	rules    = sample.Rules
	full     = sample.Full
	login    = sample.Login
	severity = sample.Severity
	evidence = sample.Evidence
	found    = sample.Found
	check    = sample.Check
	spoil    = sample.Spoil
)
