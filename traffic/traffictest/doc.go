// Package traffictest has what tests of traffic need: counters of a network
// interface that do what counters do, builders of logs with a ledger of their
// own, and a conformance function for whatever is a traffic.Analyzer.
//
//	card := traffictest.NewCard("eth0", start)
//	card.Carry(time.Hour, 1<<30, 1<<20).Reboot().Carry(time.Hour, 5, 5)
//	err := traffictest.TestAnalyzer(ctx, func() traffic.Analyzer { return &mine{} }, lines)
//
// It does not import testing.
package traffictest
