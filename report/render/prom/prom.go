// Package prom writes a report in the text format of Prometheus, for the textfile
// collector of node_exporter.
//
//	folder := deliver.Folder{Dir: dir, Formats: []deliver.Format{{Ext: "prom", Write: prom.Write}}}
//
// # Design
//
// A report is told in counts: nobody wants a time series a finding, and a text of
// a finding is no label. The numbers of checks that keep the grammar of a metric
// follow, with "upkeep_" before their names. Each family stands once, with its
// help and type; there are no times, for which the collector refuses the whole
// file; and a number that is not known is left out, as no value stands for that.
package prom

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/form"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

type sample struct {
	labels string
	value  string
}

type family struct {
	name, help string
	samples    []sample
}

// Bounds of what is taken of the numbers of checks.
const (
	maxSamples = 2000
	maxLabel   = 200
)

// Write writes the report. Its text ends with a line end.
func Write(w io.Writer, rep *report.Report) error {
	var b strings.Builder
	for _, f := range append(own(rep), numbers(rep)...) {
		if len(f.samples) == 0 {
			continue
		}
		kind := "gauge"
		if strings.HasSuffix(f.name, "_total") {
			kind = "counter"
		}
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, kind)
		for _, s := range f.samples {
			fmt.Fprintf(&b, "%s%s %s\n", f.name, s.labels, s.value)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write prometheus report: %w", err)
	}
	return nil
}

// own counts what the report holds.
func own(rep *report.Report) []family {
	d := render.NewDigest(rep)
	out := []family{
		{name: "upkeep_last_run_timestamp_seconds", help: "When the last run ended."},
		{name: "upkeep_report_number", help: "Number of the last report.", samples: []sample{{"", strconv.FormatUint(rep.Seq, 10)}}},
		{name: "upkeep_findings_open", help: "Findings that are open, by severity."},
		{name: "upkeep_findings_new", help: "Findings of the last run that were not known before, by severity."},
		{name: "upkeep_check_ok", help: "1 where a check answered in full, was not due, or does not apply."},
		{name: "upkeep_check_seconds", help: "How long a check took."},
		{name: "upkeep_level", help: "The worst that is open and not explained: 0 nothing, 1 info, 2 notice, 3 warning, 4 critical.", samples: []sample{{"", strconv.Itoa(int(d.Level))}}},
	}
	if !rep.Finished.IsZero() {
		out[0].samples = []sample{{"", strconv.FormatInt(rep.Finished.Unix(), 10)}}
	}
	open, fresh := map[report.Severity]int{}, map[report.Severity]int{}
	for _, c := range rep.Changes {
		rank := render.Rank(c.Finding.Severity)
		if c.Kind != report.Fixed && c.Kind != report.Retired {
			open[rank]++
		}
		if c.Kind == report.New {
			fresh[rank]++
		}
	}
	for s := report.Info; s <= report.Critical; s++ {
		l := labels(pair{"severity", s.String()})
		out[2].samples = append(out[2].samples, sample{l, strconv.Itoa(open[s])})
		out[3].samples = append(out[3].samples, sample{l, strconv.Itoa(fresh[s])})
	}
	seen := map[string]bool{}
	for _, res := range rep.Results {
		l := labels(pair{"check", res.Check})
		if seen[l] {
			continue
		}
		seen[l] = true
		ok := "0"
		if res.Status.Complete() {
			ok = "1"
		}
		out[4].samples = append(out[4].samples, sample{l, ok})
		if res.Took > 0 {
			out[5].samples = append(out[5].samples, sample{l, strconv.FormatFloat(res.Took.Round(time.Millisecond).Seconds(), 'g', -1, 64)})
		}
	}
	return out
}

func valid(m report.Metric) bool {
	return form.Metric(m.Name, m.Unit) == nil && !slices.ContainsFunc(m.Attrs, func(a report.Attr) bool { return !a.Key.Labels() })
}

// numbers takes the metrics of checks that keep the grammar, one family a name.
func numbers(rep *report.Report) []family {
	byName := map[string]int{}
	var out []family
	n := 0
	seen := map[string]bool{}
	for _, res := range rep.Results {
		for _, m := range res.Metrics {
			name := "upkeep_" + m.Name
			pairs := []pair{{"check", res.Check}}
			for _, a := range m.Attrs {
				pairs = append(pairs, pair{strings.NewReplacer("-", "_", ".", "_").Replace(string(a.Key)), a.Value})
			}
			l := labels(pairs...)
			if n == maxSamples || !m.Value.Known() || !valid(m) || !distinct(pairs) || seen[name+l] {
				continue
			}
			seen[name+l] = true
			at, ok := byName[name]
			if !ok {
				at = len(out)
				byName[name] = at
				out = append(out, family{name: name, help: "As the check reads it."})
			}
			out[at].samples = append(out[at].samples, sample{l, strconv.FormatFloat(m.Value.Float(), 'g', -1, 64)})
			n++
		}
	}
	slices.SortStableFunc(out, func(a, b family) int { return strings.Compare(a.name, b.name) })
	return out
}

type pair struct{ name, value string }

// distinct reports whether every label has a name, and each its own.
func distinct(pairs []pair) bool {
	seen := map[string]bool{}
	for _, p := range pairs {
		valid := p.name != "" && (p.name[0] < '0' || p.name[0] > '9') && !strings.ContainsFunc(p.name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
		})
		if !valid || seen[p.name] {
			return false
		}
		seen[p.name] = true
	}
	return true
}

// labels writes {name="value"}; of a value what has a meaning is escaped, and
// what is no UTF-8 is spelled out.
func labels(pairs ...pair) string {
	var parts []string
	for _, p := range pairs {
		value := strings.ToValidUTF8(p.value, "\uFFFD")
		if len(value) > maxLabel {
			value = strings.ToValidUTF8(value[:maxLabel], "") + "…"
		}
		value = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\\r`, "\x00", `\\0`).Replace(value)
		parts = append(parts, p.name+`="`+value+`"`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}
