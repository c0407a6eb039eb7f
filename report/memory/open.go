package memory

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// Open is what is known to be wrong with one host: the findings of all runs,
// folded. Next is the only way forward; it never changes its receiver.
type Open struct {
	Items    []Item              `json:"items"`              // sorted by check, then fingerprint
	Checks   map[string][]string `json:"checks"`             // check: the rules it had when it was last seen
	Overflow []Overflow          `json:"overflow,omitempty"` // sorted by check
}

// An Item is one finding with its history. The artifacts of one that was not
// found again stand in the report of the day it was last found.
type Item struct {
	Check       string         `json:"check"`
	State       ItemState      `json:"state"`
	Finding     report.Finding `json:"finding"`
	Since       time.Time      `json:"since"`           // when this host first had it, in its present life
	Changed     time.Time      `json:"changed"`         // when State was entered
	Recurrences int            `json:"recurrences"`     // how often it came back after it was fixed
	Why         string         `json:"why,omitempty"`   // of a stale item: why nobody knows
	Shown       bool           `json:"shown,omitempty"` // a retired item was shown
}

// ItemState is where an item stands.
type ItemState string

// The states of an item.
const (
	ItemOpen    ItemState = "open"    // it was found when its scope was last looked at
	ItemStale   ItemState = "stale"   // its scope was not looked at since
	ItemFixed   ItemState = "fixed"   // its scope was looked at, and it was gone
	ItemRetired ItemState = "retired" // nobody asks any longer
	ItemClosed  ItemState = "closed"  // a person signed it off
)

// keepFixed is how long a fixed or closed item is remembered, so that its
// return is told as such; else it is told as new.
const keepFixed = 180 * 24 * time.Hour

// Next folds a report in and tells what it means for each finding, in the
// order of the ChangeKinds, worst first. It is pure.
func (o Open) Next(rep *report.Report) (Open, []report.Change) {
	f := fold{
		at: rep.Finished, old: map[itemKey]Item{}, named: map[string]itemKey{}, known: o.Checks,
		next: Open{Checks: map[string][]string{}, Overflow: slices.Clone(o.Overflow)},
	}
	for _, it := range o.Items {
		key := itemKey{it.Check, it.Finding.Fingerprint}
		f.old[key], f.named[key.fingerprint] = it, key
	}
	for _, check := range slices.Sorted(maps.Keys(o.Checks)) {
		f.next.Checks[check] = o.Checks[check]
	}
	for i := range rep.Results {
		f.result(&rep.Results[i])
	}
	f.retireOthers(rep)
	slices.SortFunc(f.next.Items, compareItem)
	slices.SortStableFunc(f.changes, report.Change.Compare)
	return f.next, f.changes
}

// Close returns o with one item signed off by a person. The finding is told
// again only when an event happened again, or when a condition is worse, has
// other evidence, or came back after it was gone.
func (o Open) Close(check, fingerprint string, at time.Time) Open {
	next := o
	next.Items = slices.Clone(o.Items)
	for i, it := range next.Items {
		if it.Check == check && it.Finding.Fingerprint == fingerprint {
			next.Items[i].State, next.Items[i].Changed, next.Items[i].Why = ItemClosed, at, ""
		}
	}
	return next
}

type itemKey struct{ check, fingerprint string }

type fold struct {
	at      time.Time
	old     map[itemKey]Item   // those not dealt with yet
	named   map[string]itemKey // fingerprint: key
	known   map[string][]string
	next    Open
	changes []report.Change
}

func (f *fold) result(res *report.Result) {
	if res.Status == report.NotDue {
		f.carry(res)
		return
	}
	for _, found := range res.Findings {
		f.found(res, found)
	}
	looked, found := res.Coverage(), len(f.next.Items)
	for _, key := range f.keysOf(res.Check) {
		f.missing(res, f.take(key), looked)
	}
	f.next.Items = append(f.next.Items[:found], f.bound(res.Check, f.next.Items[found:])...)
	if res.Status != report.Unknown && len(res.Rules) > 0 {
		f.next.Checks[res.Check] = res.Rules
	}
}

