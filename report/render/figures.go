package render

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Gauge is a part of a whole: two metrics of equal attributes, one named
// …_used… or …_free…, the other …_size… or …_total… (or without that word).
type Gauge struct {
	Label    string
	Used     string
	Whole    string
	Unit     string
	Fraction float64         // NaN: not known
	Level    report.Severity // of the worst open finding about it; zero: none
}

// A Reading is a metric that is no part of a Gauge.
type Reading struct{ Check, Label, Value string }

// A Trend is the series of one check that belong on one pair of axes: of the
// same subject, unit and times.
type Trend struct {
	Check, Label string
	Lines        []TrendLine // at most four
	Unit         string
	From         time.Time // of the first values
	Step         time.Duration
	Format       func(float64) string
}

// A TrendLine is a series of a Trend.
type TrendLine struct {
	Name           string    // what it adds to the label; "" for a line that is alone
	Values         []float64 // NaN for gaps
	Low, High      string    // "unknown" where there is no value
	Last           string
	Known, Missing int
}

// Figures are the numbers of a report.
type Figures struct {
	Gauges   []Gauge
	Readings []Reading
	Trends   []Trend
}

// NewFigures gathers the numbers of all results in their order, but gauges of
// bytes before those of what is counted.
func NewFigures(rep *report.Report) Figures {
	var f Figures
	levels := openLevels(rep)
	for _, res := range rep.Results {
		f.metrics(res, levels)
		f.Trends = append(f.Trends, trends(res)...)
	}
	slices.SortStableFunc(f.Gauges, func(a, b Gauge) int { return rank(a) - rank(b) })
	return f
}

func rank(g Gauge) int {
	if g.Unit == "bytes" {
		return 0
	}
	return 1
}

// openLevels gives the worst open severity for each subject.
func openLevels(rep *report.Report) map[report.Attr]report.Severity {
	levels := map[report.Attr]report.Severity{}
	for _, c := range changes(rep) {
		if c.Kind != report.Fixed && c.Kind != report.Retired {
			levels[c.Finding.Subject] = max(levels[c.Finding.Subject], Rank(c.Finding.Severity))
		}
	}
	return levels
}

func (f *Figures) metrics(res report.Result, levels map[report.Attr]report.Severity) {
	set := metricSet{byName: map[string]report.Metric{}, taken: map[string]bool{}}
	for _, m := range res.Metrics {
		set.byName[metricKey(m.Name, m.Attrs)] = m
	}
	for _, m := range res.Metrics {
		if g, ok := set.gauge(m); ok {
			for _, a := range m.Attrs {
				if g.Fraction >= 0.5 { // else what was found there is about another figure
					g.Level = max(g.Level, levels[a])
				}
			}
			f.Gauges = append(f.Gauges, g)
		}
	}
	for _, m := range res.Metrics {
		if !set.taken[metricKey(m.Name, m.Attrs)] {
			f.Readings = append(f.Readings, Reading{res.Check, label(m.Name, m.Unit, m.Attrs), Quantity(m.Value, m.Unit)})
		}
	}
}

type metricSet struct {
	byName map[string]report.Metric
	taken  map[string]bool
}

// gauge makes one of m if it is the part of a whole that is there, too.
func (s metricSet) gauge(m report.Metric) (Gauge, bool) {
	part := "_used"
	if !strings.Contains(m.Name, part) {
		part = "_free"
		if !strings.Contains(m.Name, part) || s.has(m, part, "_used") {
			return Gauge{}, false
		}
	}
	for _, word := range []string{"_size", "_total", ""} {
		whole, ok := s.byName[metricKey(strings.Replace(m.Name, part, word, 1), m.Attrs)]
		if !ok || whole.Value.Float() == 0 {
			continue
		}
		for _, w := range []string{"_used", "_free", word} {
			s.taken[metricKey(strings.Replace(m.Name, part, w, 1), m.Attrs)] = true
		}
		used, all := m.Value.Float(), whole.Value.Float()
		if part == "_free" {
			used = all - used
		}
		return Gauge{
			Label: label(strings.Replace(m.Name, part, "", 1), m.Unit, m.Attrs), Unit: m.Unit,
			Used: quantity(used, m.Unit), Whole: quantity(all, m.Unit), Fraction: s.fraction(m, part, used, all),
		}, true
	}
	return Gauge{}, false
}

func (s metricSet) has(m report.Metric, part, word string) bool {
	_, ok := s.byName[metricKey(strings.Replace(m.Name, part, word, 1), m.Attrs)]
	return ok
}

