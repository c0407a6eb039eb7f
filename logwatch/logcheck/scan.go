package logcheck

import (
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/logwatch/internal/ere"
)

// A Scanner says what lines are. It is not safe for concurrent use: several of
// one Rules are.
type Scanner struct {
	rules    *Rules
	matchers [layers]*ere.Matcher
}

// Scanner makes a scanner.
func (r *Rules) Scanner() *Scanner {
	s := &Scanner{rules: r}
	for layer := range layers {
		s.matchers[layer] = r.sets[layer].Matcher()
	}
	return s
}

// Ignored reports whether a rule of the level ignores the line.
func (s *Scanner) Ignored(line []byte) bool { return s.matchers[Ignore].Match(trimRight(line)) }

// Explain lists the rules that match a line, by layer.
func (s *Scanner) Explain(line []byte) []Rule {
	var out []Rule
	for layer := range layers {
		for _, n := range s.matchers[layer].All(trimRight(line)) {
			out = append(out, s.rules.rules[layer][n])
		}
	}
	return out
}

// A Verdict says in which sections a line stands. The zero Verdict is a line
// that nobody needs to see.
type Verdict struct {
	Alerts  []string // files of cracking.d that report it
	Events  []string // files of violations.d that report it
	Attack  bool     // a rule of cracking.d matches: where any alert is reported it is no event
	Unknown bool     // nothing ignores it: a system event
}

// Shown reports whether the line stands in any section.
func (v *Verdict) Shown() bool { return len(v.Alerts)+len(v.Events) > 0 || v.Unknown }

// Scan says what a line is.
func (s *Scanner) Scan(line []byte) Verdict {
	line = trimRight(line)
	var v Verdict
	v.Attack = s.matchers[Cracking].Match(line)
	event := s.matchers[Violations].Match(line)
	if v.Attack {
		v.Alerts = s.files(line, Cracking, CrackingIgnore)
	}
	if event {
		v.Events = s.files(line, Violations, ViolationsIgnore)
	}
	v.Unknown = !v.Attack && !event && !s.matchers[Ignore].Match(line)
	return v
}

// files gives the files of a layer that report a line, after those that cancel.
func (s *Scanner) files(line []byte, layer, cancel Layer) []string {
	raising, cancelling := s.names(line, layer), s.names(line, cancel)
	if slices.ContainsFunc(cancelling, isLocal) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(raising), func(f string) bool {
		if f == "logcheck" {
			return len(cancelling) > 0 || slices.ContainsFunc(raising, func(g string) bool { return !strings.HasPrefix(g, "logchec") })
		}
		return slices.Contains(cancelling, f) || slices.Contains(cancelling, "logcheck-"+f)
	})
}

func isLocal(name string) bool { return name == "local" || strings.HasPrefix(name, "local-") }

// names gives the files of a layer whose rules match a line, in order.
func (s *Scanner) names(line []byte, layer Layer) []string {
	var out []string
	for _, n := range s.matchers[layer].All(line) {
		out = append(out, s.rules.rules[layer][n].Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
