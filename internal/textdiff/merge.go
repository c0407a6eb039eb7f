package textdiff

import (
	"bytes"
	"slices"
	"strings"
)

// Merge puts the changes from base to ours and from base to theirs together, and
// gives the number of places where they conflict: both changed the same lines, or
// lines side by side, in two ways. With a conflict there is no merged text. It gives
// false for texts that Lines cannot compare, and for those whose last line has no end.
func Merge(base, ours, theirs []byte) (merged []byte, conflicts int, ok bool) {
	for _, text := range [][]byte{base, ours, theirs} {
		if len(text) > 0 && text[len(text)-1] != '\n' {
			return nil, 0, false
		}
	}
	own, okOwn := edits(base, ours)
	their, okTheir := edits(base, theirs)
	if !okOwn || !okTheir {
		return nil, 0, false
	}
	var both []edit
	for _, e := range their {
		switch i := slices.IndexFunc(own, e.touches); {
		case i < 0:
			both = append(both, e)
		case !e.equal(own[i]):
			conflicts++
		}
	}
	if conflicts > 0 {
		return nil, conflicts, true
	}
	both = append(both, own...)
	slices.SortFunc(both, func(a, b edit) int { return a.from - b.from })
	return apply(base, both), 0, true
}

// An edit replaces the lines [from, to) of a text, counted from 0.
type edit struct {
	from, to int
	lines    []string
}

// touches reports whether two edits are of the same lines, or meet.
func (e edit) touches(o edit) bool { return e.from <= o.to && o.from <= e.to }

func (e edit) equal(o edit) bool {
	return e.from == o.from && e.to == o.to && slices.Equal(e.lines, o.lines)
}

// edits gives what makes one text of the other.
func edits(before, after []byte) ([]edit, bool) {
	lines, ok := Lines(before, after, Options{Context: bytes.Count(before, []byte("\n")) + 1})
	var list []edit
	at, open := 0, false // the line of before that comes next; the last edit goes on
	for _, l := range lines {
		if l.Op == Same {
			at, open = at+1, false
			continue
		}
		if !open {
			list, open = append(list, edit{from: at, to: at}), true
		}
		e := &list[len(list)-1]
		if l.Op == Removed {
			at++
			e.to = at
		} else {
			e.lines = append(e.lines, l.Text)
		}
	}
	return list, ok
}

// apply carries out edits that are sorted and do not meet.
func apply(text []byte, list []edit) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	var out []byte
	at := 0
	for _, e := range list {
		out = append(out, bytes.Join(lines[at:e.from], nil)...)
		for _, l := range e.lines {
			out = append(out, l+"\n"...)
		}
		at = e.to
	}
	return append(out, bytes.Join(lines[at:], nil)...)
}

// Text writes a difference as diff -u does, without a head: each line with its mark.
func Text(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteByte(byte(l.Op))
		b.WriteByte(' ')
		b.WriteString(l.Text)
		b.WriteByte('\n')
	}
	return b.String()
}
