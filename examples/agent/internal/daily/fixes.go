package daily

import (
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/report"
)

// PackagesOf gives the labels of a finding's packages of a manager.
func PackagesOf(f report.Finding, info pkgupdate.Info) []string {
	var labels []string
	for _, a := range f.Evidence {
		if label, ok := strings.CutPrefix(a.Value, info.Type+":"); ok && a.Key == report.Package && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// Together gives the labels of all findings' packages of a manager; apart: it does not
// have one of each.
func Together(list []report.Finding, info pkgupdate.Info) (labels []string, apart bool) {
	for _, f := range list {
		own := PackagesOf(f, info)
		labels, apart = append(labels, own...), apart || len(own) == 0
	}
	return labels, apart
}

// FixesAll reports whether a plan can be carried out and does something for each finding.
func FixesAll(plan apply.Plan, list []report.Finding, info pkgupdate.Info) bool {
	lacks := func(f report.Finding) bool {
		labels := PackagesOf(f, info)
		return !slices.ContainsFunc(plan.Steps, func(s apply.Step) bool {
			return slices.Contains(labels, s.Name) || slices.Contains(labels, s.Name+":"+s.Arch)
		})
	}
	return len(plan.Problems) == 0 && !slices.ContainsFunc(list, lacks)
}
