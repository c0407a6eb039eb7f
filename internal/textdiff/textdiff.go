// Package textdiff says by lines how two texts differ.
//
//	for _, l := range textdiff.Lines(before, after, textdiff.Options{}) {
//		fmt.Printf("%c %s\n", l.Op, l.Text)
//	}
//
// Texts are bytes of any kind; what cannot be compared by lines within the bound
// is said by ok being false, never shown as equal. The package redacts nothing:
// who shows a line to a person redacts it first.
package textdiff

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// An Op says what became of a line.
type Op byte

// The operations. A Gap stands for unchanged lines that are left out.
const (
	Same    Op = ' '
	Added   Op = '+'
	Removed Op = '-'
	Gap     Op = '@'
)

// A Line is one line of a difference, without its newline.
type Line struct {
	Op       Op
	Text     string
	Old, New int // its number from 1 in either text; 0 where it is not
}

// Options bound a difference. The zero value works.
type Options struct {
	Context  int   // unchanged lines around a change; negative: none, zero: 3
	MaxBytes int64 // of each text; zero: 1 MiB
}

// Lines compares two texts. Equal texts give no line. It gives false for texts
// that are too large, or binary: those with a NUL in them.
func Lines(before, after []byte, o Options) ([]Line, bool) {
	limit := o.MaxBytes
	if limit == 0 {
		limit = 1 << 20
	}
	if int64(len(before)) > limit || int64(len(after)) > limit || bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 {
		return nil, false
	}
	if bytes.Equal(before, after) {
		return nil, true
	}
	context := o.Context
	switch {
	case context == 0:
		context = udiff.DefaultContextLines
	case context < 0:
		context = 0
	}
	d, err := udiff.ToUnifiedDiff("", "", string(before), udiff.Lines(string(before), string(after)), context)
	if err != nil {
		return nil, false
	}
	var out []Line
	for _, h := range d.Hunks {
		if h.FromLine > 1 || len(out) > 0 {
			out = append(out, Line{Op: Gap, Text: fmt.Sprintf("line %d", h.FromLine), Old: h.FromLine, New: h.ToLine})
		}
		out = append(out, hunk(h)...)
	}
	return out, true
}

func hunk(h *udiff.Hunk) []Line {
	var out []Line
	from, to := h.FromLine, h.ToLine
	for _, l := range h.Lines {
		line := Line{Op: Same, Text: strings.TrimSuffix(l.Content, "\n"), Old: from, New: to}
		switch l.Kind {
		case udiff.Delete:
			line.Op, line.New = Removed, 0
			from++
		case udiff.Insert:
			line.Op, line.Old = Added, 0
			to++
		default:
			from++
			to++
		}
		out = append(out, line)
	}
	return out
}

// Count gives the numbers of added and removed lines.
func Count(lines []Line) (added, removed int) {
	for _, l := range lines {
		switch l.Op {
		case Added:
			added++
		case Removed:
			removed++
		}
	}
	return added, removed
}