// carry keeps the items of a check that was not due as they are.
func (f *fold) carry(res *report.Result) {
	for _, key := range f.keysOf(res.Check) {
		it := f.take(key)
		f.keep(it)
		if it.isOpen() {
			f.change(report.Still, it, "")
		}
	}
}

func (f *fold) found(res *report.Result, found report.Finding) {
	old, ok := f.previous(res.Check, found)
	it := Item{Check: res.Check, State: ItemOpen, Finding: found, Since: f.at, Changed: f.at}
	switch {
	case !ok:
		f.keep(it)
		f.change(report.New, it, "")
		f.changes[len(f.changes)-1].NewCheck = f.newRule(res.Check, found.Rule)
		return
	case old.State == ItemFixed, old.State == ItemRetired:
		it.Recurrences = old.Recurrences + 1
		f.keep(it)
		f.change(report.Regressed, it, "")
		return
	case old.State == ItemClosed && !tellsMore(old.Finding, found):
		f.keep(old)
		return
	case old.State == ItemClosed && found.Kind == report.Event:
		it.Recurrences = old.Recurrences + 1
		f.keep(it)
		f.change(report.New, it, "")
		return
	}
	it.Since, it.Recurrences = old.Since, old.Recurrences
	if old.State == ItemOpen {
		it.Changed = old.Changed
	}
	again := found.Kind == report.Event && found.Last.After(old.Finding.Last)
	if found.Kind == report.Event {
		it.Finding = together(old.Finding, found)
	}
	f.keep(it)
	switch {
	case found.Severity > old.Finding.Severity:
		f.change(report.Worse, it, "")
		f.changes[len(f.changes)-1].From = old.Finding.Severity
	case found.State != old.Finding.State, again:
		f.change(report.Updated, it, "")
	default:
		f.change(report.Still, it, "")
	}
}

// together is an event that was found again while it is open: how often it was
// seen in all, from the first time to the last. Two looks at the same time, or
// at times that are not known, are one count, the larger.
func together(old, found report.Finding) report.Finding {
	out := found
	apart := !old.Last.IsZero() && found.First.After(old.Last)
	if apart {
		out.Count = old.Count + found.Count
	} else {
		out.Count = max(old.Count, found.Count)
	}
	if out.First.IsZero() || !old.First.IsZero() && old.First.Before(out.First) {
		out.First = old.First
	}
	if old.Last.After(out.Last) {
		out.Last = old.Last
	}
	return out
}

// tellsMore reports whether what was signed off is worse or has other evidence,
// or is an event that happened again.
func tellsMore(old, found report.Finding) bool {
	return found.Severity > old.Severity || found.State != old.State || found.Kind == report.Event && found.Last.After(old.Last)
}

// missing deals with an item that this run of its check did not report. An
// event has happened, whether anyone could look again or not.
func (f *fold) missing(res *report.Result, it Item, looked report.Coverage) {
	it.Finding.Artifacts = nil
	gone := it.Finding.Kind != report.Event && answered(res) && looked.Covers(it.Finding.Scope)
	switch {
	case it.State == ItemClosed && gone:
		it.State, it.Changed = ItemFixed, f.at
		f.keep(it)
	case it.State == ItemFixed, it.State == ItemClosed:
		if f.at.Sub(it.Changed) < keepFixed {
			f.keep(it)
		}
	case it.State == ItemRetired:
		f.retire(it, it.Why)
	case res.Status == report.Skipped:
		f.retire(it, "the question no longer exists on this host: "+res.Reason)
	case it.Finding.Kind != report.Event && !asks(res, it.Finding.Rule):
		f.retire(it, "this version no longer has the rule "+it.Finding.Rule+", so nobody looks")
	case it.Finding.Kind == report.Event:
		it.State, it.Why = ItemOpen, ""
		f.keep(it)
		f.change(report.Still, it, "")
	case !gone:
		f.stale(it, res.WhyNotCovered(it.Finding.Scope))
	default:
		it.State, it.Changed, it.Why = ItemFixed, f.at, ""
		f.keep(it)
		f.change(report.Fixed, it, "")
	}
}

