package main

import "github.com/pugetsoundtech/upkeep/report"

// whollyExplained holds what is fully explained.
func whollyExplained(rep *report.Report) map[string]bool {
	out := map[string]bool{}
	for _, e := range rep.Explanations {
		out[e.Finding] = out[e.Finding] || e.Full
	}
	return out
}

// exitCode is the exit status for a report that was stored. Critical outweighs
// "could not look", which outweighs "something to look at". What is not seen
// only for want of rights counts with strict alone. A late report, of an earlier run,
// is something to look at; what is explained is not.
func exitCode(rep *report.Report, strict, late bool) int {
	code, known := exitQuiet, whollyExplained(rep)
	for _, ch := range rep.Changes {
		open := ch.Kind != report.Fixed && ch.Kind != report.Retired
		if open && ch.Finding.Severity == report.Critical {
			return exitCritical
		}
		if ch.Finding.Severity == report.Notice && known[ch.Finding.Fingerprint] && ch.Kind != report.Stale {
			continue // the page says that it needs nobody
		}
		if ch.Kind != report.Still && (ch.Finding.Severity >= report.Notice || ch.Kind == report.Stale) {
			code = exitLook
		}
	}
	if rep.Review != nil && rep.Review.Unknown != "" {
		return exitUnknown
	}
	for _, res := range rep.Incomplete() {
		if strict || !res.LacksOnlyRights() {
			return exitUnknown
		}
	}
	if (len(rep.Notices) > 0 || late) && code == exitQuiet {
		return exitLook
	}
	return code
}
