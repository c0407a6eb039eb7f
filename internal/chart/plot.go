package chart

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Plot shows time lines on one pair of axes. The zero Plot draws a frame that
// says that there is no data.
type Plot struct {
	Title  string // what is shown; read aloud and shown as tooltip
	Lines  []Line // at most four, which differ in colour and in dashes
	Marks  []Mark
	From   time.Time            // of the first values; its zone is that of the labels
	Step   time.Duration        // between two values
	Binary bool                 // the labels of the value axis are at powers of two
	Format func(float64) string // of values; nil: four digits
	Width  int                  // user units, at least 200; zero: 320
	Height int                  // user units, at least 60; zero: 150
}

// A Line is values at equal steps; NaN and the infinities are gaps.
type Line struct {
	Name   string
	Values []float64
}

// A Mark is a value that is marked across the picture, such as a percentile.
type Mark struct {
	Name  string
	Value float64
}

const maxLines = 4

// palette is of Okabe and Ito, made to be told apart by the colour-blind, and
// readable on black and on white. As attributes they yield to a style sheet.
var palette = [maxLines]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7"}

// dashes tell lines apart without colour.
var dashes = [maxLines]string{"", "6 2", "2 2", "8 2 2 2"}

// markDash is of a mark, which has the colour of the text.
const markDash = "1 2"

// Room for labels, in user units.
const (
	gutterLeft   = 58
	gutterBottom = 18
	margin       = 6
	legendHeight = 16
	fontSize     = 11
)

// frame maps values to user units.
type frame struct {
	left, top, right, bottom float64
	lo, hi                   float64
}

func (f frame) x(part float64) float64 { return f.left + (f.right-f.left)*part }

func (f frame) at(i, n int) float64 {
	if n < 2 {
		return f.x(0.5)
	}
	return f.x(float64(i) / float64(n-1))
}

func (f frame) y(v float64) float64 { return f.bottom - (f.bottom-f.top)*share(v, f.lo, f.hi) }

func (p Plot) lines() []Line { return p.Lines[:min(len(p.Lines), maxLines)] }

