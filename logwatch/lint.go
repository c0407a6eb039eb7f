package logwatch

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Lint is what is odd about a rule of a set. The rule is used all the same.
type Lint struct {
	Rule Rule
	Text string // what is odd: "never decides …"
}

// String names the rule, where it stands, and what is odd.
func (l Lint) String() string { return l.Rule.at() + " " + l.Text }

// Lint looks for rules that don't decide what they should: their own test lines,
// and lines that are made by their patterns. Those that a threshold or an order
// of lines holds back are let be.
func (s *RuleSet) Lint() []Lint {
	var out []Lint
	for _, c := range s.rules {
		if c.After.N > 0 || c.Before.In > 0 {
			continue
		}
		for _, t := range c.Tests {
			if v := s.Classify(Line{Tag: []byte(t.Program), Message: []byte(t.Message)}); (v.Rule == c.Name) != t.Decides {
				out = append(out, Lint{c.Rule, fmt.Sprintf("does not do what its test says: %s decides %q", nameOr(v.Rule), t.Message)})
			}
		}
		for _, p := range c.match {
			line := Line{Tag: []byte(c.someProgram()), Message: []byte(p.sample())}
			if v := s.Classify(line); v.Rule != c.Name {
				out = append(out, Lint{c.Rule, fmt.Sprintf("never decides by %q: %s decides %q", p.text, nameOr(v.Rule), line.Message)})
			}
		}
	}
	return out
}

func nameOr(rule string) string {
	if rule == "" {
		return "no rule"
	}
	return rule
}

// someProgram is one whose lines the rule explains.
func (r *Rule) someProgram() string {
	for _, p := range r.Programs {
		switch {
		case p == "*" || strings.HasPrefix(p, "!"):
		case strings.HasSuffix(p, "/"):
			return p + "x"
		default:
			return p
		}
	}
	return "someprogram"
}

// sample makes a message that has the pattern.
func (p *pattern) sample() string {
	if p.ere != nil {
		return string(p.ere.expr.Sample(rand.New(rand.NewPCG(1, 2))))
	}
	var b strings.Builder
	for i := range p.segments {
		s := &p.segments[i]
		if s.open {
			b.WriteString("something")
		}
		b.WriteString(s.literal)
		for _, part := range s.parts {
			if part.class['w'] {
				b.WriteString("word")
			} else {
				b.WriteString("10")
			}
			b.WriteString(part.literal)
		}
	}
	return b.String()
}

// Uses counts the lines that each rule matches and decides.
type Uses struct {
	set     *RuleSet
	matched map[string]uint64
	decided map[string]uint64
	lines   uint64
}

// Uses begins to count.
func (s *RuleSet) Uses() *Uses {
	return &Uses{set: s, matched: map[string]uint64{}, decided: map[string]uint64{}}
}

// Add counts one line.
func (u *Uses) Add(l Line) {
	u.lines++
	for i, r := range u.set.Explain(l) {
		u.matched[r.Name]++
		if i == 0 {
			u.decided[r.Name]++
		}
	}
}

// Unused lists the rules that matched no line, and those for which others always
// decided.
func (u *Uses) Unused() []Lint {
	var out []Lint
	for _, c := range u.set.rules {
		switch {
		case u.matched[c.Name] == 0:
			out = append(out, Lint{c.Rule, fmt.Sprintf("is unused: it matches none of %d lines", u.lines)})
		case u.decided[c.Name] == 0 && c.After.N == 0:
			out = append(out, Lint{c.Rule, fmt.Sprintf("is shadowed: it matches %d of %d lines, and others decide them all", u.matched[c.Name], u.lines)})
		}
	}
	return out
}
