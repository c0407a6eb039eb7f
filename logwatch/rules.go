package logwatch

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Level says what a rule makes of a line. The zero value is a line that no
// rule explains.
type Level uint8

// The levels.
const (
	Unexplained Level = iota
	Ignore            // routine
	Notice
	Warning
	Critical
)

// String gives "unexplained", "ignore", "notice", "warning" or "critical".
func (l Level) String() string {
	names := [...]string{"unexplained", "ignore", "notice", "warning", "critical"}
	if int(l) < len(names) {
		return names[l]
	}
	return fmt.Sprintf("level-%d", uint8(l))
}

func (l Level) severity() report.Severity {
	switch l {
	case Notice:
		return report.Notice
	case Warning:
		return report.Warning
	case Critical:
		return report.Critical
	}
	return report.Notice
}

// A Rule explains messages of some programs. Patterns have the grammar of
// RuleSet; an ignoring rule needs ID, Level and Patterns only.
type Rule struct {
	ID       string // stable: lower-case letters, digits, '.' and '-'
	Level    Level
	Tags     []string // programs; "postfix/" is all that begin so; empty is every program
	Patterns []string
	Key      string // names of holes that tell one finding from another, blank between
	Title    string // for the catalogue
	Say      string // title of a finding, with {holes}, {program}, {times} ("", "7 times") and {from} ("", "from 7 addresses")
	Explain  string // why it matters
	Remedy   string // what to do, with {holes}, {program}, and {read}: the command that shows such lines
}

// A RuleSet classifies lines. The first matching rule decides: those for the
// line's program in the order of the set, then those for every program. It is
// safe for concurrent use.
//
// Patterns are literal text with holes in braces, and match whole messages:
//
//	{n} {x} {w} {*}   digits; hexadecimal digits; a word; anything or nothing
//	{addr}            an IP address
//	{login} {unit} {dev} {proc} {path} {group}   a word, captured
//	{user} {text} {task}   anything, captured; {task} as {proc}
//
// Matching never goes back, and so is linear: Compile refuses the rare pattern
// for which that is not enough, such as one with two of {user} and {text}.
type RuleSet struct {
	rules []Rule
	byTag map[string][]matcher
	stem  map[string][]matcher // by what stands before the first slash of the program
	any   []matcher
	idle  Rule // what isChatter takes
}

type matcher struct {
	rule *Rule
	*pattern
}

// Compile makes a set of rules. The error names every pattern and rule that is
// wrong; the set has all others.
func Compile(rules []Rule) (*RuleSet, error) {
	s := &RuleSet{rules: rules, byTag: map[string][]matcher{}, stem: map[string][]matcher{}}
	s.idle = Rule{ID: "ignore.kernel-chatter", Level: Ignore}
	var bad []string
	for i := range rules {
		r := &s.rules[i]
		for _, text := range r.Patterns {
			p, err := compile(text)
			if err != nil {
				bad = append(bad, r.ID+": "+err.Error())
				continue
			}
			s.add(r, p)
		}
	}
	if len(bad) > 0 {
		return s, fmt.Errorf("rules: %s", strings.Join(bad, "; "))
	}
	return s, nil
}

func (s *RuleSet) add(r *Rule, p *pattern) {
	m := matcher{r, p}
	if len(r.Tags) == 0 {
		s.any = append(s.any, m)
	}
	for _, tag := range r.Tags {
		if stem, ok := strings.CutSuffix(tag, "/"); ok {
			s.stem[stem] = append(s.stem[stem], m)
		} else {
			s.byTag[tag] = append(s.byTag[tag], m)
		}
	}
}

// A Line is what a rule sees of one event.
type Line struct {
	Tag      []byte // program
	Message  []byte
	Priority int    // syslog severity 1 to 7 (alert to debug); 0 when not known
	Uptime   []byte // the kernel's seconds since boot; nil when not known
}

// A Verdict says what a line is. Rule is empty for an unexplained one.
type Verdict struct {
	Level Level
	Rule  string
}

// Classify gives the verdict of the first rule that matches.
func (s *RuleSet) Classify(l Line) Verdict {
	var caps captures
	if r := s.find(&l, &caps); r != nil {
		return Verdict{r.Level, r.ID}
	}
	return Verdict{}
}

// find gives the first matching rule and what its holes captured.
func (s *RuleSet) find(l *Line, caps *captures) *Rule {
	msg := bytes.TrimSpace(l.Message)
	if r := firstMatch(s.byTag[string(l.Tag)], msg, caps); r != nil {
		return r
	}
	if i := bytes.IndexByte(l.Tag, '/'); i > 0 {
		if r := firstMatch(s.stem[string(l.Tag[:i])], msg, caps); r != nil {
			return r
		}
	}
	if r := firstMatch(s.any, msg, caps); r != nil {
		return r
	}
	if isChatter(l, msg) {
		return &s.idle
	}
	return nil
}

func firstMatch(ms []matcher, msg []byte, caps *captures) *Rule {
	for i := range ms {
		if ms[i].match(msg, caps) {
			return ms[i].rule
		}
	}
	return nil
}

// isChatter takes the hundreds of lines by which a kernel greets its devices:
// of no more than "notice" weight, or from the first minutes, and without a
// word that tells of trouble.
func isChatter(l *Line, msg []byte) bool {
	if string(l.Tag) != "kernel" {
		return false
	}
	seconds, _, dotted := bytes.Cut(l.Uptime, []byte("."))
	early := dotted && len(seconds) <= 2
	return (l.Priority >= 5 || early) && !troubled(msg)
}

// troubled reports whether a message has a word that makes it worth reading.
func troubled(msg []byte) bool {
	lower := bytes.ToLower(msg)
	for _, word := range [...]string{
		"error", "fail", "warn", "bug", "corrupt", "denied", "panic", "fatal", "oops", "hung", "stall",
		"timeout", "timed out", "invalid", "taint", "unable", "lost", "abort", "offline", "degraded",
	} {
		if bytes.Contains(lower, []byte(word)) {
			return true
		}
	}
	return false
}

// Rules returns a copy of the rules of the set, in their order.
func (s *RuleSet) Rules() []Rule { return append([]Rule(nil), s.rules...) }
