// Package report is the contract between those who look at a system and those
// who tell a person about it. A Checker records findings, numbers and what it
// could not look at; a Suite runs checkers over one host, remembers what is
// open from run to run, and hands each Report to a Reporter.
//
//	suite := &report.Suite{Checks: checks, Store: report.FileStore{Dir: dir}}
//	rep, err := suite.Run(ctx)
//
// What is not known is never taken for good: the zero Status is Unknown, and an
// old finding is fixed only when its scope was looked at again and it was gone.
// Otherwise it is stale.
//
// The package draws nothing, sends nothing and knows no operating system. It
// does not retry, and it cannot end a goroutine that does not want to end: it
// abandons it and says so.
//
// # Design
//
// A checker writes to a concrete Recorder instead of returning a value, because
// a timeout or a panic must not lose what was already found. Changes come from
// a fold over all runs (Open.Next) instead of a comparison of two reports,
// because a check that failed in between would make old findings look new. An
// event is never out of sight: it has happened. What nobody signs off is listed
// up to a bound, and counted in every report beyond it, so that neither a run
// nor its state grows for ever. Kept values take effect with the stored report,
// so that a log line stands in exactly one report whatever moment the process
// dies at.
package report
