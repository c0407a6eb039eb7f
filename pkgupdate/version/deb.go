package version

import "strings"

// maxEpoch is dpkg's: an epoch is an int.
const maxEpoch = "2147483647"

var deb = rule{
	name: "deb",
	parse: func(v Version) (Version, string) {
		reason := v.splitDeb()
		return v, reason
	},
	compare: func(a, b Version, _ bool) Order { return orderOf(compareDeb(a, b)) },
}

// splitDeb cuts [epoch:]upstream[-revision] and says what is wrong with it.
// The rules are those of dpkg's parseversion: the first colon and the last
// hyphen cut; the upstream part should start with a digit, but dpkg takes
// others in databases that exist, so we do too.
func (v *Version) splitDeb() (reason string) {
	rest := v.text
	if epoch, after, ok := strings.Cut(rest, ":"); ok {
		if !allDigits(epoch) {
			return "epoch is no number"
		}
		if compareNumbers(epoch, maxEpoch) > 0 {
			return "epoch is too big"
		}
		v.epoch, rest = epoch, after
	}
	v.upstream = rest
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		v.upstream, v.revision = rest[:i], rest[i+1:]
		if v.revision == "" {
			return "revision is empty"
		}
	}
	switch {
	case v.upstream == "":
		return "upstream version is empty"
	case !debChars(v.upstream, ".+~:-"):
		return "character that no version has"
	case !debChars(v.revision, ".+~"):
		return "character that no revision has"
	}
	return ""
}

func debChars(s, punctuation string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && !isLetter(c) && strings.IndexByte(punctuation, c) < 0 {
			return false
		}
	}
	return true
}

func compareDeb(a, b Version) int {
	if c := compareNumbers(a.epoch, b.epoch); c != 0 {
		return c
	}
	if c := verrevcmp(a.upstream, b.upstream); c != 0 {
		return c
	}
	return verrevcmp(a.revision, b.revision)
}

// verrevcmp is the algorithm of Debian Policy 5.6.12: alternating runs of
// non-digits, compared by weight, and digits, compared as numbers.
func verrevcmp(a, b string) int {
	if a == b {
		return 0
	}
	for a != "" || b != "" {
		for a != "" && !isDigit(a[0]) || b != "" && !isDigit(b[0]) {
			if c := weight(a) - weight(b); c != 0 {
				return sign(c)
			}
			a, b = a[1:], b[1:]
		}
		i, j := digits(a), digits(b)
		if c := compareNumbers(a[:i], b[:j]); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
	return 0
}

// weight orders the first byte of a run of non-digits: '~', then the end of
// the run, then letters, then all others.
func weight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case isLetter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}
