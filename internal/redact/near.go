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
	RE    *regexp.Regexp
}

// A Haystack is a text in which hints are looked for.
type Haystack struct {
	text, lower string
	pairs       *[1 << 16 / 64]uint64 // a bit for each pair of bytes that lower has; nil of a short one
}

// short is a text that is faster searched than prepared.
const short = 4 << 10

// In prepares a text.
func In(s string) *Haystack {
	h := &Haystack{text: s, lower: lowered(s)}
	if len(s) < short {
		return h
	}
	h.pairs = new([1 << 16 / 64]uint64)
	for i := 1; i < len(h.lower); i++ {
		pair := uint(h.lower[i-1])<<8 | uint(h.lower[i])
		h.pairs[pair/64] |= 1 << (pair % 64)
	}
	return h
}

// may reports whether all pairs of a hint are there: most often one is not.
func (h *Haystack) may(hint string) bool {
	for i := 1; i < len(hint) && h.pairs != nil; i++ {
		pair := uint(hint[i-1])<<8 | uint(hint[i])
		if h.pairs[pair/64]&(1<<(pair%64)) == 0 {
			return false
		}
	}
	return true
}

// All gives what RE.FindAllStringSubmatchIndex gives.
func (n Near) All(h *Haystack) (out [][]int) {
	s := h.text
	if !slices.ContainsFunc(n.Hints, func(hint string) bool { return h.may(hint) && strings.Contains(h.lower, hint) }) {
		return nil
	}
	if len(h.lower) != len(s) || n.Lines < 0 {
		return n.RE.FindAllStringSubmatchIndex(s, -1)
	}
	for at := n.next(h.lower, 0); at >= 0; {
		from, to := n.window(s, at)
		for next := n.next(h.lower, at+1); next >= 0 && next < to; next = n.next(h.lower, next+1) {
			_, to = n.window(s, next)
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
		at = n.next(h.lower, to)
	}
	return out
}

// next is where the first hint is from there on; below zero: nowhere.
func (n Near) next(lower string, from int) int {
	first := -1
	if from > len(lower) {
		return first
	}
	for _, hint := range n.Hints {
		end := len(lower)
		if first >= 0 {
			end = min(end, first+len(hint))
		}
		if i := strings.Index(lower[from:end], hint); i >= 0 && (first < 0 || from+i < first) {
			first = from + i
		}
	}
	return first
}

// window gives the lines around a place.
func (n Near) window(s string, at int) (from, to int) {
	from, to = strings.LastIndexByte(s[:at], '\n')+1, at
	for more := n.Lines; more > 0 && from > 0; {
		start := strings.LastIndexByte(s[:from-1], '\n') + 1
		if strings.TrimSpace(s[start:from]) != "" {
			more--
		}
		from = start
	}
	for more := n.Lines; to < len(s); {
		end := len(s)
		if i := strings.IndexByte(s[to:], '\n'); i >= 0 {
			end = to + i + 1
		}
		if to > at && strings.TrimSpace(s[to:end]) != "" {
			if more--; more < 0 {
				break
			}
		}
		to = end
	}
	return from, to
}

// lowered gives s in lower case, by ASCII alone where nothing else has the same
// letters to an expression that ignores case.
func lowered(s string) string {
	if strings.Contains(s, "\u212a") || strings.Contains(s, "\u017f") {
		return strings.ReplaceAll(strings.ToLower(s), "\u017f", "s")
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
