package review

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// State is where a finding stands between machine and people.
type State string

// The states. Stale is said beside them: see Standing.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Accepted     State = "accepted"
	AcceptedRisk State = "accepted-risk"
	Resolved     State = "resolved"  // gone, or closed by the run that folded its act
	Regressed    State = "regressed" // open, and was gone before
)

// Reason says why a finding is open again though a person dealt with it.
type Reason string

// The reasons, in the order in which they are looked for. Undone says that a
// person took it back.
const (
	Undone          Reason = "taken back"
	Escalated       Reason = "worse than what was dealt with"
	Returned        Reason = "came back after it was gone"
	HappenedAgain   Reason = "happened again"
	EvidenceChanged Reason = "has other evidence"
	Expired         Reason = "its time is over"
)

// A Standing is a finding with what people did about it.
type Standing struct {
	memory.Item
	State State
	Stale bool    // nobody could look again
	Act   *Record // the last act about it; nil: there is none
	Again Reason  // why that act does not hold any longer; "": it holds

	zone *time.Location // of the person who reads
}

// Handled reports whether a person dealt with it, and the act still holds.
func (s Standing) Handled() bool {
	return s.State == Acknowledged || s.State == Accepted || s.State == AcceptedRisk
}

// Why says in words why a finding that a person dealt with is open again; "" otherwise.
// Its day is one of the zone of the time that Standings was given.
func (s Standing) Why() string {
	if s.Again == "" || s.Act == nil {
		return ""
	}
	return fmt.Sprintf("%s by %s on %s, and open again: %s", past[s.Act.Kind], s.Act.By, s.Act.Time.In(s.zone).Format(time.DateOnly), s.Again)
}

var past = map[Kind]string{Acknowledge: "acknowledged", Accept: "accepted", AcceptRisk: "accepted as a risk", Reopen: "reopened"}

// Standings folds the log over what is open, at a time. It is pure.
func Standings(open memory.Open, log []Record, now time.Time) []Standing {
	last := lastActs(log)
	out := make([]Standing, 0, len(open.Items))
	for _, it := range open.Items {
		out = append(out, last.standing(it, now))
	}
	return out
}

// acts finds the last act about a finding.
type acts map[string]about

// about is an act with what it is about.
type about struct {
	record *Record
	seen   *Seen
}

func lastActs(log []Record) acts {
	last := acts{}
	for i := range log {
		rec := &log[i]
		if past[rec.Kind] == "" {
			continue
		}
		for j := range rec.Seen {
			seen := &rec.Seen[j]
			last[seen.Check+"\x00"+seen.Fingerprint] = about{rec, seen}
		}
	}
	return last
}

// of gives the last act about an item, under any of its names.
func (a acts) of(it memory.Item) (about, bool) {
	var best about
	for _, fingerprint := range append([]string{it.Finding.Fingerprint}, it.Finding.Former...) {
		if b, ok := a[it.Check+"\x00"+fingerprint]; ok && (best.record == nil || b.record.Seq > best.record.Seq) {
			best = b
		}
	}
	return best, best.record != nil
}

func (a acts) standing(it memory.Item, now time.Time) Standing {
	s := Standing{Item: it, State: Open, Stale: it.State == memory.ItemStale, zone: now.Location()}
	if it.Recurrences > 0 {
		s.State = Regressed
	}
	did, ok := a.of(it)
	if ok {
		s.Act = did.record
		if s.Again = did.broken(it, now); s.Again == "" {
			s.State = map[Kind]State{Acknowledge: Acknowledged, Accept: Accepted, AcceptRisk: AcceptedRisk}[did.record.Kind]
		}
	}
	if it.State == memory.ItemFixed || it.State == memory.ItemClosed {
		s.State, s.Again = Resolved, ""
	}
	return s
}

// broken says why an act does not hold for an item as it is now; "": it holds.
func (d about) broken(it memory.Item, now time.Time) Reason {
	f, upTo := it.Finding, max(d.record.UpTo, d.seen.Severity)
	if d.record.Kind != Acknowledge {
		upTo = d.seen.Severity
	}
	switch {
	case d.record.Kind == Reopen:
		return Undone
	case f.Severity > upTo:
		return Escalated
	case f.Kind == report.Event && (f.Last.After(d.seen.Last) || !it.Since.Equal(d.seen.Since)):
		return HappenedAgain
	case !it.Since.Equal(d.seen.Since):
		return Returned
	case f.State != d.seen.State:
		return EvidenceChanged
	case !d.record.Until.IsZero() && !now.Before(d.record.Until):
		return Expired
	}
	return ""
}
