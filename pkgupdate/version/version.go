package version

import (
	"errors"
	"fmt"
)

// A Scheme is a rule by which versions are ordered. The zero value is no scheme.
// Two schemes are == when they are the same.
type Scheme struct{ rule *rule }

type rule struct {
	name    string
	parse   func(v Version) (parsed Version, reason string)
	compare func(a, b Version, wildcard bool) Order
}

// The schemes of this package.
var (
	NoScheme  = Scheme{}
	Deb       = Scheme{&deb}       // Debian Policy 5.6.12, deb-version(7)
	RPM       = Scheme{&rpm}       // epoch:version-release, rpm-version(7)
	FreeBSD   = Scheme{&freebsd}   // version_revision,epoch, pkg-version(8)
	Pkgsrc    = Scheme{&pkgsrc}    // versionnbN, pkg_install's dewey
	OpenBSD   = Scheme{&openbsd}   // versionpNvN-flavors, packages-specs(7)
	Slackware = Scheme{&slackware} // has no order: other than before is all that can be said
	APK       = Scheme{&apk}       // version_suffix-rN, apk-package(5)
	Pacman    = Scheme{&pacman}    // epoch:version-release, vercmp(8)
)

// New makes a scheme of its own for a package manager that this package does
// not know. The name is of a-z, 0-9 and '-'. valid says what is wrong with a
// text, and nil for a version; nil takes every text that is not empty. compare
// is given valid texts only; it may be Incomparable where versions differ but
// have no order, and must be Equal for equal texts.
func New(name string, valid func(text string) error, compare func(a, b string) Order) Scheme {
	return Scheme{&rule{
		name: name,
		parse: func(v Version) (Version, string) {
			switch {
			case v.text == "":
				return v, "empty"
			case valid == nil:
				return v, ""
			}
			if err := valid(v.text); err != nil {
				return v, err.Error()
			}
			return v, ""
		},
		compare: func(a, b Version, _ bool) Order { return compare(a.text, b.text) },
	}}
}

// String gives the name as used in attributes: "deb", "rpm", and "" for NoScheme.
func (s Scheme) String() string {
	if s.rule == nil {
		return ""
	}
	return s.rule.name
}

// Schemes lists the schemes of this package.
func Schemes() []Scheme {
	return []Scheme{Deb, RPM, FreeBSD, Pkgsrc, OpenBSD, Slackware, APK, Pacman}
}

// SchemeOf gives the scheme of this package with a name, NoScheme when there is none.
func SchemeOf(name string) Scheme {
	for _, s := range Schemes() {
		if s.rule.name == name {
			return s
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
	revision string // Debian revision, rpm release, a port's own revision
	flavors  string // of OpenBSD
}

// ErrMalformed is in the error of Parse for text that is no version.
var ErrMalformed = errors.New("malformed version")

const maxLength = 4096

// Parse reads a version of scheme s. Its error says errors.Is(err,
// ErrMalformed) for text, and errors.ErrUnsupported for a scheme, that it
// cannot read.
func Parse(s Scheme, text string) (Version, error) {
	v := Version{scheme: s, text: text}
	if s == NoScheme {
		return Version{}, fmt.Errorf("version without a scheme: %w", errors.ErrUnsupported)
	}
	reason := "too long"
	if len(text) <= maxLength {
		v, reason = s.rule.parse(v)
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

// Compare says what a is towards b, in a total order of the scheme where it has
// one. Versions of different schemes, and zero Versions, are Incomparable.
func Compare(a, b Version) Order { return compare(a, b, false) }

// CompareWildcard is Compare as a query or a dependency means it: in the schemes
// RPM and Pacman a release that one side lacks stands for any. It is no order, and
// nothing to sort by.
func CompareWildcard(a, b Version) Order { return compare(a, b, true) }

func compare(a, b Version, wildcard bool) Order {
	if a.scheme != b.scheme || a.scheme == NoScheme {
		return Incomparable
	}
	return a.scheme.rule.compare(a, b, wildcard)
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
