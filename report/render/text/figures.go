package text

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/chart"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Bounds of the tables at the end.
const (
	maxGauges = 4
	maxTrends = 6
)

// well says at the end what was looked at, in figures that a person can check.
// Plain numbers have no place here; the page and the JSON have them.
func (p *page) well(rep *report.Report, d render.Digest) {
	if d.Checks.All == 0 {
		return
	}
	title := "Well"
	if d.Baseline {
		title = "Known from now on"
	}
	p.heading(title, "")
	if looked := render.Well(rep); len(looked) > 0 {
		p.prose(2, 4, "", strings.Join(looked, p.glyph(" · ", ", ")))
	}
	p.figures(render.NewFigures(rep))
	text := d.Checks.String()
	if d.SignedOff > 0 {
		text += fmt.Sprintf("; %d known, accepted or acknowledged, and still there", d.SignedOff)
	}
	p.prose(2, 4, "", text)
}

func (p *page) figures(f render.Figures) {
	gauges := slices.DeleteFunc(slices.Clone(f.Gauges), func(g render.Gauge) bool {
		return g.Level == 0 && (g.Unit != "bytes" || g.Fraction < 0.1)
	})
	slices.SortStableFunc(gauges, func(a, b render.Gauge) int {
		return cmp.Or(int(b.Level)-int(a.Level), cmp.Compare(b.Fraction, a.Fraction))
	})
	gauges = gauges[:min(len(gauges), maxGauges)]
	trends := sparks(f.Trends)
	var labels []string
	for _, g := range gauges {
		labels = append(labels, g.Label)
	}
	for _, t := range trends {
		labels = append(labels, t.Name)
	}
	width := p.labelWidth(labels, 3)
	for _, g := range gauges {
		p.gauge(g, width)
	}
	for _, t := range trends {
		p.trend(t, width)
	}
}

// sparks gives the first lines of the trends, under their whole names. Of the
// days of a year, which are these hours again, none is among them.
func sparks(trends []render.Trend) (out []render.TrendLine) {
	for _, t := range trends {
		for _, l := range t.Lines {
			if t.Step < 24*time.Hour && len(out) < maxTrends {
				l.Name = strings.TrimSpace(t.Label + " " + l.Name)
				out = append(out, l)
			}
		}
	}
	return out
}

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
		share = prose.Percent(min(max(g.Fraction, 0), 1))
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

func (p *page) trend(t render.TrendLine, width int) {
	spark := chart.Spark(t.Values, p.cells(), p.opt.ASCII)
	if spark == "" {
		p.row(t.Name, "no data", width)
		return
	}
	spark = term.Pad(spark, p.cells())
	text := fmt.Sprintf("  %s to %s, last %s", t.Low, t.High, t.Last)
	if t.Low == t.High {
		text = "  " + t.Last
	}
	room := p.opt.Width - 4 - width - term.Width(spark)
	p.line("  " + p.cell(t.Name, width) + "  " + p.paint(cyan, spark) + term.Truncate(p.clean(text), room, p.glyph("…", "...")))
}

func (p *page) row(label, value string, width int) {
	value = term.Truncate(p.clean(value), p.opt.Width-4-width, p.glyph("…", "..."))
	p.line("  " + p.cell(label, width) + "  " + value)
}

func (p *page) cell(label string, width int) string {
	return term.Pad(term.Truncate(p.clean(strings.TrimSpace(label)), width, p.glyph("…", "...")), width)
}
