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
		return cmp.Or(compareNames(a.Name, b.Name), slices.CompareFunc(a.Attrs, b.Attrs, compareAttr))
	})
	slices.SortStableFunc(res.Series, func(a, b Series) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.CompareFunc(a.Attrs, b.Attrs, compareAttr))
	})
	slices.SortFunc(res.Artifacts, func(a, b Artifact) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Ref, b.Ref))
	})
}

// compareNames puts load_5 before load_15.
func compareNames(a, b string) int {
	stemA, stemB := strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")
	return cmp.Or(strings.Compare(stemA, stemB), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Compare orders changes as a report lists them: by kind, then worst first.
func (a Change) Compare(b Change) int {
	if a.Kind != b.Kind {
		return int(a.Kind) - int(b.Kind)
	}
	if c := compareFinding(a.Finding, b.Finding); c != 0 {
		return c
	}
	return strings.Compare(a.Check, b.Check)
}

// compareFinding orders findings worst first, then by rule, subject and fingerprint.
func compareFinding(a, b Finding) int {
	if a.Severity != b.Severity {
		return int(b.Severity) - int(a.Severity)
	}
	if c := strings.Compare(a.Rule, b.Rule); c != 0 {
		return c
	}
	if c := compareAttr(a.Subject, b.Subject); c != 0 {
		return c
	}
	return strings.Compare(a.Fingerprint, b.Fingerprint)
}
