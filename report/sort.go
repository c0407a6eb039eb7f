package report

import (
	"cmp"
	"slices"
	"strings"
)

func sortProblems(problems []Problem) {
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Scope, b.Scope), strings.Compare(a.Code, b.Code), strings.Compare(a.Message, b.Message))
	})
}

// sortMetrics orders by name, then by attributes, so that concurrent children
// of a check give the same report.
func sortMetrics(metrics []Metric) {
	slices.SortStableFunc(metrics, func(a, b Metric) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.CompareFunc(a.Attrs, b.Attrs, compareAttr))
	})
}
