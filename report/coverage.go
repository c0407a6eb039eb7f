package report

import (
	"strings"

	scopes "github.com/pugetsoundtech/upkeep/internal/scope"
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
		if scopes.Within(scope, p.Scope) {
			return p.Message
		}
	}
	if res.Reason != "" {
		return res.Reason
	}
	return "its scope was not looked at"
}
