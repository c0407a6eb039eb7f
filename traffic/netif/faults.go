package netif

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// faults are what went wrong on one interface in one interval; gaps where the
// system does not tell, or the reading cannot be believed yet.
type faults struct {
	errors, drops report.Number
	packets       uint64
}

func faultsOf(s Step) faults {
	in, out := s.Sample.Received, s.Sample.Sent
	var wasIn, wasOut Counters
	switch s.Received.Class {
	case Unknown, Base, Zero:
		return faults{}
	case Normal, Glitch, Wrap, Ambiguous, Implausible:
		wasIn, wasOut = s.Before.Received, s.Before.Sent
	default: // the counters started from zero
		none := report.Count(0)
		wasIn = Counters{none, none, none, none}
		wasOut = wasIn
	}
	packets, _ := sum(rise(wasIn.Packets, in.Packets), rise(wasOut.Packets, out.Packets)).Uint()
	return faults{
		errors:  sum(rise(wasIn.Errors, in.Errors), rise(wasOut.Errors, out.Errors)),
		drops:   sum(rise(wasIn.Drops, in.Drops), rise(wasOut.Drops, out.Drops)),
		packets: packets,
	}
}

// rise is what a counter gained; a gap when that is not known or it fell.
func rise(before, after report.Number) report.Number {
	b, ok := before.Uint()
	a, ok2 := after.Uint()
	if !ok || !ok2 || a < b {
		return report.Number{}
	}
	return report.Count(a - b)
}

// sum adds what is known of both directions.
func sum(in, out report.Number) report.Number {
	a, ok := in.Uint()
	b, ok2 := out.Uint()
	if !ok && !ok2 {
		return report.Number{}
	}
	return report.Count(a + b)
}

// Errors are reported from 1 in 10,000 packets on, drops from 1 in 1,000, when
// there are more than a few.
const (
	fewErrors, errorShare = 10, 10_000
	fewDrops, dropShare   = 100, 1_000
)

func recordFaults(rec *report.Recorder, s Step, f faults) {
	if errors, ok := f.errors.Uint(); ok && errors >= fewErrors && errors >= f.packets/errorShare {
		rec.Finding(finding(ruleErrors, s, fmt.Sprintf("Network interface %s counts damaged packets", s.Sample.Name),
			fmt.Sprintf("%s beside %s since %s.", prose.Count(errors, "error"), prose.Count(f.packets, "packet"), prose.Time(s.From, nil))))
	}
	if drops, ok := f.drops.Uint(); ok && drops >= fewDrops && drops >= f.packets/dropShare {
		rec.Finding(finding(ruleDrops, s, fmt.Sprintf("Network interface %s drops packets", s.Sample.Name),
			fmt.Sprintf("%s beside %s since %s.", prose.Count(drops, "drop"), prose.Count(f.packets, "packet"), prose.Time(s.From, nil))))
	}
}
