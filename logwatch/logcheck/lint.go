package logcheck

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Lint is what is odd about a rule. The rule is used all the same.
type Lint struct {
	Rule
	Text string // what is odd: "is never matched: …"
}

// String names the file, the line and what is odd.
func (l Lint) String() string { return fmt.Sprintf("%s:%d: %s", l.File, l.Line, l.Text) }

// lintSamples is how many lines are made by a rule to try it.
const lintSamples = 40

// Lint looks for rules that do nothing, or more than is meant, by lines that are
// made by each of them.
func (r *Rules) Lint() []Lint {
	s := r.Scanner()
	var out []Lint
	for layer := range layers {
		for i := range r.rules[layer] {
			if text := s.lint(layer, i); text != "" {
				out = append(out, Lint{r.rules[layer][i], text})
			}
		}
	}
	return out
}

func (s *Scanner) lint(layer Layer, i int) string {
	rule := s.rules.rules[layer][i]
	if strings.HasPrefix(strings.TrimLeft(rule.Text, " \t"), "#") {
		return "is a rule and no comment: a # counts in the first column alone"
	}
	e := s.rules.sets[layer].Expr(i)
	made := rand.New(rand.NewPCG(1, uint64(i)))
	matched, others := 0, []int(nil)
	for range lintSamples {
		all := s.matchers[layer].All(trimRight(e.Sample(made)))
		if !slices.Contains(all, i) {
			continue
		}
		if matched++; matched == 1 {
			others = all
		}
		others = slices.DeleteFunc(others, func(n int) bool { return n == i || !slices.Contains(all, n) })
		if matched > 3 && len(others) == 0 {
			break
		}
	}
	switch {
	case matched == 0:
		return "matches nothing: not even a line that is made by it, after blanks at its end are cut"
	case len(others) > 0 && !s.precedes(layer, i, others[0]):
		o := s.rules.rules[layer][others[0]]
		return fmt.Sprintf("is not needed: %s:%d matches what it matches", o.File, o.Line)
	}
	return ""
}

// precedes reports whether a rule stands before another and is needed rather
// than that: of two that match the same, the first stays.
func (s *Scanner) precedes(layer Layer, i, other int) bool {
	if i > other {
		return false
	}
	e := s.rules.sets[layer].Expr(other)
	made := rand.New(rand.NewPCG(2, uint64(other)))
	for range lintSamples {
		all := s.matchers[layer].All(trimRight(e.Sample(made)))
		if slices.Contains(all, other) && !slices.Contains(all, i) {
			return false
		}
	}
	return true
}

// Uses counts for each rule the lines that it matches.
type Uses struct {
	scanner *Scanner
	counts  [layers][]uint64
	lines   uint64
}

// Uses begins to count.
func (r *Rules) Uses() *Uses {
	u := &Uses{scanner: r.Scanner()}
	for layer := range layers {
		u.counts[layer] = make([]uint64, len(r.rules[layer]))
	}
	return u
}

// Add counts one line.
func (u *Uses) Add(line []byte) {
	u.lines++
	for layer := range layers {
		for _, n := range u.scanner.matchers[layer].All(trimRight(line)) {
			u.counts[layer][n]++
		}
	}
}

// Unused lists the rules that matched no line.
func (u *Uses) Unused() []Lint {
	var out []Lint
	for layer := range layers {
		for i, n := range u.counts[layer] {
			if n == 0 {
				out = append(out, Lint{u.scanner.rules.rules[layer][i], fmt.Sprintf("is unused: it matches none of %d lines", u.lines)})
			}
		}
	}
	return out
}
