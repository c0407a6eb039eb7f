package render

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Section is the list of findings that one kind of change befell.
type Section struct {
	ID      string // new, baseline, worse, regressed, updated, new-checks, explained, stale, fixed, retired, noted, still
	Title   string
	Note    string  // what the title means, where that is not plain; else empty
	Entries []Entry // not, or not fully, explained: worst first
	Groups  []Group // explained, below their causes
	Folds   []Fold  // of the entries, worst first
}

// A Fold is what a short text tells of one rule and severity in one line, since enough
// of its kind was told, or since all of it is known.
type Fold struct {
	Check, Rule string
	InFull      bool    // one of the rule and severity is told above
	Entries     []Entry // of each owner and folder in turn; at least one
}

// Worst is the worst severity in f.
func (f Fold) Worst() report.Severity { return f.Entries[0].Finding.Severity }

// Days is the greatest age in f.
func (f Fold) Days() int {
	days := 0
	for _, e := range f.Entries {
		days = max(days, e.Days)
	}
	return days
}

// News reports whether s holds what a person was not told before and has to look at.
func (s Section) News() bool { return slices.Contains(news, s.ID) }

// Count is the number of findings in s.
func (s Section) Count() int {
	n := len(s.Entries)
	for _, e := range s.Entries {
		n += len(e.Traces)
	}
	for _, g := range s.Groups {
		n += g.Count()
	}
	return n
}

// Things is the number of things that a person is told: what tells of the same is
// one, as is an act with all that came of it; what was explained earlier is none.
func (s Section) Things() int {
	if s.ID == "explained" {
		return len(s.Groups)
	}
	return len(s.Entries)
}

// An Entry is a finding with all that a reader needs to know of it.
type Entry struct {
	report.Change
	Why       []report.Explanation
	Artifacts []report.Artifact
	Traces    []Entry // what tells of the same thing and is no worse
	Days      int     // full days since it was first there
	Brief     bool    // one line is enough
	Folded    bool    // stands in a Fold: a short text leaves it out
}

// explained reports whether nothing is left to ask. What is worse than a notice
// is told by itself, whatever is said of it.
func (e Entry) explained() bool {
	return e.Finding.Severity > report.RuleSeverity && e.Finding.Severity <= report.Notice &&
		slices.ContainsFunc(e.Why, func(x report.Explanation) bool { return x.Full })
}

// news lists the sections of what was not told before and is not explained.
var news = []string{"new", "baseline", "worse", "regressed", "updated", "new-checks"}

// kinds lists the sections in reading order. Those that hold nothing by
// themselves are filled from the news.
var kinds = []kind{
	{"new", "New", "", func(c report.Change, b bool) bool { return c.Kind == report.New && !c.NewCheck && !b }, false},
	{
		"baseline", "Already there", "This is the first report: these were there before anyone looked.",
		func(c report.Change, b bool) bool { return c.Kind == report.New && b }, false,
	},
	{"worse", "Worse", "", is(report.Worse), false},
	{"regressed", "Back again", "Gone before, and found again.", is(report.Regressed), false},
	{"updated", "Updated", "", is(report.Updated), false},
	{
		"new-checks", "From new checks", "Nobody looked for these here before, so the facts may be old.",
		func(c report.Change, b bool) bool { return c.Kind == report.New && c.NewCheck && !b }, false,
	},
	{"explained", "Changed and explained", "", nothing, true},
	{"stale", "Out of sight", "Nobody could look again, so these may still be there.", is(report.Stale), true},
	{"fixed", "Fixed", "", is(report.Fixed), true},
	{"retired", "No longer asked", "Shown once; a person closes them.", is(report.Retired), true},
	{"noted", "For the record", "", nothing, true},
	{"still", "Still open", "", func(c report.Change, _ bool) bool {
		return c.Kind == report.Still || c.Kind < report.New || c.Kind > report.Still
	}, true},
}

type kind struct {
	id, title, note string
	holds           func(c report.Change, baseline bool) bool
	brief           bool
}

func nothing(report.Change, bool) bool { return false }

func is(kind report.ChangeKind) func(report.Change, bool) bool {
	return func(c report.Change, _ bool) bool { return c.Kind == kind }
}

