// Package chart draws small pictures of numbers, as SVG and as terminal text:
// time lines, sparklines, the days of a year, and bars.
//
//	plot := chart.Plot{Title: "eth0", Lines: []chart.Line{{"received", in}, {"sent", out}}, From: start, Step: time.Hour}
//	plot.SVG()
//	plot.Text(70, false)
//	chart.Spark(in, 24, false) // ▁▂▃▅█
//
// It knows no report: values are floats, and NaN is a gap. It loads nothing, and
// runs no script.
//
// # Design
//
// A gap is a hole in the line and never a zero; a long series is thinned out
// so that its lowest and highest values stay. Numbers in an SVG have one
// decimal, so that equal input gives equal bytes on every machine. Shapes
// take currentColor, and the classes chart-* and level-* are for the page's
// style sheet: dark mode costs nothing. The lines of a plot differ in colours
// that the colour-blind tell apart, and in dashes, so that they differ on paper.
// Every picture says in words what it shows. Texts are made visible, then escaped.
package chart

import (
	"math"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/term"
)

// Level says how good a bar is. The zero Level means that nobody has looked.
type Level uint8

// The levels, which are also the ends of CSS classes: level-good.
const (
	Unknown Level = iota
	Good
	Notice
	Warning
	Critical
)

var levelNames = [...]string{"unknown", "good", "notice", "warning", "critical"}

// String gives the level's name; one that is not known is "unknown".
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return levelNames[Unknown]
}

// known reports whether v can be drawn.
func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// bounds gives the lowest and highest known value; ok is false without any.
func bounds(values []float64) (lo, hi float64, ok bool) {
	for _, v := range values {
		switch {
		case !known(v):
		case !ok:
			lo, hi, ok = v, v, true
		default:
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi, ok
}

// share places v between lo and hi, from 0 to 1. A constant stands in the
// middle, unless it is zero. Halves keep the largest floats from overflowing.
func share(v, lo, hi float64) float64 {
	switch {
	case lo == hi && v == 0:
		return 0
	case lo == hi:
		return 0.5
	}
	if span := hi - lo; !math.IsInf(span, 0) {
		return min(max((v-lo)/span, 0), 1)
	}
	return min(max((v/2-lo/2)/(hi/2-lo/2), 0), 1)
}

// thin gives at most n values for a longer series: of each stretch the lowest
// and the highest, in their order. Only a stretch without any value is a gap.
func thin(values []float64, n int) []float64 {
	if len(values) <= n {
		return values
	}
	if n < 2 {
		_, hi, ok := bounds(values)
		return []float64{orGap(hi, ok)}[:max(n, 0)]
	}
	out := make([]float64, 0, n)
	for i, stretches := 0, n/2; i < stretches; i++ {
		from, to := i*len(values)/stretches, (i+1)*len(values)/stretches
		out = append(out, extremes(values[from:to])...)
	}
	return out
}

func extremes(values []float64) []float64 {
	lo, hi, ok := bounds(values)
	for _, v := range values {
		if v == lo {
			break
		}
		if v == hi {
			lo, hi = hi, lo
			break
		}
	}
	return []float64{orGap(lo, ok), orGap(hi, ok)}
}

func orGap(v float64, ok bool) float64 {
	if ok {
		return v
	}
	return math.NaN()
}

// svg is a picture in the making.
type svg struct{ strings.Builder }

// begin opens a picture of the given size, with what a screen reader says.
func (s *svg) begin(class string, width, height int, title, desc string) {
	size := strconv.Itoa(width) + " " + strconv.Itoa(height)
	s.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="chart ` + class + `" role="img" viewBox="0 0 ` + size + `"`)
	s.WriteString(` width="` + strconv.Itoa(width) + `" height="` + strconv.Itoa(height) + `"`)
	if strings.Contains(class, "chart-stretch") {
		s.WriteString(` preserveAspectRatio="none"`)
	}
	s.WriteString(`><title>` + escape(title) + `</title><desc>` + escape(desc) + `</desc>`)
}

func (s *svg) end() string {
	s.WriteString("</svg>")
	return s.String()
}

func (s *svg) rect(class string, x, y, width, height float64) {
	s.WriteString(`<rect class="` + class + `" x="` + num(x) + `" y="` + num(y) +
		`" width="` + num(width) + `" height="` + num(height) + `" fill="currentColor"/>`)
}

func (s *svg) text(x, y float64, anchor, text string) {
	s.WriteString(`<text class="chart-label" x="` + num(x) + `" y="` + num(y) + `" text-anchor="` + anchor +
		`" font-size="` + strconv.Itoa(fontSize) + `" fill="currentColor">` + escape(text) + `</text>`)
}

func num(v float64) string {
	text := strconv.FormatFloat(v, 'f', 1, 64)
	if text == "-0.0" {
		return "0.0"
	}
	return text
}

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func escape(s string) string { return entities.Replace(term.Visible(s)) }

func size(n, otherwise, least int) int {
	if n == 0 {
		return otherwise
	}
	return max(n, least)
}
