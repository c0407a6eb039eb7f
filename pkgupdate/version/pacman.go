package version

import "strings"

var pacman = rule{
	name: "pacman",
	parse: func(v Version) (Version, string) {
		reason := v.splitRPM()
		return v, reason
	},
	compare: func(a, b Version, wildcard bool) Order { return orderOf(compareEVR(a, b, alpmvercmp, wildcard)) },
}

// alpmvercmp is the order of vercmp(8): that of an older rpm, in which letters at
// the end are older than nothing, and '~' and '^' separate like all else.
func alpmvercmp(a, b string) int {
	if a == b {
		return 0
	}
	for a != "" && b != "" {
		x, y := skipOthers(a), skipOthers(b)
		if x == "" || y == "" {
			a, b = x, y
			break
		}
		if m, n := len(a)-len(x), len(b)-len(y); m != n {
			return sign(m - n)
		}
		var c int
		if c, a, b = compareSegments(x, y); c != 0 {
			return c
		}
	}
	switch {
	case a == "" && b == "":
		return 0
	case a == "" && !isLetter(b[0]), a != "" && isLetter(a[0]):
		return -1
	}
	return 1
}

func skipOthers(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r < 0x80 && (isDigit(byte(r)) || isLetter(byte(r))) })
	if i < 0 {
		return ""
	}
	return s[i:]
}
