package review

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// Kind says what a person did. A kind that this package does not know, such as
// "integrity.accept", is a record of another package: it is kept, and means
// nothing here.
type Kind string

// The kinds of acts.
const (
	Acknowledge Kind = "acknowledge" // seen; be quiet until a time, up to a severity
	Accept      Kind = "accept"      // closed: an event, a change that its baseline has taken, a finding nobody asks for
	AcceptRisk  Kind = "accept-risk" // a condition stays as it is until it is reviewed
	Reopen      Kind = "reopen"      // takes back what was done before
	Sign        Kind = "sign"        // a report was looked at
)

// An Act is one record of the log.
type Act struct {
	Time    time.Time       `json:"time"`
	By      string          `json:"by"`
	Kind    Kind            `json:"kind"`
	Comment string          `json:"comment,omitempty"`
	Ticket  string          `json:"ticket,omitempty"`
	Until   time.Time       `json:"until,omitzero"`   // of Acknowledge and AcceptRisk: when it is open again
	UpTo    report.Severity `json:"up_to,omitempty"`  // of Acknowledge: what is worse is open again; zero: what is worse than it was
	Seen    []Seen          `json:"seen,omitempty"`   // what it is about, as it was when the person saw it
	Signed  *Signed         `json:"signed,omitempty"` // of Sign
	Record  json.RawMessage `json:"record,omitempty"` // of a kind of another package
	Tenant  string          `json:"tenant,omitempty"` // customer
	Host    string          `json:"host,omitempty"`   // the observed system
}

// LastDay is the last day on which an act with an end holds, in a zone.
func (a Act) LastDay(zone *time.Location) string {
	return a.Until.Add(-1).In(zone).Format(time.DateOnly)
}

// Seen is a finding as a person saw it. One without a fingerprint stands for
// findings of the check that are no longer listed one by one.
type Seen struct {
	Check       string          `json:"check"`
	Fingerprint string          `json:"fingerprint,omitempty"`
	Rule        string          `json:"rule,omitempty"`
	Title       string          `json:"title,omitempty"`
	Severity    report.Severity `json:"severity"`
	State       string          `json:"state,omitempty"`    // hash of its evidence
	Since       time.Time       `json:"since,omitzero"`     // its present life
	Last        time.Time       `json:"last,omitzero"`      // of an event
	Overflow    int             `json:"overflow,omitempty"` // how many
}

// Signed is the report that was looked at.
type Signed struct {
	Report string `json:"report"` // ID
	Seq    uint64 `json:"seq"`
	Day    string `json:"day"`  // 2026-12-01, where the person is
	Open   int    `json:"open"` // findings that nobody had dealt with
}

const (
	maxText = 8 << 10 // bytes of a comment, as of a finding's texts
	maxName = 200     // of a name or a ticket
	maxSeen = 10_000  // findings of one act
	maxAct  = 16 << 20
)

// see gives an item as a person sees it.
func see(it memory.Item) Seen {
	f := it.Finding
	return Seen{
		Check: it.Check, Fingerprint: f.Fingerprint, Rule: f.Rule, Title: f.Title,
		Severity: f.Severity, State: f.State, Since: it.Since, Last: f.Last,
	}
}

// ofItsDay reports whether a signature is of the day on which it was given, in whatever
// zone: nobody signs a day that is over.
func (a Act) ofItsDay() bool {
	day, err := time.Parse(time.DateOnly, a.Signed.Day)
	return err == nil && a.Time.Sub(day.Add(12*time.Hour)).Abs() <= 26*time.Hour
}

// Validate reports what is missing or too much in an act.
func (a Act) Validate() error {
	var errs []error
	check := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New(text))
		}
	}
	check(strings.TrimSpace(a.By) != "", "nobody is named who did it")
	check(a.Kind != "", "it does not say what was done")
	check(!a.Time.IsZero(), "it has no time")
	check(a.Kind != Acknowledge && a.Kind != AcceptRisk || !a.Until.IsZero(), "it does not say until when")
	check(a.Kind != Sign || a.Signed != nil, "it does not say which report was signed")
	check(a.Kind != Sign || a.Signed == nil || a.ofItsDay(), "it signs another day than that on which it is done")
	check(len(a.Comment) <= maxText, fmt.Sprintf("the comment has more than %d bytes", maxText))
	check(len(a.By) <= maxName && len(a.Ticket) <= maxName, fmt.Sprintf("a name or ticket has more than %d bytes", maxName))
	check(len(a.Seen) <= maxSeen, fmt.Sprintf("it is about more than %d findings", maxSeen))
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("act refused: %w", errors.Join(errs...))
}
