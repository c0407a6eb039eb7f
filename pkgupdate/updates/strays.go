package updates

import (
	"context"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// strays reports what comes from branches in development, as one finding. Without a
// source of which anything is known, nobody knows.
func (c *managerCheck) strays(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) {
	tracer, ok := c.manager.(pkgupdate.Tracer)
	if !ok || len(sources) == 0 {
		return
	}
	of := slices.DeleteFunc(slices.Clone(sources), func(s pkgupdate.Source) bool { return s.Branch == "" })
	a := tracer.Strays(ctx, installed, of)
	if len(of)+len(a.Value) > 0 {
		c.rec.Finding(c.stray(of, a))
	}
	if a.State == pkgupdate.Unknown {
		c.problems(fmt.Errorf("which packages come from a branch in development is not known: %w", a.Reason), c.scope("development"))
		return
	}
	c.rec.Covered(c.scope("development"))
}

// stray names no package as evidence: that one was upgraded is why it is there, and no
// reason to pass over it.
func (c *managerCheck) stray(sources []pkgupdate.Source, a pkgupdate.Answer[[]pkgupdate.Stray]) report.Finding {
	f := report.Finding{Rule: ruleStrays, Subject: report.System.Of(c.info.ID), Scope: c.scope("development")}
	var branches, places, names []string
	for _, s := range sources {
		branches, places = append(branches, s.Branch), append(places, s.ID)
	}
	for _, s := range a.Value {
		branches, names = append(branches, s.Branch), append(names, s.Pkg.Label()+" "+s.Pkg.Version.String())
	}
	f.Title = prose.Count(len(places), "package source") + are(len(places)) + "of a branch in development: " + prose.List(sorted(branches), 3)
	if len(names) > 0 {
		f.Title = prose.Count(len(names), "installed package") + are(len(names)) + "of a branch in development: " + prose.List(sorted(branches), 3)
		f.Detail = "They are " + prose.List(names, maxNames) + ". "
	}
	if len(places) > 0 {
		f.Detail += "The source is " + prose.List(places, 3) + "."
	} else {
		f.Detail += "No source that is configured now is."
	}
	if len(names) == 0 && a.State != pkgupdate.Unknown {
		f.Detail += " No installed package is from there."
	}
	return f
}
