package text

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/chart"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Bounds of the tables at the end.
const (
	maxGauges = 30
	maxTrends = 20
)

// figures stand at the end: they move daily, and what matters of them is a
// finding. Plain numbers have no place here; the page and the JSON have them.
func (p *page) figures(f render.Figures) {
	if len(f.Gauges)+len(f.Trends) == 0 {
		return
	}
	p.heading("Resources", "")
	gauges, small := f.Gauges, 0
	if len(gauges) > 3 {
		gauges = slices.DeleteFunc(slices.Clone(gauges), empty)
		small = len(f.Gauges) - len(gauges)
	}
	var labels []string
	for _, g := range gauges {
		labels = append(labels, g.Label)
	}
	for _, t := range f.Trends {
		labels = append(labels, t.Label)
	}
	width := p.labelWidth(labels, 3)
	for _, g := range gauges[:min(len(gauges), maxGauges)] {
		p.gauge(g, width)
	}
	p.more(len(gauges)-maxGauges, "")
	p.more(small, ", each used to less than a tenth")
	for _, t := range f.Trends[:min(len(f.Trends), maxTrends)] {
		p.trend(t, width)
	}
	p.more(len(f.Trends)-maxTrends, "")
}

// empty reports whether a gauge is not worth a line among others.
func empty(g render.Gauge) bool { return g.Level == 0 && g.Fraction < 0.1 }

// labelWidth is as wide as the widest label, within a part of the line.
func (p *page) labelWidth(labels []string, part int) int {
	width := 10
	for _, l := range labels {
		width = max(width, term.Width(p.clean(strings.TrimSpace(l))))
	}
	return min(width, (p.opt.Width-4)/part)
}

// cells is the width of bars and sparklines.
func (p *page) cells() int { return min(20, p.opt.Width/5) }

func (p *page) gauge(g render.Gauge, width int) {
	cells := p.cells()
	bar := chart.Bar{Fraction: g.Fraction}.Text(cells, p.opt.ASCII)
	share := "unknown"
	if !math.IsNaN(g.Fraction) {
		share = fmt.Sprintf("%.0f %%", 100*min(max(g.Fraction, 0), 1))
	}
	color := green
	if g.Level > 0 {
		color = severityColor(g.Level)
	}
	value := p.clean(fmt.Sprintf("%s of %s", g.Used, g.Whole))
	room := p.opt.Width - 2 - width - 2 - cells - 2 - 5 - 2
	p.line("  " + p.cell(g.Label, width) + "  " + p.paint(color, bar) + "  " + term.PadLeft(share, 5) + "  " +
		term.Truncate(value, room, p.glyph("…", "...")))
}

func (p *page) trend(t render.Trend, width int) {
	spark := chart.Spark(t.Values, p.cells(), p.opt.ASCII)
	if spark == "" {
		p.row(t.Label, "no data", width)
		return
	}
	spark = term.Pad(spark, p.cells())
	text := fmt.Sprintf("  %s to %s, last %s", t.Low, t.High, t.Last)
	room := p.opt.Width - 4 - width - term.Width(spark)
	p.line("  " + p.cell(t.Label, width) + "  " + p.paint(cyan, spark) + term.Truncate(p.clean(text), room, p.glyph("…", "...")))
}

func (p *page) row(label, value string, width int) {
	value = term.Truncate(p.clean(value), p.opt.Width-4-width, p.glyph("…", "..."))
	p.line("  " + p.cell(label, width) + "  " + value)
}

func (p *page) cell(label string, width int) string {
	return term.Pad(term.Truncate(p.clean(strings.TrimSpace(label)), width, p.glyph("…", "...")), width)
}

func (p *page) more(n int, what string) {
	if n > 0 {
		p.prose(2, 2, dim, fmt.Sprintf("and %d more%s", n, what))
	}
}
