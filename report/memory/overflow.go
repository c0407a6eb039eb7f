package memory

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// What one check may leave behind: a daily flood of events that nobody signs off
// would else make each run slower than the one before.
const (
	maxListed = 5_000 // open items that the last run did not find
	maxPast   = 5_000 // fixed and closed items; the oldest are forgotten
)

// Overflow counts the open findings of a check that are no longer listed one by
// one, because too many were never signed off. Each report says so, until a
// person ends it by CloseOverflow; the reports of those days have them in full.
type Overflow struct {
	Check string          `json:"check"`
	Count int             `json:"count"`
	Worst report.Severity `json:"worst"`
	First time.Time       `json:"first"` // when the oldest of them was first there
	Last  time.Time       `json:"last"`  // and the youngest
}

// CloseOverflow returns o with all that is no longer listed of a check signed
// off by a person.
func (o Open) CloseOverflow(check string) Open {
	next := o
	next.Overflow = slices.DeleteFunc(slices.Clone(o.Overflow), func(u Overflow) bool { return u.Check == check })
	return next
}

// Notices says what is not listed.
func (o Open) Notices() []string {
	var out []string
	for _, u := range o.Overflow {
		out = append(out, fmt.Sprintf(
			"%d open findings of %s, at worst %s, first seen from %s to %s, were never signed off and are no longer listed one by one: the reports of those days have them",
			u.Count, u.Check, u.Worst, u.First.Format(time.DateOnly), u.Last.Format(time.DateOnly)))
	}
	return out
}

// bound takes items of a check that this run did not find, and gives those that
// stay: of the open ones the worst and youngest, of the others the youngest.
func (f *fold) bound(check string, items []Item) []Item {
	var open, past []Item
	for _, it := range items {
		if it.State == ItemFixed || it.State == ItemClosed {
			past = append(past, it)
		} else {
			open = append(open, it)
		}
	}
	slices.SortFunc(past, younger)
	slices.SortFunc(open, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Finding.Severity, a.Finding.Severity), younger(a, b))
	})
	for _, it := range open[min(len(open), maxListed):] {
		f.next.overflow(check, it)
	}
	return append(open[:min(len(open), maxListed)], past[:min(len(past), maxPast)]...)
}

func younger(a, b Item) int { return cmp.Or(b.Changed.Compare(a.Changed), compareItem(a, b)) }

// unlist counts one item. Only Next calls it, on an Open that it makes.
func (o *Open) overflow(check string, it Item) {
	at, ok := slices.BinarySearchFunc(o.Overflow, check, func(u Overflow, check string) int { return cmp.Compare(u.Check, check) })
	if !ok {
		o.Overflow = slices.Insert(o.Overflow, at, Overflow{Check: check, First: it.Since, Last: it.Since})
	}
	u := &o.Overflow[at]
	u.Count++
	u.Worst = max(u.Worst, it.Finding.Severity)
	if it.Since.Before(u.First) {
		u.First = it.Since
	}
	if it.Since.After(u.Last) {
		u.Last = it.Since
	}
}
