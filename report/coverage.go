package report

import (
	"path"
	"strings"
)

// Covers reports whether scope was looked at: a covered scope is equal to it or
// above it, and no problem names a scope that is equal or above it and as long
// as or longer than that covered one.
func (res Result) Covers(scope string) bool { return res.Coverage().Covers(scope) }

// A Coverage is what a result says of many scopes.
type Coverage struct {
	covered  map[string]bool
	problems map[string]bool
}

// Coverage gives Covers for many scopes.
func (res *Result) Coverage() Coverage {
	c := Coverage{map[string]bool{}, map[string]bool{}}
	for _, scope := range res.Covered {
		c.covered[scope] = true
	}
	for _, p := range res.Problems {
		c.problems[p.Scope] = true
	}
	return c
}

// Covers goes up from scope: what is met first decides, and a problem of the
// whole check outweighs all.
func (c Coverage) Covers(scope string) bool {
	if c.problems[""] {
		return false
	}
	for {
		if c.problems[scope] || c.covered[scope] {
			return !c.problems[scope]
		}
		slash := strings.LastIndexByte(scope, '/')
		if slash < 0 {
			return false
		}
		scope = scope[:slash]
	}
}

// WhyNotCovered says why scope was not looked at.
func (res *Result) WhyNotCovered(scope string) string {
	for _, p := range res.Problems {
		if within(scope, p.Scope) {
			return p.Message
		}
	}
	if res.Reason != "" {
		return res.Reason
	}
	return "its scope was not looked at"
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

// cleanScope makes the nearest valid scope of s, itself or one above it: what
// cannot be one is the whole check, which covers nothing.
func cleanScope(s string) string {
	if validScope(s) {
		return s
	}
	s, _, odd := strings.Cut(s, "\x00")
	if len(s) > maxValue {
		s, odd = s[:maxValue], true
	}
	if odd { // the last part is cut
		s = s[:max(strings.LastIndexByte(s, '/'), 0)]
	}
	if s = strings.TrimPrefix(path.Clean("/"+s), "/"); validScope(s) {
		return s
	}
	return ""
}
