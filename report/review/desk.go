package review

import (
	"context"
	"errors"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// ReviewAfter is how long an accepted risk stands where nobody says it.
const ReviewAfter = 90 * day

// A Desk is where one person works on one system's findings.
type Desk struct {
	Store  Store
	By     string           // who; required
	Labels report.Labels    // whose system
	Clock  func() time.Time // nil: time.Now
}

// Terms are how an act is meant.
type Terms struct {
	Comment string
	Ticket  string
	Until   time.Time       // of Acknowledge: required; of Accept, for conditions: zero is ReviewAfter from now
	UpTo    report.Severity // of Acknowledge: what is worse is open again; zero: what is worse than it is
}

// Acknowledge keeps findings quiet until a time.
func (d Desk) Acknowledge(ctx context.Context, items []memory.Item, t Terms) error {
	switch {
	case t.Until.IsZero():
		return errors.New("say until when")
	case !t.Until.After(d.now()):
		return errors.New("that time is over")
	}
	return d.about(ctx, Acknowledge, items, t)
}

// Accept closes events and findings that nobody asks for, and those that moved
// names: changes that their baseline has taken. The conditions among the others
// become accepted risks with a time to review them.
func (d Desk) Accept(ctx context.Context, items []memory.Item, moved func(memory.Item) bool, t Terms) error {
	var closed, risks []memory.Item
	for _, it := range items {
		if it.Finding.Kind == report.Event || it.State == memory.ItemRetired || moved != nil && moved(it) {
			closed = append(closed, it)
		} else {
			risks = append(risks, it)
		}
	}
	if t.Until.IsZero() {
		t.Until = d.now().Add(ReviewAfter)
	}
	if !t.Until.After(d.now()) {
		return errors.New("that time is over")
	}
	forever := t
	forever.Until = time.Time{}
	return errors.Join(d.about(ctx, Accept, closed, forever), d.about(ctx, AcceptRisk, risks, t))
}

// AcceptOverflow closes findings that are no longer listed one by one.
func (d Desk) AcceptOverflow(ctx context.Context, list []memory.Overflow, t Terms) error {
	act := d.act(Accept, t)
	act.Until = time.Time{}
	for _, u := range list {
		act.Seen = append(act.Seen, Seen{Check: u.Check, Severity: u.Worst, Overflow: u.Count, Last: u.Last})
	}
	if len(act.Seen) == 0 {
		return nil
	}
	_, err := d.Store.Append(ctx, act)
	return err
}

// Reopen takes back what was done about findings.
func (d Desk) Reopen(ctx context.Context, items []memory.Item, t Terms) error {
	t.Until = time.Time{}
	return d.about(ctx, Reopen, items, t)
}

// Sign says that a report was looked at. Its day is that of the clock's zone.
func (d Desk) Sign(ctx context.Context, rep *report.Report, comment string) error {
	if rep == nil {
		return errors.New("there is no report to sign")
	}
	log, err := d.Store.Acts(ctx)
	if err != nil {
		return err
	}
	act := d.act(Sign, Terms{Comment: comment})
	act.Signed = &Signed{Report: rep.ID, Seq: rep.Seq, Day: d.now().Format(time.DateOnly), Open: open(rep, lastActs(log), d.now())}
	_, err = d.Store.Append(ctx, act)
	return err
}

// Append keeps a record of another package: with it a Desk is the journal that
// package integrity asks for.
func (d Desk) Append(ctx context.Context, kind string, record []byte) error {
	act := d.act(Kind(kind), Terms{})
	act.Record = record
	_, err := d.Store.Append(ctx, act)
	return err
}

func (d Desk) about(ctx context.Context, kind Kind, items []memory.Item, t Terms) error {
	for len(items) > 0 {
		part := items[:min(len(items), maxSeen)]
		items = items[len(part):]
		act := d.act(kind, t)
		for _, it := range part {
			act.Seen = append(act.Seen, see(it))
		}
		if _, err := d.Store.Append(ctx, act); err != nil {
			return err
		}
	}
	return nil
}

func (d Desk) act(kind Kind, t Terms) Act {
	return Act{
		Time: d.now(), By: d.By, Kind: kind, Comment: t.Comment, Ticket: t.Ticket, Until: t.Until, UpTo: t.UpTo,
		Tenant: d.Labels.Tenant, Host: d.Labels.Host,
	}
}

func (d Desk) now() time.Time {
	if d.Clock != nil {
		return d.Clock()
	}
	return time.Now()
}

// open counts what nobody has dealt with.
func open(rep *report.Report, did acts, now time.Time) int {
	n := 0
	for _, c := range rep.Changes {
		it := memory.Item{Check: c.Check, Finding: c.Finding, Since: c.Since}
		if c.Kind != report.Fixed && c.Kind != report.Retired && !did.standing(it, now).Handled() {
			n++
		}
	}
	return n
}
