package chart

import (
	"math"
	"time"
)

// scale chooses the range that is drawn, and a few values to mark in it. Zero
// belongs to it unless the values stay far from it.
func scale(lo, hi float64, binary bool) (bottom, top float64, grid []float64) {
	switch {
	case lo > 0 && (lo < hi/2 || lo == hi):
		lo = 0
	case hi < 0 && (hi > lo/2 || lo == hi):
		hi = 0
	}
	step := roundStep(hi/3-lo/3, binary)
	bottom, top = math.Floor(lo/step)*step, math.Ceil(hi/step)*step
	if n := math.Round((top - bottom) / step); n >= 1 && n < 10 { // it is not, at the ends of what a float holds
		for i := range int(n) + 1 {
			grid = append(grid, bottom+float64(i)*step)
		}
		return bottom, top, grid
	}
	if lo == hi {
		return lo, hi, []float64{lo}
	}
	return lo, hi, []float64{lo, hi}
}

// roundStep gives the next power of two above, or of 1, 2 and 5 times a power of ten.
func roundStep(v float64, binary bool) float64 {
	if binary {
		return math.Exp2(math.Ceil(math.Log2(v)))
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= v {
			return n * power
		}
	}
	return 10 * power
}

// A tick is a moment that the time axis names, at a part of its length.
type tick struct {
	at    float64
	label string
}

// paces are the steps between ticks, and their labels, for axes up to a length.
var paces = []struct {
	most                time.Duration
	hours, days, months int
	layout              string
}{
	{8 * time.Hour, 1, 0, 0, "15:04"},
	{2 * day, 6, 0, 0, "15:04"},
	{10 * day, 0, 1, 0, "Mon"},
	{45 * day, 0, 7, 0, "2 Jan"},
	{200 * day, 0, 0, 1, "Jan"},
	{3 * 366 * day, 0, 0, 3, "Jan 06"},
	{1 << 62, 0, 0, 12, "2006"},
}

const (
	day      = 24 * time.Hour
	maxTicks = 12
)

// ticks are the hours, days or months of the plot's zone, which have the length
// that the calendar gives them.
func (p Plot) ticks() (out []tick) {
	n := 0
	for _, l := range p.lines() {
		n = max(n, len(l.Values))
	}
	length := time.Duration(n-1) * p.Step
	if p.From.IsZero() || length <= 0 || p.Step <= 0 {
		return nil
	}
	pace := paces[0]
	for _, pace = range paces {
		if length <= pace.most {
			break
		}
	}
	y, m, d := p.From.Date()
	h, zone := p.From.Hour(), p.From.Location()
	switch {
	case pace.months > 0:
		m, d, h = time.Month((int(m)-1)/pace.months*pace.months+1), 1, 0
	case pace.days > 0:
		h = 0
	default:
		h -= h % pace.hours
	}
	for i := range 100 {
		at := time.Date(y, m+time.Month(i*pace.months), d+i*pace.days, h+i*pace.hours, 0, 0, 0, zone)
		if at.After(p.From.Add(length)) || len(out) == maxTicks {
			break
		}
		if !at.Before(p.From) {
			out = append(out, tick{float64(at.Sub(p.From)) / float64(length), at.Format(pace.layout)})
		}
	}
	return out
}
