package report

import (
	"strconv"
	"time"
)

// ChangeKind says what a run means for one finding.
type ChangeKind uint8

// The kinds of changes, in the order in which a report lists them.
const (
	New ChangeKind = iota + 1
	Regressed
	Worse
	Updated
	Stale
	Fixed
	Retired
	Still
)

var changeNames = [...]string{"", "new", "regressed", "worse", "updated", "stale", "fixed", "retired", "still"}

// String gives the kind as in the JSON form.
func (k ChangeKind) String() string { return nameOf(changeNames[:], int(k)) }

// MarshalJSON gives the name as a string.
func (k ChangeKind) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, k.String()), nil }

// UnmarshalJSON reads a name; one that this version does not know is Updated,
// which somebody looks at.
func (k *ChangeKind) UnmarshalJSON(b []byte) error {
	i, err := indexOf(changeNames[:], b)
	if i < 0 {
		i = int(Updated)
	}
	*k = ChangeKind(i)
	return err
}

// A Change says what a run means for one finding.
type Change struct {
	Kind     ChangeKind `json:"kind"`
	Check    string     `json:"check"`
	Finding  Finding    `json:"finding"`
	Since    time.Time  `json:"since"`               // when the finding was first there
	From     Severity   `json:"from,omitempty"`      // severity before, for Worse
	Reason   string     `json:"reason,omitempty"`    // why it is stale or retired
	NewCheck bool       `json:"new_check,omitempty"` // the rule is new in this version, not the fact
}
