package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/anytext"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// ErrDamaged says that stored state is there but cannot be trusted.
var ErrDamaged = durable.ErrDamaged

// A State is what a check remembers from one stored run to the next, under a
// name: a T, and the version of its form.
//
//	var positions = report.State[map[string]int64]{Name: "positions", Version: 1}
//
// Texts in T may be any bytes. Unexported fields are not remembered.
type State[T any] struct {
	Name    string // of the kept value, one of the check's
	Version int    // of T's form; a value of another version is not read

	// Valid looks at what was read, before anybody trusts it; nil: all is valid.
	Valid func(v T) error

	// Encode and Decode are T's form where it is not strict JSON; both or none.
	Encode func(v T) ([]byte, error)
	Decode func(data []byte) (T, error)
}

// A StateError says that what a check remembered cannot be used: errors.Is(err,
// ErrDamaged), or errors.As a *VersionError for a form of another version. It is
// no empty memory: what depends on it is not known.
type StateError struct {
	Check, Name string
	Err         error
}

// Error says whose memory it is, and why it cannot be used.
func (e *StateError) Error() string {
	return fmt.Sprintf("what %s remembered of earlier runs (%s) cannot be used: %v", e.Check, e.Name, e.Err)
}

// Unwrap returns the reason.
func (e *StateError) Unwrap() error { return e.Err }

// Load gives what the last stored run kept. Known is false where there is
// nothing, with no error, and where the error, a *StateError, says that it
// cannot be used.
func (s State[T]) Load(rec *Recorder) (v T, known bool, err error) {
	kept := rec.Kept(s.Name)
	if kept == nil {
		return v, false, nil
	}
	v, err = s.decode(kept)
	if err != nil {
		var zero T
		return zero, false, &StateError{Check: rec.check, Name: s.Name, Err: err}
	}
	return v, true, nil
}

// Keep hands v to the next run, if this run's report is stored. What Load would
// not take is not kept, and is an error.
func (s State[T]) Keep(rec *Recorder, v T) error {
	data, err := s.encode(v)
	if err == nil {
		_, err = s.decode(data)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be remembered by %s: %w", s.Name, rec.check, err)
	}
	return rec.Keep(s.Name, data)
}

func (s State[T]) encode(v T) ([]byte, error) {
	var body []byte
	var err error
	if s.Encode != nil {
		body, err = s.Encode(v)
	} else {
		body, err = json.Marshal(anytext.Escape(v))
	}
	return append([]byte(s.head()+"\n"), body...), err
}

func (s State[T]) decode(data []byte) (v T, err error) {
	head, body, ok := bytes.Cut(data, []byte("\n"))
	number, isHead := strings.CutPrefix(string(head), "v")
	if _, err := strconv.ParseUint(number, 10, 31); !ok || !isHead || err != nil {
		return v, fmt.Errorf("%w: it has no version", ErrDamaged)
	}
	if string(head) != s.head() {
		return v, &VersionError{Schema: s.Name + "/" + string(head), Reads: s.Name + "/" + s.head()}
	}
	if s.Decode != nil {
		v, err = s.Decode(body)
	} else {
		v, err = anytext.Decode[T](body)
	}
	if err == nil && s.Valid != nil {
		err = s.Valid(v)
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return v, err
}

func (s State[T]) head() string { return "v" + strconv.Itoa(s.Version) }
