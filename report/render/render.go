// Package render arranges a report for readers: what to say first, what to say
// in one line, and in which words. Its sub-packages text, html and jsonl write
// the result.
//
//	d := render.NewDigest(rep)
//	fmt.Println(d.Verdict) // web1: 1 critical new; 3 still open
//
// It judges nothing, hides nothing, and escapes nothing but the verdict:
// strings of a Digest are the report's own, for a renderer to escape in its
// own grammar.
//
// # Design
//
// One order serves all renderers, so that a person who knows the mail finds
// his way on the page. A part speaks only when it has something to say. What
// is fully explained stands below what is not, a line an act; what was seen before
// takes one line a rule, and is told in full again after three, seven and thirty
// days, since a finding that nobody mentions is lost, and one told daily is not
// read. The verdict names the worst that is open, new or old. Information alone
// is told for the record, and counts in no verdict. Nothing above a notice is
// ever below anything else, whatever explains it.
package render

import (
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Digest is a report in reading order.
type Digest struct {
	Verdict   string          // one line, safe in a terminal and as a mail subject
	Lead      string          // the first part of the verdict: the host, and what needs a person
	Rest      string          // the rest of it; may be empty
	Worst     *Entry          // the worst that is open: news above info, or older above a notice; nil: none
	Level     report.Severity // the worst that is open and not explained; zero: nothing
	Baseline  bool            // a first report: what stands was there before anyone looked
	Unseen    []report.Result // what could not be fully looked at, for other reasons than rights
	Rights    []report.Result // what was not fully looked at for want of rights alone
	Sections  []Section       // those that have something to say
	SignedOff int             // findings that a person closed and that are still found
	Checks    Checks
}

// Checks counts results by what became of them.
type Checks struct {
	All, Complete, Partly, Failed, Skipped, NotDue int
}

// NewDigest arranges a report. The zero report has a digest, too.
func NewDigest(rep *report.Report) Digest {
	d := Digest{Baseline: rep.Seq == 1}
	for _, res := range rep.Results {
		d.Checks.add(res.Status)
	}
	for _, res := range rep.Incomplete() {
		if res.LacksOnlyRights() {
			d.Rights = append(d.Rights, res)
		} else {
			d.Unseen = append(d.Unseen, res)
		}
	}
	d.Sections = sections(rep, d.Baseline)
	d.SignedOff = signedOff(rep)
	d.Level, d.Worst = level(d.Sections), worst(d.Sections)
	d.Lead, d.Rest = verdict(rep, d)
	d.Verdict = d.Lead + d.Rest
	return d
}

// Verdict says in one line what a report comes to: "web1: 2 critical, 1 warning
// new; 3 still open; could not look at 1 of 9 checks". It is safe in a terminal
// and as a mail subject, whatever the report holds.
func Verdict(rep *report.Report) string { return NewDigest(rep).Verdict }

func (c *Checks) add(s report.Status) {
	c.All++
	switch s {
	case report.OK:
		c.Complete++
	case report.Partial:
		c.Partly++
	case report.Skipped:
		c.Skipped++
	case report.NotDue:
		c.NotDue++
	default:
		c.Failed++
	}
}

// days rounds, so that a daily run that begins a minute early counts as one day.
func days(now, since time.Time) int {
	if now.IsZero() || since.IsZero() || now.Before(since) {
		return 0
	}
	return int((now.Sub(since) + 12*time.Hour) / (24 * time.Hour))
}

// signedOff counts what is found but stands in no change: a person closed it.
func signedOff(rep *report.Report) int {
	told := map[string]bool{}
	for _, c := range changes(rep) {
		told[c.Finding.Fingerprint] = true
	}
	n := 0
	for _, res := range rep.Results {
		for _, f := range res.Findings {
			if !told[f.Fingerprint] {
				n++
			}
		}
	}
	return n
}

// level is the worst severity that is open and not fully explained.
func level(sections []Section) report.Severity {
	worst := report.RuleSeverity
	for _, s := range sections {
		if s.ID == "fixed" || s.ID == "retired" {
			continue
		}
		for _, e := range s.Entries {
			worst = max(worst, Rank(e.Finding.Severity))
		}
		for _, g := range s.Groups {
			worst = max(worst, g.level())
		}
	}
	return worst
}

// level is that of what a group does not fully explain.
func (g Group) level() report.Severity {
	if g.Cause == nil && len(g.Perhaps) == 0 {
		return report.RuleSeverity
	}
	return report.Info
}

// worst is the first of the worst that is open, of what is news before what is
// known, which a reader should not have to look for.
func worst(sections []Section) *Entry {
	var found *Entry
	for _, s := range sections {
		floor := report.Notice
		switch {
		case s.ID == "still" || s.ID == "stale":
			floor = report.Warning
		case !slices.Contains(news, s.ID):
			continue
		}
		for i := range s.Entries {
			e := &s.Entries[i]
			if Rank(e.Finding.Severity) >= floor && (found == nil || Rank(e.Finding.Severity) > Rank(found.Finding.Severity)) {
				found = e
			}
		}
	}
	return found
}

// Rank gives a severity that is not known the rank of a warning, as the
// contract does.
func Rank(s report.Severity) report.Severity {
	if s < report.Info || s > report.Critical {
		return report.Warning
	}
	return s
}

// Word names a severity for people: "critical", "warning", "notice", "info",
// and "unrated" for one that nobody set.
func Word(s report.Severity) string {
	if s < report.Info || s > report.Critical {
		return "unrated"
	}
	return s.String()
}

var statusWords = [...]string{
	report.Unknown: "nobody has looked", report.OK: "looked at", report.Partial: "looked at in part", report.Failed: "failed",
	report.TimedOut: "timed out", report.Panicked: "its own code failed", report.Skipped: "not applicable", report.NotDue: "not due",
}

// StatusWord names a status for people: "looked at in part".
func StatusWord(s report.Status) string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return s.String()
}
