package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// Of a rule with more than alike findings of one severity in a section, the first
// few are listed and the rest is a group, of which some are listed when it is opened.
const (
	alike     = 10
	few       = 3
	maxListed = 100
)

// group is the rest of what one rule found.
type group struct {
	Key      string // names all of it, as they are
	Rule     string
	Severity report.Severity
	Names    string // some of them
	all      []listed
}

// Count is the number of findings in a group.
func (g group) Count() int { return len(g.all) }

// Entries are those that are listed.
func (g group) Entries() []listed { return g.all[:min(len(g.all), maxListed)] }

// Hidden is the number of those that are not.
func (g group) Hidden() int { return max(len(g.all)-maxListed, 0) }

// Count is the number of findings in a section.
func (p section) Count() int {
	n := len(p.Entries)
	for _, g := range p.Groups {
		n += g.Count()
	}
	return n
}

// fold puts what is alike into groups.
func (p *section) fold() {
	kinds := map[string][]listed{}
	for _, e := range p.Entries {
		kinds[kind(e.Standing)] = append(kinds[kind(e.Standing)], e)
	}
	told := map[string]int{}
	p.Entries = slices.DeleteFunc(p.Entries, func(e listed) bool {
		kin := kind(e.Standing)
		if len(kinds[kin]) <= alike {
			return false
		}
		if told[kin]++; told[kin] == few+1 {
			p.Groups = append(p.Groups, newGroup(kinds[kin][few:]))
		}
		return told[kin] > few
	})
}

func newGroup(rest []listed) group {
	first := rest[0].Finding
	g := group{Rule: first.Rule, Severity: first.Severity, all: rest}
	var entries []render.Entry
	var all []review.Standing
	for _, e := range rest {
		all = append(all, e.Standing)
		if len(entries) < few {
			entries = append(entries, render.Entry{Change: report.Change{Check: e.Check, Finding: e.Finding}})
		}
	}
	g.Key, g.Names = keyOf(all), render.FewSubjects(entries)
	if len(rest) > len(entries) {
		g.Names += " …"
	}
	return g
}

// kind is what findings of a group have in common.
func kind(s review.Standing) string {
	return s.Check + "\x00" + s.Finding.Rule + "\x00" + s.Finding.Severity.String()
}

// key names a finding as it is, in forms and addresses: what a person chose on a
// page is not what became of it since.
func key(s review.Standing) string {
	f := s.Finding
	return digest(s.Check, f.Fingerprint, f.State, f.Severity.String(), s.Since.UTC().Format(time.RFC3339Nano),
		f.Last.UTC().Format(time.RFC3339Nano), strconv.Itoa(f.Count), string(s.State))
}

// nameOf names a report in forms.
func nameOf(rep *report.Report) string { return digest(rep.ID, strconv.FormatUint(rep.Seq, 10)) }

// keyOf names all of a group, as they are.
func keyOf(list []review.Standing) string {
	var keys []string
	for _, s := range list {
		keys = append(keys, key(s))
	}
	slices.Sort(keys)
	return digest(keys...)
}

func digest(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// picked gives the findings that a form names, and how many of its names are of
// none that is as it was.
func picked(view View, ids []string) (out []memory.Item, gone int) {
	chosen := map[string]bool{}
	for _, id := range ids[:min(len(ids), maxPicked)] {
		chosen[id] = true
	}
	found := 0
	take := func(list []listed, all bool) {
		for _, e := range list {
			one := chosen[key(e.Standing)]
			if one {
				found++
			}
			if one || all {
				out = append(out, e.Item)
			}
		}
	}
	for _, part := range sections(view) {
		part.fold()
		take(part.Entries, false)
		for _, g := range part.Groups {
			if chosen[g.Key] {
				found++
			}
			take(g.all, chosen[g.Key])
		}
	}
	return out, len(chosen) - found
}
