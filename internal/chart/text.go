package chart

import (
	"math"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/term"
)

var (
	sparks      = []rune("▁▂▃▄▅▆▇█")
	sparksASCII = []rune("_.-=+*%#")
)

// Spark draws values in at most cells characters; a gap is a space. Without
// any value it is empty.
func Spark(values []float64, cells int, ascii bool) string {
	glyphs := sparks
	if ascii {
		glyphs = sparksASCII
	}
	lo, hi, ok := bounds(values)
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, v := range thin(values, cells) {
		if !known(v) {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(glyphs[int(math.Round(share(v, lo, hi)*float64(len(glyphs)-1)))])
	}
	return b.String()
}

// rows is how high a line is drawn on a terminal.
const rows = 5

// Text draws each line of the plot as columns above an axis of its own, in so
// many characters. All have the same scale. A gap stays empty; what is zero has
// a foot, and a line that is zero throughout is none. The last row names the time.
func (p Plot) Text(cells int, ascii bool) string {
	lo, hi, ok := p.bounds()
	if !ok {
		return "no data\n"
	}
	lo, hi, _ = scale(lo, hi, p.Binary)
	labels := []string{p.format(hi), p.format(lo)}
	width := max(term.Width(labels[0]), term.Width(labels[1]))
	cells = max(cells-width-1, 10)
	var b strings.Builder
	for _, l := range p.lines() {
		if low, high, ok := bounds(l.Values); ok && low == 0 && high == 0 && hi > 0 {
			continue
		}
		if len(p.lines()) > 1 {
			b.WriteString(strings.Repeat(" ", width+1) + term.Visible(l.Name) + "\n")
		}
		for row, text := range columns(thin(l.Values, cells), ascii, func(v float64) float64 { return share(v, lo, hi) }) {
			label := ""
			if row == 0 {
				label = labels[0]
			} else if row == rows-1 {
				label = labels[1]
			}
			b.WriteString(strings.TrimRight(term.PadLeft(label, width)+" "+text, " ") + "\n")
		}
	}
	if axis := p.axisText(cells); axis != "" {
		b.WriteString(strings.Repeat(" ", width+1) + axis + "\n")
	}
	return b.String()
}

// columns gives the rows of a chart of columns, the highest first.
func columns(values []float64, ascii bool, height func(float64) float64) []string {
	glyphs, out := sparks, make([]string, rows)
	if ascii {
		glyphs = []rune("#")
	}
	n := len(glyphs)
	for _, v := range values {
		eighths := 0
		if known(v) {
			eighths = max(1, int(math.Round(height(v)*float64(rows*n))))
		}
		for row := range out {
			left := eighths - (rows-1-row)*n
			switch {
			case left <= 0:
				out[row] += " "
			case ascii && eighths == 1 && height(v) < 0.5/float64(rows):
				out[row] += "_"
			default:
				out[row] += string(glyphs[min(left, n)-1])
			}
		}
	}
	return out
}

// axisText writes the labels of the time axis where there is room for them.
func (p Plot) axisText(cells int) string {
	n := 0
	for _, l := range p.lines() {
		n = max(n, len(l.Values))
	}
	text := ""
	for _, t := range p.ticks() {
		at := int(t.at * float64(min(cells, n)-1))
		if (text == "" || at > len(text)) && at+len(t.label) <= cells {
			text += strings.Repeat(" ", at-len(text)) + t.label
		}
	}
	return text
}
