package html

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/chart"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

type unseen struct {
	Check, Status, Reason shown
	Problems              []problem
	More                  int
}

type problem struct {
	Scope, Message shown
	Stack          []shown
}

// maxProblems bounds what is told of one check.
const maxProblems = 20

func newUnseen(res report.Result) unseen {
	u := unseen{Check: clean(res.Check), Status: clean(render.StatusWord(res.Status)), Reason: clean(res.Reason)}
	for i, p := range res.Problems {
		if i == maxProblems {
			u.More = len(res.Problems) - i
			break
		}
		if p.Message != res.Reason || p.Scope != "" {
			u.Problems = append(u.Problems, problem{clean(p.Scope), clean(p.Message), lines(strings.ReplaceAll(p.Stack, "\t", "    "))})
		}
	}
	return u
}

type check struct {
	Name, Status, Reason, Took shown
	Class                      string
	Findings                   int
}

func newCheck(res report.Result) check {
	c := check{Name: clean(res.Check), Status: clean(render.StatusWord(res.Status)), Reason: clean(res.Reason), Findings: len(res.Findings)}
	switch res.Status {
	case report.OK:
		c.Class = "good"
	case report.Partial:
		c.Class = "part"
	case report.Skipped, report.NotDue:
		c.Class = "none"
	default:
		c.Class = "fail"
	}
	if res.Took > 0 {
		c.Took = shown(render.Quantity(report.Measure(res.Took.Seconds()), "seconds"))
	}
	return c
}

type gauge struct {
	Label, Used, Whole, Share shown
	Level                     string
	Word                      string
	Bar                       template.HTML
}

type trend struct {
	Label, Text shown
	Chart       template.HTML
}

type reading struct{ Label, Value shown }

// Bounds of what the page shows of the numbers.
const (
	maxGauges   = 200
	maxTrends   = 60
	maxReadings = 300
)

func (v *view) figures(f render.Figures, opt Options) {
	v.MoreFigures = max(0, len(f.Gauges)-maxGauges) + max(0, len(f.Trends)-maxTrends) + max(0, len(f.Readings)-maxReadings)
	for _, g := range f.Gauges[:min(len(f.Gauges), maxGauges)] {
		v.Gauges = append(v.Gauges, newGauge(g))
	}
	for _, t := range f.Trends[:min(len(f.Trends), maxTrends)] {
		v.Trends = append(v.Trends, newTrend(t, opt))
	}
	for _, r := range f.Readings[:min(len(f.Readings), maxReadings)] {
		v.Readings = append(v.Readings, reading{clean(r.Label), clean(r.Value)})
	}
}

func newGauge(g render.Gauge) gauge {
	out := gauge{Label: clean(g.Label), Used: clean(g.Used), Whole: clean(g.Whole), Share: "unknown", Level: "plain"}
	if !math.IsNaN(g.Fraction) {
		out.Share = shown(fmt.Sprintf("%.0f %%", 100*min(max(g.Fraction, 0), 1)))
	}
	if g.Level > report.RuleSeverity {
		out.Level, out.Word = render.Rank(g.Level).String(), render.Word(g.Level)
	}
	bar := chart.Bar{
		Title: g.Label + ": " + string(out.Share), Desc: g.Used + " of " + g.Whole + " are used.", Fraction: g.Fraction,
	}
	out.Bar = template.HTML(bar.SVG()) // escaped by chart
	return out
}

// maxTitle bounds a title inside a picture, in columns.
const maxTitle = 100

func newTrend(t render.Trend, opt Options) trend {
	const at = "2 Jan 15:04"
	text := fmt.Sprintf("%s to %s, last %s", t.Low, t.High, t.Last)
	switch {
	case t.Known == 0:
		text = "no data"
	case t.Missing > 0:
		text += fmt.Sprintf("; %d of %d values are missing", t.Missing, t.Known+t.Missing)
	}
	line := chart.Line{
		Title: term.Truncate(t.Label, maxTitle, "…"), Desc: text, Values: t.Values,
		From: local(t.From, opt, at), To: local(t.To, opt, at), Format: func(v float64) string { return term.Truncate(t.Format(v), 10, "…") },
	}
	return trend{Label: clean(t.Label), Text: clean(text), Chart: template.HTML(line.SVG())} // escaped by chart
}

func local(t time.Time, opt Options, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(opt.Zone).Format(layout)
}
