package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

const (
	day     = 24 * time.Hour
	oldAct  = 30 * day // an acknowledgement that is older is named in each report
	nagging = 2 * day  // without a sign-off
)

// Fold gives the function by which a suite learns what people did. Days in its
// sentences are those of the machine's zone, as those that people name.
func Fold(store Store) func(ctx context.Context, before *report.Report, open memory.Open, rep *report.Report) (memory.Reviewed, error) {
	return func(ctx context.Context, before *report.Report, open memory.Open, rep *report.Report) (memory.Reviewed, error) {
		log, err := store.Acts(ctx)
		if err != nil {
			return memory.Reviewed{}, err
		}
		return fold(log, before, open, rep, time.Local)
	}
}

// fold takes what people dealt with out of the changes, and what they closed out
// of what the machine keeps open.
func fold(log []Record, before *report.Report, open memory.Open, rep *report.Report, zone *time.Location) (memory.Reviewed, error) {
	var last report.Review
	if before != nil && before.Review != nil {
		last = *before.Review
	}
	if err := Reaches(log, last.Acts, last.Head); err != nil {
		return memory.Reviewed{}, err
	}
	out := memory.Reviewed{Open: open, Review: begin(log, last, rep)}
	standings, acted := map[string]Standing{}, lastActs(log)
	for _, s := range Standings(open, log, rep.Finished.In(zone)) {
		standings[s.Check+"\x00"+s.Finding.Fingerprint] = s
		if s.Handled() {
			out.Review.Reminders = append(out.Review.Reminders, old(s, rep.Finished)...)
		}
		if s.State == Accepted && s.Act.Kind == Accept && (s.Finding.Kind == report.Event || s.Item.State == memory.ItemRetired) {
			out.Open = out.Open.Close(s.Check, s.Finding.Fingerprint, rep.Finished)
		}
	}
	for _, c := range rep.Changes {
		s := standings[c.Check+"\x00"+c.Finding.Fingerprint]
		handled, is := handledBy(s, c, acted)
		switch {
		case is:
			handled.New = s.Act.Seq > last.Acts
			out.Review.Handled = append(out.Review.Handled, handled)
			continue
		case c.Kind == report.Still && s.Again != "" && wasHandled(last, c):
			c.Kind = report.Updated
		}
		if c.Reason == "" {
			c.Reason = s.Why()
		}
		out.Changes = append(out.Changes, c)
	}
	out.Open = closeOverflow(out.Open, acted)
	return out, nil
}

// begin says where the log stands and who signed last.
func begin(log []Record, last report.Review, rep *report.Report) report.Review {
	r := report.Review{Acts: uint64(len(log)), Since: last.Since, Handled: []report.Handled{}, Reminders: []string{}}
	if r.Since.IsZero() {
		r.Since = rep.Started
	}
	if len(log) > 0 {
		r.Head = log[len(log)-1].Hash
	}
	if r.Signed = LastSignature(log); r.Signed != nil {
		r.Since = r.Signed.At
	}
	if ago := rep.Finished.Sub(r.Since); ago >= nagging {
		r.Reminders = append(r.Reminders, fmt.Sprintf("nobody has signed for %d days", int(ago/day)))
	}
	return r
}

// LastSignature gives the last sign-off of a log; nil where there is none.
func LastSignature(log []Record) *report.Signature {
	for _, rec := range slices.Backward(log) {
		if rec.Kind == Sign && rec.Signed != nil {
			return rec.signature()
		}
	}
	return nil
}

// signature is that of a record of the kind Sign.
func (r Record) signature() *report.Signature {
	return &report.Signature{By: r.By, At: r.Time, Report: r.Signed.Report, Seq: r.Signed.Seq, Comment: r.Comment}
}

// handledBy tells a change that a person dealt with. A change of a file that was
// accepted is gone at the next run, since the baseline moved: that is no news.
func handledBy(s Standing, c report.Change, last acts) (report.Handled, bool) {
	switch {
	case s.Act == nil:
		return report.Handled{}, false
	case c.Kind == report.Fixed:
		if did, ok := last.of(s.Item); !ok || !did.seen.Since.Equal(s.Since) || did.record.Kind != Accept {
			return report.Handled{}, false
		}
	case !s.Handled():
		return report.Handled{}, false
	}
	return report.Handled{
		Change: c, State: string(s.State), By: s.Act.By, At: s.Act.Time, Comment: s.Act.Comment, Ticket: s.Act.Ticket, Until: s.Act.Until,
	}, true
}

// wasHandled reports whether the last report kept the finding quiet.
func wasHandled(last report.Review, c report.Change) bool {
	return slices.ContainsFunc(last.Handled, func(h report.Handled) bool {
		return h.Change.Check == c.Check && h.Change.Finding.Fingerprint == c.Finding.Fingerprint
	})
}

// old reminds of an acknowledgement that got old.
func old(s Standing, now time.Time) []string {
	if s.State != Acknowledged || now.Sub(s.Act.Time) < oldAct {
		return nil
	}
	return []string{fmt.Sprintf("acknowledged %d days ago by %s, and still there: %s", int(now.Sub(s.Act.Time)/day), s.Act.By, s.Finding.Title)}
}

// closeOverflow closes what a person accepted in bulk, unless there is more of it since.
func closeOverflow(open memory.Open, last acts) memory.Open {
	for _, u := range slices.Clone(open.Overflow) {
		did, ok := last[u.Check+"\x00"]
		if ok && did.record.Kind == Accept && did.seen.Overflow == u.Count && did.seen.Last.Equal(u.Last) {
			open = open.CloseOverflow(u.Check)
		}
	}
	return open
}
