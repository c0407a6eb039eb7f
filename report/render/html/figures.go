package html

import (
	"html/template"
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
		v.Trends = append(v.Trends, newTrends(t, opt)...)
	}
	for _, r := range f.Readings[:min(len(f.Readings), maxReadings)] {
		v.Readings = append(v.Readings, reading{clean(r.Label), clean(r.Value)})
	}
}

func newGauge(g render.Gauge) gauge {
	out := gauge{Label: clean(g.Label), Used: clean(g.Used), Whole: clean(g.Whole), Share: "unknown", Level: "plain"}
	if !math.IsNaN(g.Fraction) {
		out.Share = shown(prose.Percent(min(max(g.Fraction, 0), 1)))
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

// spans are the times that a long trend is drawn for, beside all of it.
var spans = []struct {
	length time.Duration
	name   string
}{{24 * time.Hour, "day"}, {7 * 24 * time.Hour, "week"}}

// newTrends draws a trend: of one that is long the last day, the last week, and
// all; of one by days the calendar.
func newTrends(t render.Trend, opt Options) (out []trend) {
	label := term.Truncate(t.Label, maxTitle, "…")
	if t.Step == 24*time.Hour {
		return []trend{calendar(t, label, opt)}
	}
	p := chart.Plot{
		Title: label, From: t.From.In(opt.Zone), Step: t.Step, Binary: strings.HasPrefix(t.Unit, "bytes"),
		Format: func(v float64) string { return term.Truncate(t.Format(v), 10, "…") },
	}
	n := 0
	for _, l := range t.Lines {
		p.Lines = append(p.Lines, chart.Line{Name: term.Truncate(l.Name, 24, "…"), Values: l.Values})
		n = max(n, len(l.Values))
	}
	all := "all"
	for _, span := range spans {
		values := int(span.length / max(t.Step, 1))
		if values < 2 || n < 2*values {
			continue
		}
		last := p
		last.Title, last.From, last.Lines = label+": last "+span.name, p.From.Add(time.Duration(n-values)*p.Step), slices.Clone(p.Lines)
		for i, l := range last.Lines {
			last.Lines[i].Values = l.Values[n-values:]
		}
		out, all = append(out, drawn(last)), "last "+prose.Count(int(math.Round((time.Duration(n)*t.Step).Hours()/24)), "day")
	}
	if len(out) > 0 {
		p.Title += ": " + all
	}
	return append(out, drawn(p))
}

func drawn(p chart.Plot) trend {
	return trend{Label: clean(p.Title), Text: clean(p.Words()), Chart: template.HTML(p.SVG())} // escaped by chart
}

// calendar draws the days of the lines' sum.
func calendar(t render.Trend, label string, opt Options) trend {
	c := chart.Calendar{Title: label + " by day", First: t.From.In(opt.Zone), Format: t.Format, Days: slices.Clone(t.Lines[0].Values)}
	for _, l := range t.Lines[1:] {
		for i, v := range l.Values {
			c.Days[i] += v
		}
	}
	return trend{Label: clean(c.Title), Text: clean(c.Words()), Chart: template.HTML(c.SVG())} // escaped by chart
}
