// Package scope knows what of a system a check looked at: clean relative slash paths
// of any bytes but NUL, each with all below it. "" is the whole.
package scope

import (
	"path"
	"strings"
)

// Within reports whether s is top or below it; all is below "".
func Within(s, top string) bool {
	return top == "" || s == top || strings.HasPrefix(s, top) && s[len(top)] == '/'
}

// Valid reports whether s is a scope of at most that many bytes, and not the whole.
func Valid(s string, most int) bool {
	return s != "" && len(s) <= most && s[0] != '/' && path.Clean(s) == s &&
		s != "." && s != ".." && !strings.HasPrefix(s, "../") && !strings.Contains(s, "\x00")
}

// Clean makes the nearest valid scope of s, itself or one above it: what cannot be one
// is the whole.
func Clean(s string, most int) string {
	if Valid(s, most) {
		return s
	}
	s, _, odd := strings.Cut(s, "\x00")
	if len(s) > most {
		s, odd = s[:most], true
	}
	if odd { // the last part is cut
		s = Above(s)
	}
	if s = strings.TrimPrefix(path.Clean("/"+s), "/"); Valid(s, most) {
		return s
	}
	return ""
}

// Above is the scope in which s is.
func Above(s string) string { return s[:max(strings.LastIndexByte(s, '/'), 0)] }

// Fewer gives, of more than most scopes, those above them.
func Fewer(scopes map[string]bool, most int) map[string]bool {
	for len(scopes) > most && !scopes[""] {
		above := map[string]bool{}
		for s := range scopes {
			above[Above(s)] = true
		}
		scopes = above
	}
	return scopes
}
