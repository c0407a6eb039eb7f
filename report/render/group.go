package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Group holds the findings that one cause explains: one act of a person or a
// program is one thing to read.
type Group struct {
	Text       string  // what was done
	Confidence string  // of Entries
	Cause      *Entry  // where the cause is a finding that is news; else nil
	With       []Entry // causes beside it, between which nobody can tell
	Entries    []Entry // fully explained
	Perhaps    []Entry // those for the record that it possibly explains
	Who        []Entry // of a change that one person made, which is the cause: by what it is known
	by         []string
}

// Count is the number of findings in g.
func (g Group) Count() int {
	n := len(g.With) + len(g.Entries) + len(g.Perhaps) + len(g.Who)
	if g.Cause != nil {
		n++
	}
	return n
}

// Title says what was done.
func (g Group) Title() string {
	if g.Cause == nil {
		return g.Text
	}
	title := cmp.Or(g.Cause.Finding.Title, g.Cause.Finding.Rule)
	if len(g.With) > 0 {
		title += "; " + Titles(g.With)
	}
	return title
}

// Explains says in a few words what came of it, or of a change who made it, and
// how sure that is; "" where nothing did.
func (g Group) Explains(zone *time.Location) string {
	switch {
	case len(g.Who) > 0:
		by := g.Who[0].Finding
		when := ""
		if !by.First.IsZero() {
			when = ", " + by.First.In(zone).Format("2 Jan 15:04")
		}
		return g.Confidence + ": " + Titles(g.Who) + when
	case len(g.Entries) > 0:
		return fmt.Sprintf("%s: %d, %s", g.Confidence, len(g.Entries), FewSubjects(g.Entries))
	}
	return ""
}

// turn makes the one file that a session explains the thing that is told, and the
// records of the session what is known of it.
func (g *Group) turn() {
	isFile := func(e Entry) bool { return e.Finding.Subject.Key == report.Path }
	inSession := func(a report.Attr) bool { return a.Key == report.Session }
	at := slices.IndexFunc(g.Entries, isFile)
	if g.Cause == nil || !slices.ContainsFunc(g.Cause.Finding.Evidence, inSession) || at < 0 {
		return
	}
	file := g.Entries[at]
	rest := slices.Delete(slices.Clone(g.Entries), at, at+1)
	if slices.ContainsFunc(rest, isFile) {
		return // what else came of it would be hidden
	}
	g.Who = slices.Concat([]Entry{*g.Cause}, g.With, rest)
	g.Cause, g.With, g.Entries = &file, nil, nil
}

// grouping sorts news into what is explained, what is for the record, and what
// a person has to look at.
type grouping struct {
	groups []Group
	noted  []Entry
}

// takes reports whether e needs no look of its own.
func (g *grouping) takes(e Entry) bool {
	if g.takesExplained(e) {
		return true
	}
	if e.Finding.Severity == report.Info {
		g.noted = append(g.noted, e)
		return true
	}
	return false
}

// takesExplained reports whether e is explained in full; it is then put with
// what the same causes explain.
func (g *grouping) takesExplained(e Entry) bool {
	if !e.explained() {
		return false
	}
	why := e.Why[slices.IndexFunc(e.Why, func(x report.Explanation) bool { return x.Full })]
	by := slices.Clone(why.By)
	slices.Sort(by)
	at := slices.IndexFunc(g.groups, func(old Group) bool {
		return old.Confidence == why.Confidence && slices.Equal(old.by, by) && (len(by) > 0 || old.Text == why.Text)
	})
	if at < 0 {
		at = len(g.groups)
		g.groups = append(g.groups, Group{Text: why.Text, Confidence: why.Confidence, by: by})
	}
	g.groups[at].Entries = append(g.groups[at].Entries, e)
	return true
}

// gather puts the causes that are for the record above what they explain, and
// below what they possibly do. An act on software that explains nothing is one
// all the same.
func (g *grouping) gather() []Group {
	gone := map[string]bool{}
	for i := range g.groups {
		for _, e := range g.noted {
			if !slices.Contains(g.groups[i].by, e.Finding.Fingerprint) || gone[e.Finding.Fingerprint] {
				continue
			}
			gone[e.Finding.Fingerprint] = true
			g.groups[i].add(e)
		}
	}
	for _, e := range g.noted {
		if !gone[e.Finding.Fingerprint] && len(e.Why) == 0 && ofSoftware(e.Finding) {
			gone[e.Finding.Fingerprint] = true
			g.groups = append(g.groups, Group{Text: e.Finding.Title, by: []string{e.Finding.Fingerprint}, Cause: &e})
		}
	}
	for _, e := range g.noted {
		if at := g.perhaps(e); at >= 0 && !gone[e.Finding.Fingerprint] {
			gone[e.Finding.Fingerprint] = true
			g.groups[at].Perhaps = append(g.groups[at].Perhaps, e)
		}
	}
	for i := range g.groups {
		g.groups[i].turn()
	}
	g.noted = slices.DeleteFunc(g.noted, func(e Entry) bool { return gone[e.Finding.Fingerprint] })
	slices.SortStableFunc(g.groups, func(a, b Group) int { return strings.Compare(b.Confidence, a.Confidence) })
	return g.groups
}

func (g *Group) add(cause Entry) {
	if g.Cause == nil {
		g.Cause = &cause
		return
	}
	g.With = append(g.With, cause)
}

// perhaps gives the group of which something possibly explains e; -1: none.
func (g *grouping) perhaps(e Entry) int {
	return slices.IndexFunc(g.groups, func(group Group) bool {
		return slices.ContainsFunc(e.Why, func(x report.Explanation) bool {
			return slices.ContainsFunc(x.By, func(by string) bool { return slices.Contains(group.by, by) })
		})
	})
}

func ofSoftware(f report.Finding) bool {
	return f.Kind == report.Event && (f.Subject.Key == report.Package || f.Subject.Key == report.Transaction)
}
