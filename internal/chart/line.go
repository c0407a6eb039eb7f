package chart

import (
	"math"
	"strconv"
	"strings"
)

// A Line is a time line of values at equal steps. The zero Line draws a frame
// that says that there is no data.
type Line struct {
	Title  string               // what is shown; read aloud and shown as tooltip
	Desc   string               // the picture in words
	Values []float64            // NaN and the infinities are gaps
	From   string               // label of the first value
	To     string               // label of the last value
	Width  int                  // user units, at least 100; zero: 400
	Height int                  // user units, at least 24; zero: 120
	Bare   bool                 // a sparkline: no axis, no labels
	Format func(float64) string // of the labels of the value axis; nil: four digits
}

// gutter is the room for labels, in user units.
const (
	gutterLeft   = 62
	gutterBottom = 18
	margin       = 6
)

// plot maps values to user units.
type plot struct {
	left, top, right, bottom float64
	lo, hi                   float64
}

func (p plot) x(i, n int) float64 {
	if n < 2 {
		return (p.left + p.right) / 2
	}
	return p.left + (p.right-p.left)*float64(i)/float64(n-1)
}

func (p plot) y(v float64) float64 { return p.bottom - (p.bottom-p.top)*share(v, p.lo, p.hi) }

// SVG draws the line. It gives at most two points for each user unit.
func (l Line) SVG() string {
	width, height := size(l.Width, 400, 100), size(l.Height, 120, 24)
	class := "chart-line"
	if l.Bare {
		class = "chart-spark"
	}
	var s svg
	s.begin(class, width, height, l.Title, l.Desc)
	p := plot{left: margin, top: margin, right: float64(width - margin), bottom: float64(height - margin)}
	if !l.Bare {
		p.left, p.bottom = gutterLeft, float64(height-gutterBottom)
	}
	lo, hi, ok := bounds(l.Values)
	if !ok {
		s.text(float64(width)/2, float64(height)/2, "middle", "no data")
		return s.end()
	}
	p.lo, p.hi = axis(lo, hi)
	if !l.Bare {
		l.axes(&s, p)
	}
	drawn := thin(l.Values, 2*int(p.right-p.left))
	s.segments(p, drawn)
	return s.end()
}

// axis chooses the range that is drawn: zero belongs to it unless the values
// stay far from it.
func axis(lo, hi float64) (float64, float64) {
	switch {
	case lo > 0 && lo < hi/2:
		lo = 0
	case hi < 0 && hi > lo/2:
		hi = 0
	}
	return lo, hi
}

func (l Line) axes(s *svg, p plot) {
	format := l.Format
	if format == nil {
		format = func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	}
	values := []float64{p.hi, p.lo}
	if p.lo < 0 && p.hi > 0 {
		values = append(values, 0)
	}
	for i, v := range values {
		if i > 0 && p.lo == p.hi {
			break
		}
		y := p.y(v)
		s.WriteString(`<path class="chart-grid" d="M` + num(p.left) + " " + num(y) + "H" + num(p.right) +
			`" stroke="currentColor" stroke-opacity="0.25" fill="none"/>`)
		if i < 2 {
			s.text(p.left-6, y+4, "end", format(v))
		}
	}
	s.text(p.left, p.bottom+14, "start", l.From)
	s.text(p.right, p.bottom+14, "end", l.To)
}

// segments draws each run of known values by itself, so that gaps stay open.
func (s *svg) segments(p plot, values []float64) {
	base := p.y(min(max(0, p.lo), p.hi))
	for i := 0; i < len(values); i++ {
		if !known(values[i]) {
			continue
		}
		from := i
		for i+1 < len(values) && known(values[i+1]) {
			i++
		}
		s.segment(p, values, from, i, base)
	}
}

func (s *svg) segment(p plot, values []float64, from, to int, base float64) {
	n := len(values)
	if from == to {
		s.WriteString(`<circle class="chart-dot" cx="` + num(p.x(from, n)) + `" cy="` + num(p.y(values[from])) +
			`" r="2.5" fill="currentColor"/>`)
		return
	}
	var path strings.Builder
	for i := from; i <= to; i++ {
		path.WriteString(string("ML"[min(i-from, 1)]) + num(p.x(i, n)) + " " + num(p.y(values[i])))
	}
	s.WriteString(`<path class="chart-area" d="` + path.String() + "L" + num(p.x(to, n)) + " " + num(base) +
		"L" + num(p.x(from, n)) + " " + num(base) + `Z" fill="currentColor" fill-opacity="0.12"/>`)
	s.WriteString(`<path class="chart-stroke" d="` + path.String() +
		`" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/>`)
}

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

func size(n, otherwise, least int) int {
	if n == 0 {
		return otherwise
	}
	return max(n, least)
}
