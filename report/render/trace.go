package render

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/report"
)

// traces holds the findings that tell of the same thing as another that is told in
// full and that is as bad at least: one act, or one trouble, is one entry.
type traces struct {
	cause map[string]string  // of a trace, the entry that it belongs to
	held  map[string][]Entry // by that entry
}

func tracesOf(rep *report.Report, baseline bool, why map[string][]report.Explanation) traces {
	t := traces{cause: map[string]string{}, held: map[string][]Entry{}}
	if len(why) == 0 {
		return t
	}
	heads := map[string]head{}
	var all []Entry
	for _, c := range changes(rep) {
		news := isNews(c, baseline)
		if !news && c.Kind != report.Still || c.Finding.Severity == report.Info {
			continue
		}
		e := entry(rep, c, why[c.Finding.Fingerprint], false)
		all = append(all, e)
		if !e.explained() && !ofSoftware(e.Finding) {
			heads[c.Finding.Fingerprint] = head{Rank(c.Finding.Severity), news}
		}
	}
	for _, e := range all {
		if head := headOf(e, isNews(e.Change, baseline), heads); head != "" {
			t.cause[e.Finding.Fingerprint] = head
		}
	}
	for _, e := range all { // what is a trace itself has none
		if _, ok := t.cause[t.cause[e.Finding.Fingerprint]]; ok {
			delete(t.cause, e.Finding.Fingerprint)
		}
	}
	for _, e := range all {
		if head, ok := t.cause[e.Finding.Fingerprint]; ok {
			t.held[head] = append(t.held[head], e)
		}
	}
	return t
}

// head is what may have traces.
type head struct {
	rank report.Severity
	news bool
}

// headOf gives the one finding that e is surely a trace of; "": there is none.
// News is a trace of news alone.
func headOf(e Entry, news bool, heads map[string]head) string {
	for _, x := range e.Why {
		if len(x.By) != 1 || x.Confidence == "possible" || x.By[0] == e.Finding.Fingerprint {
			continue
		}
		if h, ok := heads[x.By[0]]; ok && h.news == news && h.rank >= Rank(e.Finding.Severity) {
			return x.By[0]
		}
	}
	return ""
}

func isNews(c report.Change, baseline bool) bool {
	return slices.ContainsFunc(kinds, func(k kind) bool { return slices.Contains(news, k.id) && k.holds(c, baseline) })
}

// takes reports whether e is told with another.
func (t traces) takes(e Entry) bool {
	_, ok := t.cause[e.Finding.Fingerprint]
	return ok
}

// of hands out the traces of e, once.
func (t traces) of(e Entry) []Entry {
	held := t.held[e.Finding.Fingerprint]
	delete(t.held, e.Finding.Fingerprint)
	return held
}
