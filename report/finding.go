package report

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Severity says how bad a fact is, never whether the check ran well. The zero
// value stands for the severity that the rule's catalogue entry gives.
type Severity uint8

// The severities, mildest first.
const (
	RuleSeverity Severity = iota
	Info
	Notice
	Warning
	Critical
)

var severityNames = [...]string{"", "info", "notice", "warning", "critical"}

// String gives "info", "notice", "warning" or "critical", and "" for the zero value.
func (s Severity) String() string { return nameOf(severityNames[:], int(s)) }

// MarshalJSON gives the name as a string.
func (s Severity) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, s.String()), nil }

// UnmarshalJSON reads a name. A name that this version does not know is
// Warning: an unknown alarm is never dropped.
func (s *Severity) UnmarshalJSON(b []byte) error {
	i, err := indexOf(severityNames[:], b)
	if i < 0 {
		i = int(Warning)
	}
	*s = Severity(i)
	return err
}

// Status says how the run of a check went, never what it found.
type Status uint8

// The statuses. The zero value means that nobody has looked.
const (
	Unknown  Status = iota
	OK              // the whole question was answered
	Partial         // part of the question was answered; Problems name the rest
	Failed          // the question was not answered
	TimedOut        // the deadline ended it; what was found before stands
	Panicked        // the check's code failed; what was found before stands
	Skipped         // the question provably does not exist on this host
	NotDue          // not asked this time; the last findings are carried
)

var statusNames = [...]string{"unknown", "ok", "partial", "failed", "timed-out", "panicked", "skipped", "not-due"}

// String gives the status as in the JSON form: "timed-out".
func (s Status) String() string { return nameOf(statusNames[:], int(s)) }

// MarshalJSON gives the name as a string.
func (s Status) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, s.String()), nil }

// UnmarshalJSON reads a name; one that this version does not know is Unknown.
func (s *Status) UnmarshalJSON(b []byte) error {
	i, err := indexOf(statusNames[:], b)
	*s = Status(max(i, 0))
	return err
}

// Complete reports whether the question was fully answered, or was not to be asked.
func (s Status) Complete() bool { return s == OK || s == Skipped || s == NotDue }

// Kind says what ends a finding. The zero value is invalid in a catalogue.
type Kind uint8

// The kinds of rules.
const (
	// Condition holds until its scope is covered again without it: "disk nearly full".
	Condition Kind = iota + 1
	// Event has happened, and is closed by a person's sign-off alone: "root logged in".
	Event
)

var kindNames = [...]string{"", "condition", "event"}

// String gives "condition" or "event", and "" for the zero value.
func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

// MarshalJSON gives the name as a string.
func (k Kind) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, k.String()), nil }

// UnmarshalJSON reads a name. One that this version does not know is an Event,
// which no machine closes.
func (k *Kind) UnmarshalJSON(b []byte) error {
	i, err := indexOf(kindNames[:], b)
	if i < 0 {
		i = int(Event)
	}
	*k = Kind(i)
	return err
}

// A Finding is an established fact that somebody may want to act on. A checker
// fills the first group; the recorder fills the second.
type Finding struct {
	Rule      string    `json:"rule"`                // ID in the checker's catalogue
	Subject   Attr      `json:"subject"`             // what it is about
	Identity  []Attr    `json:"identity,omitempty"`  // tells it from others of the rule and subject; keys unique
	Scope     string    `json:"scope"`               // slash path whose coverage closes it: files/etc/ssh
	Severity  Severity  `json:"severity"`            // zero: the rule's
	Title     string    `json:"title"`               // one line; empty: the rule's
	Detail    string    `json:"detail,omitempty"`    // sentences: what, where, since when, how sure
	Fix       string    `json:"fix,omitempty"`       // what to do; empty: the rule's remedy
	Remedy    *Remedy   `json:"remedy,omitempty"`    // what to type, where that is known
	Evidence  []Attr    `json:"evidence,omitempty"`  // what proves it; a change of it is an update
	Artifacts []string  `json:"artifacts,omitempty"` // references that Recorder.Artifact gave
	Count     int       `json:"count"`               // how often it was seen; zero counts as one
	First     time.Time `json:"first,omitzero"`      // when it was first and last true, if that is known
	Last      time.Time `json:"last,omitzero"`
	Links     []string  `json:"links,omitempty"` // http, https or mailto

	Kind        Kind     `json:"kind"`
	Explain     string   `json:"explain,omitempty"` // the rule's: why it matters
	Fingerprint string   `json:"fingerprint"`       // the same fact on every host and day
	State       string   `json:"state"`             // hash of the evidence
	Former      []string `json:"former,omitempty"`  // fingerprints under the rule's former names
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown-%d", i)
}

// indexOf gives the index of the JSON string b in names, -1 when it is not there.
func indexOf(names []string, b []byte) (int, error) {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return -1, err
	}
	for i, n := range names {
		if n == s {
			return i, nil
		}
	}
	return -1, nil
}
