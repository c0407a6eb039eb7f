package logs

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

// Bounds of what one run tells apart. What is beyond a bound is counted in one
// tally of its rule or program, so that each cause is bounded by itself.
const (
	maxOfRule   = 500 // findings of one rule
	maxKinds    = 150 // kinds of unexplained lines of one program
	maxPrograms = 400 // that no rule names, with unexplained lines
	maxSamples  = 3
	maxNames    = 10_000  // addresses or users of one tally
	maxAllNames = 100_000 // of all, beside those that each has room for
	fewNames    = 50
	sampleLen   = 400
)

// tally is the events of one finding to be.
type tally struct {
	rule     *logwatch.Rule // nil: unexplained
	tag      string
	template string            // of an unexplained line
	message  string            // the first of them, printable
	holes    map[string]string // captures that are part of the identity
	said     map[string]string // all captures, for the title; "several" where they differ
	source   string            // where it was seen first
	unit     string            // systemd unit of the first event that had one
	named    bool              // unexplained, of a program that a rule names
	severe   bool              // an unexplained line of high syslog priority
	bare     bool              // unexplained lines without a header
	own      bool              // its lines do not name their program
	others   bool              // a line of it named another process than the first of the system
	trend    *trend            // of unexplained lines, beside the days before; nil: not known

	count       int
	first, last time.Time
	samples     []string       // the first ones
	latest      []byte         // the last one, as it came
	addrs       map[string]int // how often each address was named
	capped      bool           // there was no room for some address or user
	users       map[string]int
}

// tallies collects the events of one run.
type tallies struct {
	byKey    map[string]*tally
	kinds    map[string]int // of each cause
	programs map[bool]int   // causes that are programs which no rule names, by whether their lines are severe
	named    func(program []byte) bool
	over     int // events beyond a bound
	names    int // addresses and users of all tallies
}

func newTallies(rules *logwatch.RuleSet) *tallies {
	return &tallies{byKey: map[string]*tally{}, kinds: map[string]int{}, programs: map[bool]int{}, named: rules.Names}
}

// event is one classified line.
type event struct {
	match  *logwatch.Match
	line   *logwatch.Line
	raw    []byte
	unit   []byte // systemd unit that the line's process belongs to
	source string
	at     time.Time
	bare   bool // it has no header
	own    bool // it does not name its program
	first  bool // it says to be of process 1
	count  int
}

// severe reports whether a line that no rule explains was logged as an error.
func (e *event) severe() bool { return e.line.Priority > 0 && e.line.Priority <= 3 }

// add counts an event and gives its tally. The line's bytes are copied.
func (t *tallies) add(e event) *tally {
	ta := t.of(&e)
	ta.count += e.count
	ta.span(e.at, e.at)
	ta.sample(e.raw)
	ta.severe, ta.others = ta.severe || e.severe(), ta.others || !e.first
	ta.say(e.match)
	if ta.unit == "" {
		ta.unit = string(e.unit)
	}
	t.countName(ta, &ta.addrs, e.match.Field("addr"), e.count)
	t.countName(ta, &ta.users, e.match.Field("user"), e.count)
	t.countName(ta, &ta.users, e.match.Field("login"), e.count)
	return ta
}

// span widens the time of a tally.
func (ta *tally) span(first, last time.Time) {
	if !first.IsZero() && (ta.first.IsZero() || first.Before(ta.first)) {
		ta.first = first
	}
	if last.After(ta.last) {
		ta.last = last
	}
}

// merge takes another tally of the same rule.
func (ta *tally) merge(b *tally) {
	ta.count, ta.others = ta.count+b.count, true
	ta.span(b.first, b.last)
	for _, s := range b.samples {
		ta.sample([]byte(s))
	}
	for name := range b.said {
		if ta.said == nil {
			ta.said = map[string]string{}
		}
		ta.said[name] = several
	}
}

// of gives the tally of an event.
func (t *tallies) of(e *event) *tally {
	ta := identity(e)
	key := ta.key()
	if known := t.byKey[key]; known != nil {
		return known
	}
	if ta.rule == nil {
		ta.named = t.named(e.line.Tag)
		ta.message = printable(bytes.Join(bytes.Fields(e.line.Message[:min(len(e.line.Message), 2*sampleLen)]), []byte(" ")))
	}
	if !t.room(e) {
		t.over += e.count
		ta.template, ta.holes = beyond, nil
		if e.match.Rule == nil && e.severe() {
			ta.template = beyondSevere
		}
		if e.match.Rule == nil && t.kinds[cause(e)] == 0 {
			ta.tag = beyond
		}
		key = ta.key()
		if known := t.byKey[key]; known != nil {
			return known
		}
	}
	kept := ta
	t.byKey[key] = &kept
	return &kept
}

