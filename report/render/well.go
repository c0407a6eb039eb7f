package render

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Well says in figures what was looked at: "2,612 files". Zeros and what is not
// known are left out, as is everything of a check that did not answer. What the settings leave out stands last.
func Well(rep *report.Report) []string {
	var out []string
	for _, res := range rep.Results {
		if res.Status == report.OK || res.Status == report.Partial || res.Status == report.NotDue {
			out = append(out, well(res.Metrics)...)
		}
	}
	if len(rep.LeftOut) > 0 {
		out = append(out, "left out by the settings: "+prose.List(rep.LeftOut, mostNames))
	}
	return out
}

// well adds up the counts of one name, which is known if all are.
func well(metrics []report.Metric) []string {
	counts, unknown := map[string]uint64{}, map[string]bool{}
	var first []report.Metric
	for _, m := range metrics {
		if m.Noun == (report.Noun{}) {
			continue
		}
		n, ok := m.Value.Uint()
		if _, seen := counts[m.Name]; !seen {
			first = append(first, m)
		}
		counts[m.Name] += n
		unknown[m.Name] = unknown[m.Name] || !ok
	}
	var out []string
	for _, m := range first {
		switch n := counts[m.Name]; {
		case unknown[m.Name] || n == 0:
		case n == 1:
			out = append(out, "1 "+m.Noun.One)
		default:
			out = append(out, Quantity(report.Count(n), "")+" "+m.Noun.Many)
		}
	}
	return out
}

// String says how many checks were looked at, and how.
func (c Checks) String() string {
	counts := []string{fmt.Sprintf("%d of %s fully looked at", c.Complete, checks(c.All))}
	for _, x := range []struct {
		n    int
		what string
	}{{c.Partly, "in part"}, {c.Failed, "not"}, {c.NotDue, "not due"}, {c.Skipped, "not applicable"}} {
		if x.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return strings.Join(counts, ", ")
}