func (p Plot) format(v float64) string {
	if p.Format == nil {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return p.Format(v)
}

// bounds gives the range of all lines and marks.
func (p Plot) bounds() (lo, hi float64, ok bool) {
	var all []float64
	for _, l := range p.lines() {
		low, high, known := bounds(l.Values)
		if ok = ok || known; known {
			all = append(all, low, high)
		}
	}
	for _, l := range p.Marks {
		all = append(all, l.Value)
	}
	lo, hi, _ = bounds(all)
	return lo, hi, ok
}

// SVG draws the plot. It gives at most two points of a line for each user unit.
func (p Plot) SVG() string {
	width, height := size(p.Width, 320, 200), size(p.Height, 150, 60)
	var s svg
	s.begin("chart-plot", width, height, p.Title, p.Words())
	lo, hi, ok := p.bounds()
	if !ok {
		s.text(float64(width)/2, float64(height)/2, "middle", "no data")
		return s.end()
	}
	f := frame{left: gutterLeft, top: margin, right: float64(width - margin), bottom: float64(height - gutterBottom)}
	if len(p.lines()) > 1 || len(p.Marks) > 0 {
		f.top += legendHeight
		p.legend(&s)
	}
	var grid []float64
	f.lo, f.hi, grid = scale(lo, hi, p.Binary)
	for _, v := range grid {
		s.across("chart-grid", f, v, "")
		s.text(f.left-5, f.y(v)+4, "end", p.format(v))
	}
	p.timeAxis(&s, f)
	for i, l := range p.lines() {
		s.open(i)
		s.segments(f, thin(l.Values, 2*int(f.right-f.left)), dashes[i], len(p.lines()) == 1)
		s.WriteString("</g>")
	}
	for _, l := range p.Marks {
		if known(l.Value) {
			s.across("chart-mark", f, l.Value, markDash)
		}
	}
	return s.end()
}

// open begins the group of a line, whose colour a style sheet may change.
func (s *svg) open(i int) {
	s.WriteString(`<g class="chart-s` + strconv.Itoa(i+1) + `" color="` + palette[i] + `">`)
}

// legend names lines and marks above the frame, where no line runs through a name.
func (p Plot) legend(s *svg) {
	x := float64(margin)
	name := func(text string) {
		s.text(x+17, 14, "start", text)
		x += 26 + 5.6*float64(len([]rune(text)))
	}
	for i, l := range p.lines() {
		s.open(i)
		s.stroke("M"+num(x)+" 10.0H"+num(x+14), dashes[i])
		s.WriteString("</g>")
		name(l.Name)
	}
	for _, l := range p.Marks {
		if known(l.Value) {
			s.rule("chart-mark", x, x+14, 10, markDash)
			name(l.Name)
		}
	}
}

// across draws a line at a value from left to right.
func (s *svg) across(class string, f frame, v float64, dash string) {
	s.rule(class, f.left, f.right, f.y(v), dash)
}

func (s *svg) rule(class string, left, right, y float64, dash string) {
	opacity := "0.4"
	if dash != "" {
		opacity = "1" // it is seen through lines
	}
	s.WriteString(`<path class="` + class + `" d="M` + num(left) + " " + num(y) + "H" + num(right) +
		`" stroke="currentColor" stroke-opacity="` + opacity + `"` + dashed(dash) + ` fill="none"/>`)
}

func dashed(dash string) string {
	if dash == "" {
		return ""
	}
	return ` stroke-dasharray="` + dash + `"`
}

func (p Plot) timeAxis(s *svg, f frame) {
	for _, t := range p.ticks() {
		x := f.x(t.at)
		s.WriteString(`<path class="chart-grid" d="M` + num(x) + " " + num(f.bottom) + "V" + num(f.bottom+3) + `" stroke="currentColor" fill="none"/>`)
		anchor := "middle"
		if width := 3 * float64(len(t.label)); x-width < 0 {
			anchor = "start"
		} else if x+width > f.right+margin {
			anchor = "end"
		}
		s.text(x, f.bottom+14, anchor, t.label)
	}
}

// segments draws each run of known values by itself, so that gaps stay open.
func (s *svg) segments(f frame, values []float64, dash string, filled bool) {
	base := f.y(min(max(0, f.lo), f.hi))
	for i := 0; i < len(values); i++ {
		if !known(values[i]) {
			continue
		}
		from := i
		for i+1 < len(values) && known(values[i+1]) {
			i++
		}
		s.segment(f, values, [2]int{from, i}, base, dash, filled)
	}
}

func (s *svg) segment(f frame, values []float64, run [2]int, base float64, dash string, filled bool) {
	n := len(values)
	from, to := f.at(run[0], n), f.at(run[1], n)
	if run[0] == run[1] {
		s.WriteString(`<circle class="chart-point" cx="` + num(from) + `" cy="` + num(f.y(values[run[0]])) + `" r="1.5" fill="currentColor"/>`)
		return
	}
	var path strings.Builder
	for i := run[0]; i <= run[1]; i++ {
		path.WriteString(string("ML"[min(i-run[0], 1)]) + num(f.at(i, n)) + " " + num(f.y(values[i])))
	}
	if filled {
		s.WriteString(`<path class="chart-area" d="` + path.String() + "L" + num(to) + " " + num(base) + "L" + num(from) + " " + num(base) +
			`Z" fill="currentColor" fill-opacity="0.15"/>`)
	}
	s.stroke(path.String(), dash)
}

func (s *svg) stroke(path, dash string) {
	s.WriteString(`<path class="chart-stroke" d="` + path + `" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"` + dashed(dash) + `/>`)
}

// Words is the picture in words: the text alternative.
func (p Plot) Words() string {
	var out []string
	for _, l := range p.lines() {
		words := l.words(p.format)
		if len(p.lines()) > 1 {
			words = l.Name + " " + words
		}
		out = append(out, words)
	}
	for _, l := range p.Marks {
		if known(l.Value) {
			out = append(out, l.Name+" "+p.format(l.Value))
		}
	}
	if len(out) == 0 {
		return "no data"
	}
	return strings.Join(out, "; ")
}

func (l Line) words(format func(float64) string) string {
	lo, hi, ok := bounds(l.Values)
	if !ok {
		return "no data"
	}
	n, last := 0, 0.0
	for _, v := range l.Values {
		if known(v) {
			n, last = n+1, v
		}
	}
	words := fmt.Sprintf("%s to %s, last %s", format(lo), format(hi), format(last))
	if missing := len(l.Values) - n; missing > 0 {
		words += fmt.Sprintf(", %d of %d values missing", missing, len(l.Values))
	}
	return words
}

// Heading is the title.
func (p Plot) Heading() string { return p.Title }