// What stands for lines that are not told apart: those of one weight, so that who
// writes many mild ones does not stand for the severe.
const (
	beyond       = "(others)"
	beyondSevere = "(others, severe)"
)

// cause is who is bounded: a rule, or a program with lines of one weight.
func cause(e *event) string {
	if e.match.Rule != nil {
		return e.match.Rule.Name
	}
	return fmt.Sprintf("%v %s", e.severe(), e.line.Tag)
}

// room takes a place for one more tally of the event's cause.
func (t *tallies) room(e *event) bool {
	c := cause(e)
	n, bound := t.kinds[c], maxKinds
	if e.match.Rule != nil {
		bound = maxOfRule
	} else if n == 0 && !t.named(e.line.Tag) {
		if t.programs[e.severe()] == maxPrograms {
			return false
		}
		t.programs[e.severe()]++
	}
	if n == bound {
		return false
	}
	t.kinds[c]++
	return true
}

// identity begins the tally of an event: what tells it from others.
func identity(e *event) tally {
	ta := tally{rule: e.match.Rule, tag: string(e.line.Tag), source: e.source, own: e.own}
	if ta.rule == nil && e.bare {
		ta.bare, ta.severe, ta.template = true, e.severe(), bareTemplate(e)
		return ta
	}
	if ta.rule == nil {
		ta.template = logwatch.Template(e.line.Message)
		return ta
	}
	for _, name := range ta.rule.Key {
		if value := e.match.Field(name); len(value) > 0 {
			if ta.holes == nil {
				ta.holes = map[string]string{}
			}
			ta.holes[name] = string(value)
		}
	}
	return ta
}

// bareTemplate makes all lines of a source that have no header one kind, or two:
// such a file is the log of one program, in a form that nobody knows.
func bareTemplate(e *event) string {
	if e.severe() {
		return "(no header, severe) " + e.source
	}
	return "(no header) " + e.source
}

func (ta *tally) key() string {
	if ta.rule == nil {
		return "?\x00" + ta.tag + "\x00" + ta.template
	}
	key := ta.rule.Name + "\x00" + ta.tag + "\x00" + ta.template
	for _, name := range ta.rule.Key {
		if value := ta.holes[name]; value != "" {
			key += "\x00" + value
		}
	}
	return key
}

// sample keeps the first lines and the last one.
func (ta *tally) sample(raw []byte) {
	if len(ta.samples) < maxSamples-1 {
		ta.samples = append(ta.samples, printable(raw))
		return
	}
	ta.latest = append(ta.latest[:0], raw[:min(len(raw), 2*sampleLen)]...)
}

// shown gives the samples as they stand in a report.
func (ta *tally) shown() []string {
	if len(ta.latest) == 0 {
		return ta.samples
	}
	return append(ta.samples[:len(ta.samples):len(ta.samples)], printable(ta.latest))
}

// several stands in a title for a capture that was not always the same.
const several = "several"

func (ta *tally) say(m *logwatch.Match) {
	for name, value := range m.Fields {
		old, known := ta.said[name]
		switch {
		case !known && ta.said == nil:
			ta.said = map[string]string{name: string(value)}
		case !known:
			ta.said[name] = string(value)
		case old != string(value):
			ta.said[name] = several
		}
	}
}

func (ta *tally) severity() report.Severity {
	switch {
	case ta.rule != nil:
		return severityOf(ta.rule.Level)
	case ta.severe:
		return report.Warning
	}
	return report.Notice
}

// countName counts a name of a tally. What there is no room for is said.
func (t *tallies) countName(ta *tally, m *map[string]int, name []byte, n int) {
	if len(name) == 0 || len(name) > 256 {
		return
	}
	if *m == nil {
		*m = map[string]int{}
	}
	if _, known := (*m)[string(name)]; !known {
		if len(*m) >= maxNames || len(*m) >= fewNames && t.names >= maxAllNames {
			ta.capped = true
			return
		}
		t.names++
	}
	(*m)[string(name)] += n
}

// often gives the five most frequent names; none where there are more and all
// came once, as then five of them say nothing.
func often(m map[string]int) []string {
	names := top(m, 5)
	if len(m) > len(names) && m[names[0]] == 1 {
		return nil
	}
	return names
}

// top gives the most frequent names, at most n.
func top(m map[string]int, n int) []string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
	return names[:min(n, len(names))]
}

// sorted gives the tallies in the order of a report: worst first, then the most
// frequent, then by identity.
func (t *tallies) sorted() []*tally { return slices.SortedFunc(maps.Values(t.byKey), worstFirst) }

// printable is the line as a report quotes it, cut to a length that a person reads.
func printable(raw []byte) string {
	text := strings.ReplaceAll(string(raw[:min(len(raw), 2*sampleLen)]), "\t", " ")
	return prose.Clip(term.Escape(text), sampleLen)
}
