package logwatch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// A pattern is a text with holes, such as
//
//	Invalid user {user} from {addr} port {n}
//
// that must match the whole message: see RuleSet for the holes. It is matched
// without going back: a hole of a class ends where the literal behind it can
// only be, {*} takes as little as it can, and {user} and {text} take as much.
// Texts for which that would not find every match are refused by compile.
type pattern struct {
	text     string
	segments []segment
	fields   []string // names of what it captures
	ere      *posix   // instead of segments
}

// first is the byte with which every message of the pattern begins; -1: any may.
func (p *pattern) first() int {
	if p.ere != nil || p.segments[0].literal == "" {
		return -1
	}
	return int(p.segments[0].literal[0])
}

// segment is a literal with what follows it, up to the next open hole.
type segment struct {
	open    bool   // anything stands before the literal
	name    string // of the open hole, where it is captured
	least   int    // length of what it takes
	literal string
	bytes   []byte // the literal again, for package bytes
	parts   []part
}

// part is a hole of a class and the literal behind it.
type part struct {
	name    string
	class   *class
	literal string
	inside  int  // where the literal has its first byte outside the class
	final   bool // it has none, and ends the message
	tail    bool // nothing but {*} follows
}

// class is a set of bytes.
type class [256]bool

// maxFields bounds what one pattern captures.
const maxFields = 8

// captures are the named holes of one match; they point into the message.
type captures struct {
	n     int
	names [maxFields]string
	text  [maxFields][]byte
}

func (c *captures) add(name string, text []byte) {
	if name != "" && c.n < len(c.names) {
		c.names[c.n], c.text[c.n] = name, text
		c.n++
	}
}

// get gives the text of a captured hole, nil when there is none.
func (c *captures) get(name string) []byte {
	for i := range c.n {
		if c.names[i] == name {
			return c.text[i]
		}
	}
	return nil
}

// hole says what a name in braces takes.
type hole struct {
	class string // ranges and single bytes, ^ for all others; "" is anything
	least int
	name  string // captured under it; "": not captured
}

func holeOf(text string) (hole, bool) {
	name, class, renamed := strings.Cut(text, ":")
	if !renamed {
		return classOf(text)
	}
	h, ok := classOf(class)
	h.name = name
	return h, ok && nameForm.MatchString(name)
}

// classOf is holeOf for a name without another behind it.
func classOf(name string) (hole, bool) {
	const word = "^ \t"
	switch name {
	case "n":
		return hole{"0-9", 1, ""}, true
	case "x":
		return hole{"0-9A-Fa-fx", 1, ""}, true
	case "w":
		return hole{word, 1, ""}, true
	case "*":
		return hole{"", 0, ""}, true
	case "addr":
		return hole{"0-9A-Fa-f:.", 1, name}, true
	case "login", "unit", "path", "group":
		return hole{word, 1, name}, true
	case "dev", "proc":
		return hole{"0-9A-Za-z_./:+-", 1, name}, true
	case "user", "text":
		return hole{"", 1, name}, true
	case "task":
		return hole{"", 1, "proc"}, true
	}
	return hole{}, false
}

var (
	errHole   = errors.New("no such field")
	errBehind = errors.New("a field needs a literal behind it that tells where it ends")
	errFields = fmt.Errorf("more than %d named fields", maxFields)
	errGreedy = errors.New("{user} and {text} must be the last open field, but for a {*} at the end")
)

// compile makes a pattern of its text.
func compile(text string) (*pattern, error) {
	literals, holes, err := cutHoles(text)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	p := &pattern{text: text, segments: []segment{{literal: literals[0]}}}
	for i, h := range holes {
		if h.name != "" {
			p.fields = append(p.fields, h.name)
		}
		last := &p.segments[len(p.segments)-1]
		literal := literals[i+1]
		if h.class == "" {
			p.segments = append(p.segments, segment{open: true, name: h.name, least: h.least, literal: literal})
			continue
		}
		pt := part{name: h.name, class: bytesOf(h.class), literal: literal}
		pt.final = i == len(holes)-1
		last.parts = append(last.parts, pt)
	}
	err = p.check()
	if len(p.fields) > maxFields {
		err = errFields
	}
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	return p, nil
}

// cutHoles splits a text into literals and the holes between them.
func cutHoles(text string) (literals []string, holes []hole, err error) {
	for {
		before, after, found := strings.Cut(text, "{")
		if !found {
			return append(literals, text), holes, nil
		}
		name, rest, closed := strings.Cut(after, "}")
		h, known := holeOf(name)
		if !closed || !known {
			return nil, nil, fmt.Errorf("{%s}: %w", name, errHole)
		}
		literals, holes, text = append(literals, before), append(holes, h), rest
	}
}

