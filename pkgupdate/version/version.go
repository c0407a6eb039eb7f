package version

import (
	"errors"
	"fmt"
)

// A Scheme is a rule by which versions are ordered. The zero value is no scheme.
type Scheme uint8

// The schemes.
const (
	NoScheme Scheme = iota
	Deb             // Debian Policy 5.6.12, deb-version(7)
	RPM             // epoch:version-release, rpm-version(7)
)

var schemeNames = [...]string{"", "deb", "rpm"}

// String gives the name as used in attributes: "deb", "rpm", and "" for NoScheme.
func (s Scheme) String() string {
	if int(s) < len(schemeNames) {
		return schemeNames[s]
	}
	return fmt.Sprintf("scheme-%d", s)
}

// SchemeOf gives the scheme of a name, NoScheme when there is none.
func SchemeOf(name string) Scheme {
	for i, n := range schemeNames {
		if n == name {
			return Scheme(i)
		}
	}
	return NoScheme
}

// A Version is a parsed version of one scheme. The zero Version is of no
// scheme and is comparable to nothing. Versions that are == are the same text;
// Compare says whether they are the same version.
type Version struct {
	scheme   Scheme
	text     string
	epoch    string // digits; "" is 0
	upstream string
	revision string // Debian revision or rpm release
}

// ErrMalformed is in the error of Parse for text that is no version.
var ErrMalformed = errors.New("malformed version")

const maxLength = 4096

// Parse reads a version of scheme s. Its error says errors.Is(err,
// ErrMalformed) for text, and errors.ErrUnsupported for a scheme, that it
// cannot read.
func Parse(s Scheme, text string) (Version, error) {
	v := Version{scheme: s, text: text}
	reason := ""
	switch {
	case len(text) > maxLength:
		reason = "too long"
	case s == Deb:
		reason = v.splitDeb()
	case s == RPM:
		reason = v.splitRPM()
	default:
		return Version{}, fmt.Errorf("version scheme %q: %w", s.String(), errors.ErrUnsupported)
	}
	if reason != "" {
		return Version{}, fmt.Errorf("%s version %.60q: %s: %w", s, text, reason, ErrMalformed)
	}
	return v, nil
}

// Scheme returns the scheme by which v is ordered.
func (v Version) Scheme() Scheme { return v.scheme }

// String returns the text that was parsed, without the scheme.
func (v Version) String() string { return v.text }

// IsZero reports whether v is the zero Version: none is known.
func (v Version) IsZero() bool { return v.scheme == NoScheme }

// An Order is the result of a comparison. The zero value says that there is none.
type Order uint8

// The orders of a Version towards another.
const (
	Incomparable Order = iota
	Older
	Equal
	Newer
)

// String gives "incomparable", "older", "equal" or "newer".
func (o Order) String() string {
	names := [...]string{"incomparable", "older", "equal", "newer"}
	if int(o) < len(names) {
		return names[o]
	}
	return "incomparable"
}

// Compare says what a is towards b. Versions of different schemes, and zero
// Versions, are Incomparable.
func Compare(a, b Version) Order {
	if a.scheme != b.scheme {
		return Incomparable
	}
	switch a.scheme {
	case Deb:
		return orderOf(compareDeb(a, b))
	case RPM:
		return orderOf(compareRPM(a, b))
	}
	return Incomparable
}

func orderOf(c int) Order {
	switch {
	case c < 0:
		return Older
	case c > 0:
		return Newer
	}
	return Equal
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// allDigits reports whether s is made of digits only, and of at least one.
func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// digits gives the length of the run of digits at the start of s.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// compareNumbers compares two runs of digits of any length as numbers.
func compareNumbers(a, b string) int {
	a, b = trimZeros(a), trimZeros(b)
	switch {
	case len(a) != len(b):
		return sign(len(a) - len(b))
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func trimZeros(s string) string {
	for s != "" && s[0] == '0' {
		s = s[1:]
	}
	return s
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
