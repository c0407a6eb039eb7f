package report

import (
	"cmp"
	"slices"
	"strings"
)

// sortResult puts everything in an order that does not depend on which of a
// check's goroutines was first, so that the same world gives the same bytes.
func sortResult(res *Result) {
	slices.SortFunc(res.Findings, compareFinding)
	slices.Sort(res.Covered)
	res.Covered = slices.Compact(res.Covered)
	slices.SortFunc(res.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Scope, b.Scope), strings.Compare(a.Code, b.Code), strings.Compare(a.Message, b.Message))
	})
	slices.SortStableFunc(res.Metrics, func(a, b Metric) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.CompareFunc(a.Attrs, b.Attrs, compareAttr))
	})
	slices.SortStableFunc(res.Series, func(a, b Series) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.CompareFunc(a.Attrs, b.Attrs, compareAttr))
	})
	slices.SortFunc(res.Artifacts, func(a, b Artifact) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Ref, b.Ref))
	})
}
