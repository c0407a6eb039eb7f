package chart

import (
	"math"
	"strings"
)

// A Bar is a part of a whole.
type Bar struct {
	Title    string  // read aloud and shown as tooltip
	Desc     string  // the picture in words
	Fraction float64 // 0 to 1, beyond that it is cut; NaN: not known
	Level    Level   // how good that is
}

// SVG draws the bar without text, made to be stretched to any width.
func (b Bar) SVG() string {
	var s svg
	s.begin("chart-bar chart-stretch level-"+b.Level.String(), 100, 8, b.Title, b.Desc)
	s.WriteString(`<rect class="chart-track" x="0.0" y="0.0" width="100.0" height="8.0" fill="currentColor" fill-opacity="0.15"/>`)
	if f, ok := b.fraction(); ok {
		s.rect("chart-fill", 0, 0, 100*f, 8)
	} else {
		s.WriteString(`<path class="chart-unknown" d="M0.0 4.0H100.0" stroke="currentColor" stroke-dasharray="3 3" fill="none"/>`)
	}
	return s.end()
}

// Text draws the bar in as many characters as cells says; one that is not
// known is drawn with question marks. A fraction above zero is never empty,
// one below one is never full.
func (b Bar) Text(cells int, ascii bool) string {
	full, empty := "█", "░"
	if ascii {
		full, empty = "#", "-"
	}
	cells = max(cells, 0)
	f, ok := b.fraction()
	if !ok {
		return strings.Repeat("?", cells)
	}
	n := int(math.Round(f * float64(cells)))
	if cells > 1 && f > 0 && f < 1 {
		n = min(max(n, 1), cells-1)
	}
	return strings.Repeat(full, n) + strings.Repeat(empty, cells-n)
}

func (b Bar) fraction() (float64, bool) {
	if math.IsNaN(b.Fraction) {
		return 0, false
	}
	return min(max(b.Fraction, 0), 1), true
}
