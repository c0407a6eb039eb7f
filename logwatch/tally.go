package logwatch

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// Bounds of what one run remembers of its lines.
const (
	maxTallies = 20_000
	maxSamples = 3
	maxNames   = 10_000 // addresses or users of one tally
	sampleLen  = 400
)

// tally is the events of one finding to be.
type tally struct {
	rule     *Rule // nil: unexplained
	tag      string
	template string            // of an unexplained line
	message  string            // the first of them, printable
	holes    map[string]string // captures that are part of the identity
	said     map[string]string // all captures, for the title; "several" where they differ
	source   string            // where it was seen first
	unit     string            // systemd unit of the first event that had one
	severe   bool              // an unexplained line of high syslog priority

	count       int
	first, last time.Time
	samples     []string       // the first ones
	latest      []byte         // the last one, as it came
	addrs       map[string]int // how often each address was named
	users       map[string]int
}

// tallies collects the events of one run.
type tallies struct {
	byKey map[string]*tally
	over  int // events of kinds beyond the bound
}

// event is one classified line.
type event struct {
	rule   *Rule
	caps   *captures
	line   *Line
	raw    []byte
	unit   []byte // systemd unit that the line's process belongs to
	source string
	at     time.Time
	count  int
}

// add counts an event. The line's bytes are copied.
func (t *tallies) add(e event) {
	ta := t.of(e)
	if ta == nil {
		t.over += e.count
		return
	}
	ta.count += e.count
	if !e.at.IsZero() {
		if ta.first.IsZero() || e.at.Before(ta.first) {
			ta.first = e.at
		}
		if e.at.After(ta.last) {
			ta.last = e.at
		}
	}
	ta.sample(e.raw)
	if e.line.Priority > 0 && e.line.Priority <= 3 {
		ta.severe = true
	}
	ta.say(e.caps)
	if ta.unit == "" {
		ta.unit = string(e.unit)
	}
	countName(&ta.addrs, e.caps.get("addr"), e.count)
	countName(&ta.users, e.caps.get("user"), e.count)
	countName(&ta.users, e.caps.get("login"), e.count)
}

// of gives the tally of an event; nil when there are too many kinds. Kinds that
// a rule knows are always taken: a flood of odd lines must not hide them.
func (t *tallies) of(e event) *tally {
	key, holes, template := identity(e)
	if ta := t.byKey[key]; ta != nil {
		return ta
	}
	if len(t.byKey) >= maxTallies && e.rule == nil || len(t.byKey) >= 2*maxTallies {
		return nil
	}
	ta := &tally{rule: e.rule, tag: string(e.line.Tag), holes: holes, template: template, source: e.source}
	if e.rule == nil {
		ta.message = printable(bytes.Join(bytes.Fields(e.line.Message[:min(len(e.line.Message), 2*sampleLen)]), []byte(" ")))
	}
	t.byKey[key] = ta
	return ta
}

func identity(e event) (key string, holes map[string]string, template string) {
	if e.rule == nil {
		template = Template(e.line.Message)
		return "?\x00" + string(e.line.Tag) + "\x00" + template, nil, template
	}
	key = e.rule.ID + "\x00" + string(e.line.Tag)
	for _, name := range strings.Fields(e.rule.Key) {
		value := string(e.caps.get(name))
		if value == "" {
			continue
		}
		if holes == nil {
			holes = map[string]string{}
		}
		holes[name] = value
		key += "\x00" + value
	}
	return key, holes, ""
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

func (ta *tally) say(caps *captures) {
	for i := range caps.n {
		old, known := ta.said[caps.names[i]]
		switch {
		case !known && ta.said == nil:
			ta.said = map[string]string{caps.names[i]: string(caps.text[i])}
		case !known:
			ta.said[caps.names[i]] = string(caps.text[i])
		case old != string(caps.text[i]):
			ta.said[caps.names[i]] = several
		}
	}
}

func (ta *tally) severity() report.Severity {
	switch {
	case ta.rule != nil:
		return ta.rule.Level.severity()
	case ta.severe:
		return report.Warning
	}
	return report.Notice
}

func countName(m *map[string]int, name []byte, n int) {
	if len(name) == 0 || len(name) > 256 {
		return
	}
	if *m == nil {
		*m = map[string]int{}
	}
	if _, known := (*m)[string(name)]; known || len(*m) < maxNames {
		(*m)[string(name)] += n
	}
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
func (t *tallies) sorted() []*tally {
	keys := slices.Sorted(maps.Keys(t.byKey))
	out := make([]*tally, 0, len(keys))
	for _, k := range keys {
		out = append(out, t.byKey[k])
	}
	slices.SortStableFunc(out, func(a, b *tally) int {
		return cmp.Or(cmp.Compare(b.severity(), a.severity()), cmp.Compare(b.count, a.count))
	})
	return out
}

// printable is the line as valid UTF-8 without control bytes, cut to a length
// that a person reads. Other bytes stand as \xHH.
func printable(raw []byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i, r := range string(raw) {
		if b.Len() >= sampleLen {
			b.WriteString(" …")
			break
		}
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r < ' ' || r == 0x7f || r == 0xfffd:
			c := raw[i]
			b.WriteString(`\x` + string(digits[c>>4]) + string(digits[c&15]))
		case r >= 0x80 && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			for _, c := range []byte(string(r)) {
				b.WriteString(`\x` + string(digits[c>>4]) + string(digits[c&15]))
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