func sections(rep *report.Report, baseline bool) []Section {
	why := map[string][]report.Explanation{}
	for _, e := range rep.Explanations {
		why[e.Finding] = append(why[e.Finding], e)
	}
	var all []Section
	var told grouping
	traces := tracesOf(rep, baseline, why)
	listed := changes(rep)
	for _, kind := range kinds {
		s := Section{ID: kind.id, Title: kind.title, Note: kind.note}
		isNews := slices.Contains(news, kind.id)
		var still grouping
		for _, c := range listed {
			if !kind.holds(c, baseline) {
				continue
			}
			if s.Entries == nil { // they are large
				s.Entries = make([]Entry, 0, count(listed, kind, baseline))
			}
			e := entry(rep, c, why[c.Finding.Fingerprint], kind.brief)
			if (isNews || kind.id == "still") && traces.takes(e) {
				continue
			}
			switch {
			case isNews && told.takes(e), kind.id == "still" && still.takesExplained(e):
			default:
				s.Entries = append(s.Entries, e)
			}
		}
		switch kind.id {
		case "explained":
			s.Groups = told.gather()
		case "noted":
			s.Entries = told.noted
		case "still":
			s.Groups = still.groups
		}
		for i := range s.Entries {
			if isNews || kind.id == "still" {
				s.Entries[i].Traces = traces.of(s.Entries[i])
			}
		}
		s.shorten()
		all = append(all, s)
	}
	return slices.DeleteFunc(all, func(s Section) bool { return s.Count() == 0 })
}

// count gives the number of changes of a kind.
func count(listed []report.Change, k kind, baseline bool) int {
	n := 0
	for _, c := range listed {
		if k.holds(c, baseline) {
			n++
		}
	}
	return n
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

// Of a rule with more than maxAlike findings in a section, the first fullAlike
// (of notices fullMild) of a severity are told in full; of critical ones, those with
// traces, and the first of each owner and folder that is worse than a notice, lineAlike
// in a line at least; and the rest is folded, each severity by itself.
const (
	maxAlike  = 4
	fullAlike = 3
	fullMild  = 1
	lineAlike = 10
)

// shorten keeps three hundred pending updates from hiding what stands among
// them, and makes a line a rule and severity of what is known.
func (s *Section) shorten() {
	count, full, places := map[string]int{}, map[string]int{}, map[string][]int{}
	for i, e := range s.Entries {
		count[e.rule()]++
		places[e.kin()] = append(places[e.kin()], i)
	}
	for _, at := range places {
		if len(at) > 1 {
			fair(s.Entries, at)
		}
	}
	known := s.ID == "still" || s.ID == "noted"
	mildest := report.Critical // of those that are told in full
	for _, e := range s.Entries {
		if !e.Brief {
			mildest = min(mildest, Rank(e.Finding.Severity))
		}
	}
	lots := map[string]map[lot]bool{}
	for i := range s.Entries {
		e := &s.Entries[i]
		kin := e.kin()
		if e.Brief && known {
			if full[kin] == 0 && Rank(e.Finding.Severity) > mildest { // a line before what is milder
				full[kin]++
				continue
			}
			s.fold(e, full[kin] > 0)
			continue
		}
		if count[e.rule()] <= maxAlike {
			full[kin]++
			continue
		}
		s.crowded(e, full, lots)
	}
	slices.SortStableFunc(s.Folds, func(a, b Fold) int { return int(Rank(b.Worst())) - int(Rank(a.Worst())) })
}

// crowded tells one of many that are alike: in full, in a line, or folded. It counts
// in full how many were told before, and in lots whose and where they were.
func (s *Section) crowded(e *Entry, full map[string]int, lots map[string]map[lot]bool) {
	told, of := e.kin(), lotOf(e.Finding)
	lines := e.Finding.Severity == report.Critical || len(e.Traces) > 0
	if len(e.Traces) > 0 {
		told += " with traces"
	}
	most := fullAlike
	if Rank(e.Finding.Severity) <= report.Notice {
		most = fullMild
	}
	if lots[told] == nil {
		lots[told] = map[lot]bool{}
	}
	lines = lines || most == fullAlike && !lots[told][of]
	if full[told] >= most && !(lines && full[told] < lineAlike) {
		s.fold(e, true)
		return
	}
	lots[told][of] = true
	full[told]++
	e.Brief = e.Brief || full[told] > most
}

// rule names the rule of an entry, and kin its severity as well.
func (e Entry) rule() string { return e.Check + "/" + e.Finding.Rule }
func (e Entry) kin() string  { return e.rule() + "/" + Rank(e.Finding.Severity).String() }

// Follows reports whether e is of the rule and severity of f.
func (f Fold) Follows(e Entry) bool { return f.Entries[0].kin() == e.kin() }

func (s *Section) fold(e *Entry, told bool) {
	e.Folded = true
	at := slices.IndexFunc(s.Folds, func(f Fold) bool { return f.Follows(*e) })
	if at < 0 {
		at = len(s.Folds)
		s.Folds = append(s.Folds, Fold{Check: e.Check, Rule: e.Finding.Rule, InFull: told})
	}
	s.Folds[at].Entries = append(s.Folds[at].Entries, *e)
}
