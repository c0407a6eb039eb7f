// Package report is the contract between those who look at a system and those
// who tell a person about it. A Checker records findings, numbers and what it
// could not look at in a Recorder; what became of it stands in a Report, which a
// Reporter hands on. Package report/suite runs checkers, and package
// report/memory holds what is open from run to run.
//
// What is not known is never taken for good: the zero Status is Unknown, and an
// old finding is fixed only when its scope was looked at again and it was gone.
// Otherwise it is stale.
//
// # What a checker may count on
//
// Recorder.Finding and Recorder.Keep answer. Too many findings are bounded
// fairly: the mildest of the most frequent rules give way, are counted by
// severity in one finding of their rule, and cancel the coverage of their scopes,
// so that none of them is called fixed. What is counted is recorded, so that a
// flood does not hold a position; what is not recorded cancels the kept values
// of the run, so that no position passes it. A number, an artifact or a kept
// value that cannot be taken is a problem below the scope "recorder", and cancels
// nothing else. Secrets are replaced in every text that the recorder takes, scopes
// among them; kept values are bytes that it cannot read, so keep none in them.
//
// A remedy is argument vectors beside a sentence, and is taken whole or not at
// all. Keys of a user's own begin with "x-". The words that users keep for ever
// have a grammar (reporttest.ValidateCheckName, ValidateRule, ValidateTitle and
// ValidateMetric), which reporttest.TestChecker tries.
//
// The package draws nothing, sends nothing and knows no operating system. It
// does not retry, and it cannot end a goroutine that does not want to end: it
// abandons it and says so.
//
// # Design
//
// A checker writes to a concrete Recorder instead of returning a value, because
// a timeout or a panic must not lose what was already found. Changes come from
// a fold over all runs (memory.Open) instead of a comparison of two reports,
// because a check that failed in between would make old findings look new. An
// event is never out of sight: it has happened. What nobody signs off is listed
// up to a bound, and counted in every report beyond it, so that neither a run
// nor its state grows for ever. Kept values take effect with the stored report,
// so that a log line stands in exactly one report whatever moment the process
// dies at.
package report
