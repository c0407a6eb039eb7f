package report

import "time"

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
	New     bool      `json:"new,omitempty"`  // no report before this one knew of it
}
