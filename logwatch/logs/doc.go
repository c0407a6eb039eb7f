// Package logs is the daily check of the logs: it reads what is new in the log
// files and the journal, so that nothing minor or important in them goes
// unnoticed. What a rule knows as routine is counted, what a rule knows as
// trouble is told, and everything else is told as unexplained, folded by its
// pattern.
//
//	check := logs.System{Host: host.Local()}
//
// The package does not wait for lines, does not block addresses, and never runs
// what a rule says. It does not judge mail or web traffic: that is analysed by
// the traffic packages.
//
// # Design
//
// Bounds are fair for each cause: kinds are bounded for each rule and for each
// program, and what is beyond a bound is counted in one finding of that rule or
// program, so that no flood hides another line and none holds the position.
//
// Sources share the time that the check has. The one that was read to its end
// the longest ago comes first, and one that takes more than its share goes on
// there in the next run.
//
// How many lines of each kind came in which hour is package history, kept in a
// binary file beside the report and committed with it. What is taken for routine
// is told where it comes far more often than ever, or not any more.
package logs
