package version

import "strings"

var rpm = rule{
	name: "rpm",
	parse: func(v Version) (Version, string) {
		reason := v.splitRPM()
		return v, reason
	},
	compare: func(a, b Version, wildcard bool) Order { return orderOf(compareEVR(a, b, rpmvercmp, wildcard)) },
}

// splitRPM cuts [epoch:]version[-release]. A hyphen can stand in neither part.
func (v *Version) splitRPM() (reason string) {
	rest := v.text
	if epoch, after, ok := strings.Cut(rest, ":"); ok {
		if epoch != "(none)" && !allDigits(epoch) {
			return "epoch is no number"
		}
		v.epoch, rest = strings.TrimPrefix(epoch, "(none)"), after
	}
	v.upstream = rest
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		v.upstream, v.revision = rest[:i], rest[i+1:]
		if v.revision == "" {
			return "release is empty"
		}
	}
	if v.upstream == "" {
		return "version is empty"
	}
	if !rpmChars(v.upstream) || !rpmChars(v.revision) {
		return "character that no version has"
	}
	return ""
}

func rpmChars(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '-' || c == ':' {
			return false
		}
	}
	return true
}

// compareEVR compares epoch, version and release. As a wildcard a release that
// one side lacks stands for any, as in queries and dependencies; else it is the
// oldest, so that the order is one.
func compareEVR(a, b Version, vercmp func(a, b string) int, wildcard bool) int {
	if c := compareNumbers(a.epoch, b.epoch); c != 0 {
		return c
	}
	if c := vercmp(a.upstream, b.upstream); c != 0 {
		return c
	}
	if a.revision == "" || b.revision == "" {
		if wildcard {
			return 0
		}
		return sign(len(a.revision) - len(b.revision))
	}
	return vercmp(a.revision, b.revision)
}

// rpmvercmp is the order of rpm-version(7): segments of digits or of letters,
// all else separates; '~' sorts before the end, '^' just after it.
func rpmvercmp(a, b string) int {
	if a == b {
		return 0
	}
	for a != "" || b != "" {
		a, b = skipSeparators(a), skipSeparators(b)
		if c, decided, skip := compareMarks(a, b); decided {
			return c
		} else if skip {
			a, b = a[1:], b[1:]
			continue
		}
		if a == "" || b == "" {
			break
		}
		var c int
		if c, a, b = compareSegments(a, b); c != 0 {
			return c
		}
	}
	return sign(len(a) - len(b))
}

func skipSeparators(s string) string {
	for s != "" && !isDigit(s[0]) && !isLetter(s[0]) && s[0] != '~' && s[0] != '^' {
		s = s[1:]
	}
	return s
}

// compareMarks deals with a '~' or '^' at the start of either side: it decides,
// or says that both have the same mark, which is skipped.
func compareMarks(a, b string) (c int, decided, skip bool) {
	if tildeA, tildeB := starts(a, '~'), starts(b, '~'); tildeA || tildeB {
		return mark(tildeA, tildeB)
	}
	caretA, caretB := starts(a, '^'), starts(b, '^')
	switch {
	case !caretA && !caretB:
		return 0, false, false
	case caretA && b == "":
		return 1, true, false
	case caretB && a == "":
		return -1, true, false
	}
	return mark(caretA, caretB)
}

// mark gives the order where one side or both have the mark: it makes older.
func mark(a, b bool) (c int, decided, skip bool) {
	switch {
	case a && b:
		return 0, false, true
	case a:
		return -1, true, false
	}
	return 1, true, false
}

func starts(s string, c byte) bool { return s != "" && s[0] == c }

// compareSegments compares the first segments of a and b, neither empty, by
// the kind of a's; a segment of digits is newer than one of letters.
func compareSegments(a, b string) (c int, restA, restB string) {
	if isDigit(a[0]) {
		i, j := digits(a), digits(b)
		if j == 0 {
			return 1, a, b
		}
		return compareNumbers(a[:i], b[:j]), a[i:], b[j:]
	}
	i, j := letters(a), letters(b)
	if j == 0 {
		return -1, a, b
	}
	return strings.Compare(a[:i], b[:j]), a[i:], b[j:]
}

func letters(s string) int {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return n
}
