package merges

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// Files is the checker "pkgupdate.merges".
type Files struct {
	Host   host.Host
	Owners pkgupdate.Attestor // whose a file is; nil: not known
	Dirs   []string           // none: Dirs
}

const (
	name           = "pkgupdate.merges"
	rulePending    = name + ".pending"
	ruleUnfinished = name + ".unfinished"
	scope          = "files"
	maxFiles       = 60 // that are findings of their own
)

// Name returns "pkgupdate.merges".
func (c Files) Name() string { return name }

// Rules lists what Check reports.
func (c Files) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(rulePending, report.Notice, "A configuration file waits to be merged").Text(
			"The maker of the package changed a file that was edited here too. What is in use lacks either the maker's change, which a new version may need, or the own one.",
			"Compare the two, put what is wanted into the file in use, and remove the other."),
		report.Condition.Rule(ruleUnfinished, report.Notice, "An installation that was cut off left a configuration file beside the one in use").Text(
			"The package was unpacked and never configured. It runs, if it does, with the former configuration or without one.",
			"Let the package manager configure what it left; remove the file if it is still there then."),
	)
}

// Check looks for what package managers left beside configuration files.
func (c Files) Check(ctx context.Context, rec *report.Recorder) error {
	list, err := Find(ctx, c.Host, c.Dirs...)
	for _, e := range pkgupdate.Parts(err) {
		rec.Problem(e, scope)
	}
	rec.Metric(report.Metric{Name: "configuration_merges_pending", Value: report.Count(uint64(len(list)))})
	for i, m := range list {
		if i == maxFiles {
			rec.Problem(fmt.Errorf("%d more files wait to be merged", len(list)-maxFiles), scope+"/more")
			break
		}
		t, err := m.Read(ctx, c.Host, c.Owners)
		if err != nil {
			rec.Problem(fmt.Errorf("how %s differs is not known: %w", m.Path, err), scope+"/texts")
		}
		rec.Finding(m.finding(rec, t, err == nil))
	}
	if err == nil && len(list) <= maxFiles {
		rec.Covered(scope)
	}
	return ctx.Err()
}