// check refuses what cannot be matched without going back.
func (p *pattern) check() error {
	last := len(p.segments) - 1
	for i := range p.segments {
		s := &p.segments[i]
		s.bytes = []byte(s.literal)
		trailing := i == last && len(s.parts) == 0
		if s.open && s.literal == "" && !trailing {
			return errBehind
		}
		before := i == last-1 && p.segments[last].isTail() // only {*} follows
		if s.name != "" && i != last && !before {
			return errGreedy
		}
		for j := range s.parts {
			s.parts[j].tail = before && j == len(s.parts)-1 && s.parts[j].literal == ""
			if !s.parts[j].locate() {
				return errBehind
			}
		}
	}
	return nil
}

// isTail reports whether s is a {*} at the end of a pattern.
func (s *segment) isTail() bool {
	return s.open && s.name == "" && s.literal == "" && len(s.parts) == 0
}

// locate finds by what the end of the hole is told.
func (p *part) locate() bool {
	for i := range len(p.literal) {
		if !p.class[p.literal[i]] {
			p.inside, p.final = i, false
			return true
		}
	}
	return p.final || p.tail
}

// bytesOf is the set that a class of a regular expression has: ranges, single
// bytes, and ^ for all others.
func bytesOf(expr string) *class {
	var c class
	others := strings.HasPrefix(expr, "^")
	expr = strings.TrimPrefix(expr, "^")
	for i := 0; i < len(expr); i++ {
		to := expr[i]
		if i+2 < len(expr) && expr[i+1] == '-' {
			to = expr[i+2]
		}
		for b := int(expr[i]); b <= int(to); b++ {
			c[b] = true
		}
		if to != expr[i] {
			i += 2
		}
	}
	for i := range c {
		c[i] = c[i] != others
	}
	return &c
}

// match reports whether the whole message has the pattern, and fills caps.
func (p *pattern) match(msg []byte, caps *captures) bool {
	caps.n = 0
	if p.ere != nil {
		return p.ere.match(msg)
	}
	last := len(p.segments) - 1
	at, ok := p.segments[0].matchAt(msg, 0, caps)
	if !ok {
		return false
	}
	for i := 1; i <= last; i++ {
		s := &p.segments[i]
		switch {
		case i == last:
			at, ok = s.matchEnd(msg, at, caps)
		case s.name != "":
			at, ok = s.matchLast(msg, at, caps, false)
		default:
			at, ok = s.matchFirst(msg, at, caps)
		}
		if !ok {
			return false
		}
	}
	return at == len(msg)
}

// matchAt matches the segment's literal and parts at one place.
func (s *segment) matchAt(msg []byte, at int, caps *captures) (int, bool) {
	if !hasPrefix(msg[at:], s.literal) {
		return 0, false
	}
	at += len(s.literal)
	for i := range s.parts {
		p := &s.parts[i]
		end := at
		for end < len(msg) && p.class[msg[end]] {
			end++
		}
		if p.final {
			end = min(end, len(msg)-len(p.literal))
		} else {
			end -= p.inside
		}
		if end <= at || !hasPrefix(msg[end:], p.literal) {
			return 0, false
		}
		caps.add(p.name, msg[at:end])
		at = end + len(p.literal)
	}
	return at, true
}

// matchFirst finds the first place of the segment: what is left after it is
// the most, so no later place can be better.
func (s *segment) matchFirst(msg []byte, from int, caps *captures) (int, bool) {
	kept := caps.n
	for at := from + s.least; at <= len(msg); at++ {
		i := bytes.Index(msg[at:], s.bytes)
		if i < 0 {
			return 0, false
		}
		at += i
		if end, ok := s.matchAt(msg, at, caps); ok {
			return end, true
		}
		caps.n = kept
	}
	return 0, false
}

// matchLast finds the last place of the segment, so that the hole before it
// takes the most; toEnd: the segment must end the message.
func (s *segment) matchLast(msg []byte, from int, caps *captures, toEnd bool) (int, bool) {
	kept := caps.n
	first := from + s.least
	for upto := len(msg); first <= upto; {
		i := bytes.LastIndex(msg[first:upto], s.bytes)
		if i < 0 {
			return 0, false
		}
		at := first + i
		caps.add(s.name, msg[from:at])
		if end, ok := s.matchAt(msg, at, caps); ok && (!toEnd || end == len(msg)) {
			return end, true
		}
		caps.n = kept
		upto = at + len(s.literal) - 1
	}
	return 0, false
}

// matchEnd matches the last segment, at the end of the message.
func (s *segment) matchEnd(msg []byte, from int, caps *captures) (int, bool) {
	if len(s.parts) > 0 {
		return s.matchLast(msg, from, caps, true)
	}
	at := len(msg) - len(s.literal)
	if at < from+s.least || string(msg[at:]) != s.literal {
		return 0, false
	}
	caps.add(s.name, msg[from:at])
	return len(msg), true
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
