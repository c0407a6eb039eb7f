package report

import (
	"path"
	"strings"
)

// Covers reports whether scope was looked at: a covered scope is equal to it or
// above it, and no problem names a scope that is equal or above it and as long
// as or longer than that covered one.
func (res Result) Covers(scope string) bool {
	best := -1
	for _, c := range res.Covered {
		if within(scope, c) && len(c) > best {
			best = len(c)
		}
	}
	if best < 0 {
		return false
	}
	for _, p := range res.Problems {
		if within(scope, p.Scope) && (p.Scope == "" || len(p.Scope) >= best) {
			return false
		}
	}
	return true
}

// within reports whether scope is top or below it; all is below "".
func within(scope, top string) bool {
	return top == "" || scope == top || strings.HasPrefix(scope, top) && scope[len(top)] == '/'
}

// validScope takes a clean relative slash path of any bytes but NUL.
func validScope(s string) bool {
	return s != "" && len(s) <= maxValue && s[0] != '/' && path.Clean(s) == s &&
		s != "." && s != ".." && !strings.HasPrefix(s, "../") && !strings.Contains(s, "\x00")
}

// cleanScope makes the nearest valid scope of s: what cannot be one is the
// whole check, which covers nothing.
func cleanScope(s string) string {
	if validScope(s) {
		return s
	}
	return ""
}
