package pkgupdate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Source is one configured place from which packages come. What is not known
// of it is zero.
type Source struct {
	ID         string // the same from day to day
	URL        string // without a password
	Kind       SourceKind
	State      State     // Known or Empty: it is whole and as new as it has to be
	Err        error     // why it is Unknown; nil otherwise
	Date       time.Time // when it was made, by itself
	ValidUntil time.Time // after that it must be fetched anew
	Fetched    time.Time // when that last succeeded
	Signature  Signature
	Branch     string // in development, where the system is a release: "sid", "rawhide"; "" where it is none, or nobody knows
}

// Settle says whether what s has is new enough: it is Known when its own date, or
// the last success of a refresh, is at most limit ago and its end is not over. An
// Err that is set stays.
func (s *Source) Settle(now time.Time, limit time.Duration) {
	if s.Err == nil {
		s.Err = s.stale(now, limit)
	}
	s.State = Unknown
	if s.Err == nil {
		s.State = Known
	}
}

func (s *Source) stale(now time.Time, limit time.Duration) error {
	var proof time.Time
	for _, at := range []time.Time{s.Date, s.Fetched} {
		if at.After(proof) && !at.After(now) {
			proof = at
		}
	}
	switch age := now.Sub(proof); {
	case proof.IsZero() && s.Date.IsZero() && s.Fetched.IsZero():
		return ErrNeverFetched
	case !s.ValidUntil.IsZero() && now.After(s.ValidUntil):
		return &StaleError{Age: age, Expired: s.ValidUntil}
	case proof.IsZero():
		return ErrFuture
	case age > limit:
		return &StaleError{Age: age}
	}
	return nil
}

// PublicURL is an address without the name and password that it may hold.
func PublicURL(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); ok && at >= 0 {
		return scheme + "://" + rest[at+1:]
	}
	return address
}

// SourceKind says what a Source is for. The zero value is not known.
type SourceKind string

// The kinds of sources.
const (
	OfSystem   SourceKind = "system"   // of the maker of this system
	OfSecurity SourceKind = "security" // of the maker of this system, with the fixes for this release
	OfOthers   SourceKind = "others"   // does not say which of its updates fix something
	OnMedium   SourceKind = "medium"   // a disc or folder that is never made anew
)

// Signature says whether the index of a Source was signed by a key that the
// manager trusts. The zero value is not known.
type Signature string

// The answers about a signature.
const (
	Signed   Signature = "signed"
	Unsigned Signature = "unsigned" // and the manager takes it all the same
	Refused  Signature = "refused"  // what was fetched last does not verify
)

// A SourceError says that a source is Unknown.
type SourceError struct {
	ID   string
	Kind SourceKind
	Err  error
}

// Error names the source.
func (e *SourceError) Error() string { return fmt.Sprintf("package source %s: %v", e.ID, e.Err) }

// Unwrap returns why it is Unknown.
func (e *SourceError) Unwrap() error { return e.Err }

// A RecordError says that one record of a list could not be read. What else the
// list has is known.
type RecordError struct {
	Record string
	Err    error
}

// Error names the record.
func (e *RecordError) Error() string { return e.Record + ": " + e.Err.Error() }

// Unwrap returns what is wrong with it.
func (e *RecordError) Unwrap() error { return e.Err }

var (
	// ErrNeverFetched says that the index of a source is not there.
	ErrNeverFetched = errors.New("its index was never fetched")
	// ErrIncomplete says that a list of packages, which the index of a source names
	// and which is not empty, is not there: it is no list without packages.
	ErrIncomplete = errors.New("a list of packages that its index names is missing here")
	// ErrOtherRelease says that a source holds the security fixes of another release
	// than is here, and none does of this one.
	ErrOtherRelease = errors.New("its security fixes are for another release")
	// ErrFuture says that the date of a source lies in the future.
	ErrFuture = errors.New("its date lies in the future: a clock is wrong")
	// ErrUnverified says that what was fetched last of a source did not verify.
	ErrUnverified = errors.New("what was fetched last does not verify")
)

// A StaleError says that the index of a source is too old to know what is
// pending.
type StaleError struct {
	Age     time.Duration // since the last proof of a refresh
	Expired time.Time     // until when it was valid; zero: it says no end
}

// Error says how old the index is.
func (e *StaleError) Error() string {
	if !e.Expired.IsZero() {
		return "its index was valid until " + prose.Time(e.Expired, nil)
	}
	return "its index was last refreshed " + prose.Duration(e.Age) + " ago"
}

// A RolledBackError says that the index of a source is older than one that was here
// before.
type RolledBackError struct {
	Date   time.Time // of the index
	Before time.Time // of the one that was here
}

// Error names both dates.
func (e *RolledBackError) Error() string {
	return "its index is of " + prose.Time(e.Date, nil) + ", and one of " + prose.Time(e.Before, nil) + " was here before"
}
