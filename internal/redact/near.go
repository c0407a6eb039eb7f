package redact

import (
	"regexp"
	"slices"
	"strings"
)

// A Near finds the matches of an expression where a hint is, and not in all of a
// text: expressions are slow, and most texts have few hints.
type Near struct {
	Hints []string // lower-case ASCII; a match has one of them
	// Lines is how many lines that are not blank a match may have before and behind
	// that of a hint. Below zero: any number.
	Lines int
	// With are characters of which a match has one, where that is so: "key = value" and
	// not each line that speaks of a key.
	With string
	RE   *regexp.Regexp
}

// A Haystack is a text in which hints are looked for.
type Haystack struct {
	text, lower string
	odd         []string             // what any hint may have in place of a k or an s
	triples     [1 << 15 / 64]uint64 // a bit for each three bytes in a row that lower has, by their lowest five bits
}

// In prepares a text: one pass over it saves those for most of the hints.
func In(s string) *Haystack {
	h := &Haystack{text: s, lower: lowered(s)}
	for _, letter := range []string{"\u212a", "\u017f"} { // the same as k and s to an expression that ignores case
		if strings.Contains(s, letter) {
			h.odd = append(h.odd, letter)
		}
	}
	last := uint(0)
	for i := range len(h.lower) {
		last = last<<5&(1<<15-1) | uint(h.lower[i]&31)
		h.triples[last/64] |= 1 << (last % 64)
	}
	return h
}

// String is the text.
func (h *Haystack) String() string { return h.text }

// may reports whether the text may have a hint: most often some part of it is not
// there.
func (h *Haystack) may(hint string) bool {
	last := uint(0)
	for i := range len(hint) {
		last = last<<5&(1<<15-1) | uint(hint[i]&31)
		if i >= 2 && h.triples[last/64]&(1<<(last%64)) == 0 {
			return false
		}
	}
	return true
}

// All gives what RE.FindAllStringSubmatchIndex gives.
func (n Near) All(h *Haystack) (out [][]int) {
	s := h.text
	n.Hints = append(slices.Clip(n.Hints), h.odd...)
	if !slices.ContainsFunc(n.Hints, h.may) {
		return nil
	}
	hints := finder{text: h.lower, hints: n.Hints, at: make([]int, len(n.Hints))}
	for i, hint := range n.Hints {
		if !h.may(hint) {
			hints.at[i] = -1
		}
	}
	at := hints.next(0)
	if at >= 0 && n.Lines < 0 {
		return n.RE.FindAllStringSubmatchIndex(s, -1)
	}
	for at >= 0 {
		from, line, to := n.begin(s, at), 0, 0
		for next := at; next >= 0 && (next < to || to == 0); next = hints.next(line) {
			line, to = n.end(s, next)
		}
		if n.With != "" && !strings.ContainsAny(s[from:to], n.With) {
			at = hints.next(to)
			continue
		}
		for _, m := range n.RE.FindAllStringSubmatchIndex(s[from:to], -1) {
			if m[1] == to-from && to < len(s) { // it may go on
				return n.RE.FindAllStringSubmatchIndex(s, -1)
			}
			for i := range m {
				if m[i] >= 0 {
					m[i] += from
				}
			}
			out = append(out, m)
		}
		at = hints.next(to)
	}
	return out
}

// A finder goes from hint to hint. It looks at each byte once for each of them.
type finder struct {
	text  string
	hints []string
	at    []int // where each is next; below zero: nowhere any more
}

// next is where the first hint is from there on; below zero: nowhere. It only goes
// forward.
func (f *finder) next(from int) int {
	first := -1
	for i, hint := range f.hints {
		if at := f.at[i]; at >= 0 && (at < from || at == 0) {
			if f.at[i] = strings.Index(f.text[from:], hint); f.at[i] >= 0 {
				f.at[i] += from
			}
		}
		if at := f.at[i]; at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }

// begin is where the lines before a hint begin.
func (n Near) begin(s string, at int) int {
	from := strings.LastIndexByte(s[:at], '\n') + 1
	for more := n.Lines; more > 0 && from > 0; {
		start := strings.LastIndexByte(s[:from-1], '\n') + 1
		if !blank(s[start:from]) {
			more--
		}
		from = start
	}
	return from
}

// end is where the line of a hint ends, and where those behind it do.
func (n Near) end(s string, at int) (line, to int) {
	line = lineEnd(s, at)
	for to, more := line, n.Lines; ; {
		next := lineEnd(s, to)
		if next == to {
			return line, to
		}
		if !blank(s[to:next]) {
			if more--; more < 0 {
				return line, to
			}
		}
		to = next
	}
}

func lineEnd(s string, at int) int {
	if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(s)
}

// lowered gives s in lower case, by ASCII alone.
func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