// fraction is used of used and free where both are known, as df(1) counts it:
// what is neither is reserved.
func (s metricSet) fraction(m report.Metric, part string, used, all float64) float64 {
	if free, ok := s.byName[metricKey(strings.Replace(m.Name, part, "_free", 1), m.Attrs)]; ok && part == "_used" && used+free.Value.Float() > 0 {
		all = used + free.Value.Float()
	}
	return used / all
}

func metricKey(name string, attrs []report.Attr) string {
	key := strconv.Quote(name)
	for _, a := range attrs {
		key += " " + a.String()
	}
	return key
}

// label names a figure: what it is about, then the words of its name that
// neither that nor the unit says already.
func label(name, unit string, attrs []report.Attr) string {
	return strings.Join(labelWords(name, unit, attrs), " ")
}

func labelWords(name, unit string, attrs []report.Attr) (words []string) {
	for _, a := range attrs {
		words = append(words, a.Value)
	}
	for _, w := range strings.Split(name, "_") {
		if w != "" && w != unit && !(len(attrs) > 0 && (w == "filesystem" || w == "interface")) {
			words = append(words, w)
		}
	}
	return words
}

// maxTrendLines is how many lines can be told apart in one picture.
const maxTrendLines = 4

// trends gathers the series of a result.
func trends(res report.Result) (out []Trend) {
	groups := map[string]int{}
	var words [][][]string // of each trend's lines
	for _, s := range res.Series {
		if idle(s) {
			continue
		}
		key := fmt.Sprint(s.Unit, s.Attrs, s.Start.UnixNano(), s.Step, len(s.Values))
		i, found := groups[key]
		if !found || len(out[i].Lines) == maxTrendLines {
			i = len(out)
			groups[key], words = i, append(words, nil)
			out = append(out, Trend{Check: res.Check, Unit: s.Unit, From: s.Start, Step: s.Step, Format: func(v float64) string { return quantity(v, s.Unit) }})
		}
		out[i].Lines = append(out[i].Lines, trendLine(s))
		words[i] = append(words[i], labelWords(s.Name, s.Unit, s.Attrs))
	}
	for i := range out {
		out[i].name(words[i])
	}
	return out
}

// idle reports whether all that is known of a series is zero: nobody wants to see it.
func idle(s report.Series) bool {
	return slices.ContainsFunc(s.Values, report.Number.Known) && !slices.ContainsFunc(s.Values, func(n report.Number) bool { return n.Known() && n.Float() != 0 })
}

// name labels a trend with the words that all its lines begin with, and these
// with the others.
func (t *Trend) name(words [][]string) {
	n := len(words[0])
	for _, w := range words[1:] {
		same := 0
		for same < min(n, len(w)-1) && w[same] == words[0][same] {
			same++
		}
		n = same
	}
	t.Label = strings.Join(words[0][:n], " ")
	for i, w := range words {
		t.Lines[i].Name = strings.Join(w[n:], " ")
	}
}

func trendLine(s report.Series) TrendLine {
	t := TrendLine{Low: "unknown", High: "unknown", Last: "unknown"}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, n := range s.Values {
		v := n.Float()
		t.Values = append(t.Values, v)
		if !n.Known() {
			t.Missing++
			continue
		}
		t.Known++
		lo, hi = min(lo, v), max(hi, v)
		t.Last = quantity(v, s.Unit)
	}
	if t.Known > 0 {
		t.Low, t.High = quantity(lo, s.Unit), quantity(hi, s.Unit)
	}
	return t
}

// Quantity writes a number for people: "1.5 GiB", "42 %", "3 d 4 h", "12,345".
func Quantity(n report.Number, unit string) string {
	if count, ok := n.Uint(); ok && unit != "bytes" && unit != "seconds" && unit != "ratio" {
		return withUnit(prose.Grouped(strconv.FormatUint(count, 10)), unit)
	}
	return quantity(n.Float(), unit)
}

func quantity(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return "unknown"
	case unit == "bytes":
		return prose.Size(v)
	case unit == "bytes/s" || unit == "bytes_per_second":
		return prose.Size(v) + "/s"
	case unit == "ratio":
		return prose.Decimal(100*v) + " %"
	case unit == "seconds":
		return seconds(v)
	}
	return withUnit(prose.Decimal(v), unit)
}

func withUnit(number, unit string) string { return strings.TrimSpace(number + " " + unit) }

func seconds(v float64) string {
	abs := math.Abs(v)
	switch {
	case abs < 1 && abs > 0:
		return prose.Decimal(v*1e3) + " ms"
	case abs < 120:
		return prose.Decimal(v) + " s"
	case abs < 2*3600:
		return prose.Decimal(math.Round(v/60)) + " min"
	case abs < 48*3600:
		return prose.Decimal(math.Round(v/3600)) + " h"
	}
	return prose.Decimal(math.Round(v/86400)) + " days"
}
