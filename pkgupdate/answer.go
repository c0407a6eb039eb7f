package pkgupdate

import (
	"errors"
	"fmt"
	"time"
)

// State says what an Answer is worth. The zero value is Unknown.
type State uint8

// The states of an Answer.
const (
	Unknown State = iota // nobody knows, or not all of it; Reason says why
	Empty                // known to be nothing; Evidence says how
	Known                // Value is whole; Evidence says how
)

// String gives "unknown", "empty" or "known".
func (s State) String() string {
	switch s {
	case Empty:
		return "empty"
	case Known:
		return "known"
	}
	return "unknown"
}

// An Answer holds a value together with what it is worth. With Unknown the
// Value is what could be learned all the same: true, but perhaps not all.
type Answer[T any] struct {
	Value    T
	State    State
	Reason   error     // why it is Unknown; nil otherwise
	Evidence string    // one line that proves Known or Empty
	AsOf     time.Time // when the data that it rests on was current; zero: not known
}

var (
	errNoEvidence = errors.New("there is no proof that the list is complete")
	errNoReason   = errors.New("no reason was given")
)

// Proven makes the Answer for a complete list: Empty when it has no element.
// Without evidence there is no proof, and the Answer is Unknown.
func Proven[E any](list []E, evidence string, asOf time.Time) Answer[[]E] {
	a := Answer[[]E]{Value: list, State: Known, Evidence: evidence, AsOf: asOf}
	switch {
	case evidence == "":
		return Unproven(list, errNoEvidence)
	case len(list) == 0:
		a.State = Empty
	}
	return a
}

// Unproven makes an Unknown Answer with what was learned all the same.
func Unproven[T any](value T, reason error) Answer[T] {
	if reason == nil {
		reason = errNoReason
	}
	return Answer[T]{Value: value, Reason: reason}
}

// Validate reports whether the parts of the Answer agree: a State other than
// Unknown has Evidence and no Reason, Unknown has a Reason.
func (a Answer[T]) Validate() error {
	switch {
	case a.State > Known:
		return fmt.Errorf("answer has the invalid state %d", a.State)
	case a.State == Unknown && a.Reason == nil:
		return errors.New("answer is unknown without a reason")
	case a.State != Unknown && a.Reason != nil:
		return fmt.Errorf("answer is %s although: %w", a.State, a.Reason)
	case a.State != Unknown && a.Evidence == "":
		return fmt.Errorf("answer is %s without evidence", a.State)
	}
	return nil
}
