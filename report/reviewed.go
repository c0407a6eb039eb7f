package report

import (
	"context"
	"slices"
	"time"
)

// Reviewed is what people's acts make of a run: what is still to be told, and
// what of the machine's memory they closed.
type Reviewed struct {
	Open    Open
	Changes []Change // what nobody has dealt with
	Review  Review
}

// A Review is the part of a report that says what people did. It is the fold
// over a log of acts; see package report/review.
type Review struct {
	Acts      uint64     `json:"acts"`              // length of the log
	Head      string     `json:"head,omitempty"`    // hash of its last act: a shorter log is found out
	Since     time.Time  `json:"since,omitzero"`    // when the last sign-off was, or the first report where there is none
	Signed    *Signature `json:"signed,omitempty"`  // the last sign-off
	Handled   []Handled  `json:"handled"`           // found, and dealt with by a person: they stand in no change
	Reminders []string   `json:"reminders"`         // days that nobody signed, acknowledgements that got old
	Unknown   string     `json:"unknown,omitempty"` // why nobody knows what people did; all is told then
}

// A Signature says that a person looked at a report.
type Signature struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Report  string    `json:"report"` // ID
	Seq     uint64    `json:"seq"`
	Comment string    `json:"comment,omitempty"`
}

// Handled is a change that a person dealt with.
type Handled struct {
	Change  Change    `json:"change"`
	State   string    `json:"state"` // acknowledged, accepted, accepted-risk or resolved
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Comment string    `json:"comment,omitempty"`
	Ticket  string    `json:"ticket,omitempty"`
	Until   time.Time `json:"until,omitzero"` // when it is open again
}

// review folds in what people did. Where that cannot be known, all is told, and
// the next run asks again from where the last one stood.
func (r *run) review(next *Saved) {
	if r.Review == nil {
		return
	}
	rep, last := next.Report, Review{}
	if r.saved.Report != nil && r.saved.Report.Review != nil {
		last = *r.saved.Report.Review
	}
	view, open, before := *rep, next.Open, r.saved.Report
	out, err := answer(r.whole, r.Suite, "Review", storeTimeout, func(ctx context.Context) (Reviewed, error) {
		return r.Suite.Review(ctx, before, open, &view)
	})
	if err != nil {
		last.Handled, last.Unknown = []Handled{}, firstLine(err)
		rep.Review = &last
		rep.Notices = append(rep.Notices, "what people accepted and signed is not known, so all is told: "+last.Unknown)
		return
	}
	next.Open, rep.Changes, rep.Review = out.Open, notNil(slices.Clone(out.Changes)), &out.Review
	slices.SortStableFunc(rep.Changes, compareChange)
}
