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
// is fully explained stands below what is not; what was seen before takes one
// line, and is told in full again after three, seven and thirty days, since a
// finding that nobody mentions is lost, and one told daily is not read.
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

// A Section is the list of findings that one kind of change befell.
type Section struct {
	ID      string // new, baseline, worse, updated, regressed, fixed, stale, retired, new-checks, still
	Title   string
	Note    string  // what the title means, where that is not plain; else empty
	Entries []Entry // not, or not fully, explained: worst first
	Groups  []Group // explained
	Alike   int     // entries that are brief because others of their rule are told in full
}

// Count is the number of findings in s.
func (s Section) Count() int {
	n := len(s.Entries)
	for _, g := range s.Groups {
		n += len(g.Entries)
	}
	return n
}

// An Entry is a finding with all that a reader needs to know of it.
type Entry struct {
	report.Change
	Why       []report.Explanation
	Artifacts []report.Artifact
	Days      int  // full days since it was first there
	Brief     bool // one line is enough
}

// A Group holds the findings that one explanation explains.
type Group struct {
	Text    string
	Sure    string
	Entries []Entry
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
	d.Level = level(d.Sections)
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

// kinds lists the sections in reading order.
var kinds = []struct {
	id, title, note string
	holds           func(c report.Change, baseline bool) bool
	brief           bool
}{
	{"new", "New", "", func(c report.Change, b bool) bool { return c.Kind == report.New && !c.NewCheck && !b }, false},
	{
		"baseline", "Already there", "This is the first report: these were there before anyone looked.",
		func(c report.Change, b bool) bool { return c.Kind == report.New && b }, false,
	},
	{"worse", "Worse", "", is(report.Worse), false},
	{"updated", "Changed", "Known findings whose evidence is another than last time.", is(report.Updated), false},
	{"regressed", "Back again", "Fixed before, and found again.", is(report.Regressed), false},
	{"fixed", "Fixed", "", is(report.Fixed), true},
	{"stale", "Out of sight", "Nobody could look again, so these may still be there.", is(report.Stale), true},
	{"retired", "No longer asked", "Shown once; a person closes them.", is(report.Retired), true},
	{
		"new-checks", "From new checks", "This version looks for more. The facts may be old.",
		func(c report.Change, b bool) bool { return c.Kind == report.New && c.NewCheck && !b }, false,
	},
	{"still", "Still open", "", func(c report.Change, _ bool) bool {
		return c.Kind == report.Still || c.Kind < report.New || c.Kind > report.Still
	}, true},
}

func is(kind report.ChangeKind) func(report.Change, bool) bool {
	return func(c report.Change, _ bool) bool { return c.Kind == kind }
}

func sections(rep *report.Report, baseline bool) []Section {
	why := map[string][]report.Explanation{}
	for _, e := range rep.Explanations {
		why[e.Finding] = append(why[e.Finding], e)
	}
	var out []Section
	for _, kind := range kinds {
		s := Section{ID: kind.id, Title: kind.title, Note: kind.note}
		for _, c := range changes(rep) {
			if kind.holds(c, baseline) {
				s.add(entry(rep, c, why[c.Finding.Fingerprint], kind.brief), !kind.brief)
			}
		}
		s.shorten()
		if s.Count() > 0 {
			out = append(out, s)
		}
	}
	return out
}

// changes gives the report's changes. A report that nobody compared with
// anything has none: all its findings are new then.
func changes(rep *report.Report) []report.Change {
	if len(rep.Changes) > 0 || rep.Seq > 1 {
		return rep.Changes
	}
	var out []report.Change
	for _, res := range rep.Results {
		for _, f := range res.Findings {
			out = append(out, report.Change{Kind: report.New, Check: res.Check, Finding: f, Since: rep.Finished})
		}
	}
	slices.SortStableFunc(out, func(a, b report.Change) int { return int(b.Finding.Severity) - int(a.Finding.Severity) })
	return out
}

func entry(rep *report.Report, c report.Change, why []report.Explanation, brief bool) Entry {
	e := Entry{Change: c, Why: why, Days: days(rep.Finished, c.Since)}
	e.Brief = brief || c.Finding.Severity == report.Info
	if c.Kind == report.Still && (e.Days == 3 || e.Days == 7 || e.Days == 30) {
		e.Brief = false
	}
	if res := rep.Result(c.Check); res != nil {
		for _, a := range res.Artifacts {
			if slices.Contains(c.Finding.Artifacts, a.Ref) {
				e.Artifacts = append(e.Artifacts, a)
			}
		}
	}
	return e
}

// add puts an entry among those that the same explanation fully explains, if
// there is one and the section tells more than a line of each anyway.
func (s *Section) add(e Entry, grouped bool) {
	at := slices.IndexFunc(e.Why, func(x report.Explanation) bool { return x.Quiet })
	if at < 0 || !grouped {
		s.Entries = append(s.Entries, e)
		return
	}
	why := e.Why[at]
	for i := range s.Groups {
		if s.Groups[i].Text == why.Text && s.Groups[i].Sure == why.Sure {
			s.Groups[i].Entries = append(s.Groups[i].Entries, e)
			return
		}
	}
	s.Groups = append(s.Groups, Group{Text: why.Text, Sure: why.Sure, Entries: []Entry{e}})
}

// Of a rule with more than maxAlike findings in a section, the first
// fullAlike are told in full; but a critical one always is.
const (
	maxAlike  = 5
	fullAlike = 3
)

// shorten keeps thirty pending updates from hiding what stands among them.
func (s *Section) shorten() {
	count, told := map[string]int{}, map[string]int{}
	for _, e := range s.Entries {
		count[e.Check+"/"+e.Finding.Rule]++
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		rule := e.Check + "/" + e.Finding.Rule
		if e.Brief || count[rule] <= maxAlike {
			continue
		}
		if told[rule]++; told[rule] > fullAlike && e.Finding.Severity != report.Critical {
			e.Brief = true
			s.Alike++
		}
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
	}
	return worst
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
