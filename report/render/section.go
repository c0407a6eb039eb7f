package render

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Section is the list of findings that one kind of change befell.
type Section struct {
	ID      string // new, baseline, worse, updated, regressed, fixed, stale, retired, new-checks, still
	Title   string
	Note    string  // what the title means, where that is not plain; else empty
	Entries []Entry // not, or not fully, explained: worst first
	Groups  []Group // explained, below their causes
	Folds   []Fold  // of the entries
	Alike   int     // entries that are brief because others of their rule are told in full
}

// A Fold counts the entries of one rule that a short text leaves out, since
// enough of them were told.
type Fold struct {
	Check, Rule string
	Entries     []Entry
}

// Count is the number of findings in s.
func (s Section) Count() int {
	n := len(s.Entries)
	for _, g := range s.Groups {
		n += len(g.Entries) + len(g.Perhaps)
		if g.Cause != nil {
			n++
		}
	}
	return n
}

// unexplained gives the entries that nothing fully explains, those among them
// that stand in a group.
func (s Section) unexplained() []Entry {
	out := slices.Clone(s.Entries)
	for _, g := range s.Groups {
		if g.Cause != nil {
			out = append(out, *g.Cause)
		}
		out = append(out, g.Perhaps...)
	}
	return out
}

// An Entry is a finding with all that a reader needs to know of it.
type Entry struct {
	report.Change
	Why       []report.Explanation
	Artifacts []report.Artifact
	Days      int  // full days since it was first there
	Brief     bool // one line is enough
	Folded    bool // stands in a Fold: a short text leaves it out
}

// A Group holds the findings that one cause explains.
type Group struct {
	Text    string  // the explanation
	Sure    string  // of Entries
	Cause   *Entry  // where the cause is a brief finding of the same section; else nil
	Entries []Entry // fully explained
	Perhaps []Entry // brief ones that it possibly explains
	by      string  // fingerprint of the cause, if that is known
}

// news lists the sections of what was not told before.
var news = []string{"new", "baseline", "worse", "regressed", "updated", "new-checks"}

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
	{"regressed", "Back again", "Gone before, and found again.", is(report.Regressed), false},
	{"fixed", "Fixed", "", is(report.Fixed), true},
	{"stale", "Out of sight", "Nobody could look again, so these may still be there.", is(report.Stale), true},
	{"retired", "No longer asked", "Shown once; a person closes them.", is(report.Retired), true},
	{
		"new-checks", "From new checks", "Nobody looked for these here before, so the facts may be old.",
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
		if !kind.brief {
			s.gather()
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
	g := s.group(Group{Text: why.Text, Sure: why.Sure, by: causeOf(why)})
	g.Entries = append(g.Entries, e)
}

// causeOf is the fingerprint of the only cause of an explanation, else "".
func causeOf(e report.Explanation) string {
	if len(e.By) == 1 {
		return e.By[0]
	}
	return ""
}

// group gives the group that is like g, made of g if there is none.
func (s *Section) group(g Group) *Group {
	for i := range s.Groups {
		if old := &s.Groups[i]; old.Text == g.Text && old.Sure == g.Sure && old.by == g.by {
			return old
		}
	}
	s.Groups = append(s.Groups, g)
	return &s.Groups[len(s.Groups)-1]
}

// gather puts brief findings that explain others above what they explain, and
// brief ones that they possibly explain below that.
func (s *Section) gather() {
	causes := map[string]*Entry{}
	for i, e := range s.Entries {
		if e.Brief && len(e.Why) == 0 {
			causes[e.Finding.Fingerprint] = &s.Entries[i]
		}
	}
	for i := range s.Groups {
		s.Groups[i].Cause = causes[s.Groups[i].by]
	}
	gathered := map[string]bool{}
	for _, e := range s.Entries {
		if !e.Brief || len(e.Why) != 1 || causes[causeOf(e.Why[0])] == nil {
			continue
		}
		cause := causes[causeOf(e.Why[0])]
		g := s.below(cause)
		g.Perhaps = append(g.Perhaps, e)
		gathered[e.Finding.Fingerprint] = true
	}
	for _, g := range s.Groups {
		if g.Cause != nil {
			gathered[g.Cause.Finding.Fingerprint] = true
		}
	}
	s.Entries = slices.DeleteFunc(slices.Clone(s.Entries), func(e Entry) bool { return gathered[e.Finding.Fingerprint] })
}

// below gives the first group of a cause, made if there is none.
func (s *Section) below(cause *Entry) *Group {
	for i := range s.Groups {
		if s.Groups[i].Cause == cause {
			return &s.Groups[i]
		}
	}
	s.Groups = append(s.Groups, Group{Cause: cause, by: cause.Finding.Fingerprint, Text: cause.Finding.Title})
	return &s.Groups[len(s.Groups)-1]
}

// Of a rule with more than maxAlike findings in a section, the first fullAlike
// are told in full (of critical ones more), the next briefAlike take a line
// each, and the rest is folded.
const (
	maxAlike     = 5
	fullAlike    = 3
	fullCritical = 10
	briefAlike   = 10
)

// shorten keeps three hundred pending updates from hiding what stands among them.
func (s *Section) shorten() {
	count, full, brief := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range s.Entries {
		count[e.kin()]++
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		kin := e.kin()
		if count[kin] <= maxAlike {
			continue
		}
		if !e.Brief {
			most, told := fullAlike, kin
			if e.Finding.Severity == report.Critical {
				most, told = fullCritical, kin+" critical"
			}
			if full[told]++; full[told] <= most {
				continue
			}
			e.Brief = true
			s.Alike++
		}
		if brief[kin]++; brief[kin] > briefAlike {
			s.fold(e)
		}
	}
}

// kin names the rule of an entry.
func (e Entry) kin() string { return e.Check + "/" + e.Finding.Rule }

func (s *Section) fold(e *Entry) {
	e.Folded = true
	at := slices.IndexFunc(s.Folds, func(f Fold) bool { return f.Check == e.Check && f.Rule == e.Finding.Rule })
	if at < 0 {
		at = len(s.Folds)
		s.Folds = append(s.Folds, Fold{Check: e.Check, Rule: e.Finding.Rule})
	}
	s.Folds[at].Entries = append(s.Folds[at].Entries, *e)
}