func (f *fold) stale(it Item, why string) {
	fresh := it.State != ItemStale
	if fresh {
		it.State, it.Changed = ItemStale, f.at
	}
	it.Why = why
	f.keep(it)
	if fresh {
		f.change(report.Stale, it, why)
	} else {
		f.change(report.Still, it, why)
	}
}

// retire shows an item once as retired; a person closes it.
func (f *fold) retire(it Item, why string) {
	if it.State != ItemRetired {
		it.State, it.Changed = ItemRetired, f.at
	}
	it.Why = why
	if !it.Shown {
		it.Shown = true
		f.change(report.Retired, it, why)
	}
	f.keep(it)
}

// retireOthers deals with the items of checks that no longer stand in the report.
func (f *fold) retireOthers(rep *report.Report) {
	for _, key := range f.keysOf("") {
		if rep.Result(key.check) != nil {
			continue
		}
		it := f.take(key)
		if it.State == ItemFixed || it.State == ItemClosed {
			f.keep(it)
			continue
		}
		f.retire(it, "the check "+it.Check+" is no longer configured")
	}
}

// previous takes the old item of a finding. After versions went back and forth
// there may be one under each of its names: they are one fact, and all are taken.
func (f *fold) previous(check string, found report.Finding) (Item, bool) {
	best, ok := f.old[itemKey{check, found.Fingerprint}]
	delete(f.old, itemKey{check, found.Fingerprint})
	for _, fingerprint := range found.Former {
		it, known := f.old[f.named[fingerprint]]
		delete(f.old, f.named[fingerprint])
		if known && (!ok || it.isOpen() && !best.isOpen()) {
			best, ok = it, true
		}
	}
	return best, ok
}

func (it Item) isOpen() bool { return it.State == ItemOpen || it.State == ItemStale }

// newRule reports whether earlier runs did not know the rule; the first run of
// all has nothing to compare with.
func (f *fold) newRule(check, rule string) bool {
	return len(f.known) > 0 && !slices.Contains(f.known[check], rule)
}

func (f *fold) take(key itemKey) Item {
	it := f.old[key]
	delete(f.old, key)
	return it
}

func (f *fold) keep(it Item) { f.next.Items = append(f.next.Items, it) }

func (f *fold) change(kind report.ChangeKind, it Item, reason string) {
	f.changes = append(f.changes, report.Change{Kind: kind, Check: it.Check, Finding: it.Finding, Since: it.Since, Reason: reason})
}

// keysOf lists the old items of a check, of all for "", in a fixed order.
func (f *fold) keysOf(check string) []itemKey {
	var keys []itemKey
	for key := range f.old {
		if check == "" || key.check == check {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b itemKey) int {
		if c := strings.Compare(a.check, b.check); c != 0 {
			return c
		}
		return strings.Compare(a.fingerprint, b.fingerprint)
	})
	return keys
}

// answered reports whether the run can say of anything that it is gone.
func answered(res *report.Result) bool {
	return res.Status == report.OK || res.Status == report.Partial || res.Status == report.TimedOut || res.Status == report.Panicked
}

// asks reports whether the check still has a rule, under any name. One that
// says none of its rules is taken to have all.
func asks(res *report.Result, rule string) bool {
	return len(res.Rules) == 0 || slices.Contains(res.Rules, rule) || slices.Contains(res.FormerRules, rule)
}

func compareItem(a, b Item) int {
	if c := strings.Compare(a.Check, b.Check); c != 0 {
		return c
	}
	return strings.Compare(a.Finding.Fingerprint, b.Finding.Fingerprint)
}
