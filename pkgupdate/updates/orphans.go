package updates

import (
	"context"
	"errors"
	"fmt"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

const maxOrphans = 40 // named as evidence

// orphans reports the packages that no source offers any more, as one finding. While
// a source has no list here, each of its packages would be one.
func (c *managerCheck) orphans(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) {
	supporter, ok := c.manager.(pkgupdate.Supporter)
	if !ok {
		return
	}
	for _, s := range sources {
		if s.Err != nil && (errors.Is(s.Err, pkgupdate.ErrNeverFetched) || errors.Is(s.Err, pkgupdate.ErrIncomplete)) {
			c.rec.Problem(fmt.Errorf("which packages no source offers is not known: %w", &pkgupdate.SourceError{ID: s.ID, Kind: s.Kind, Err: s.Err}), c.scope("orphans"))
			return
		}
	}
	a := supporter.Orphans(ctx, installed)
	if len(a.Value) > 0 {
		c.rec.Finding(c.orphaned(a.Value))
	}
	if a.State == pkgupdate.Unknown {
		c.problems(fmt.Errorf("which packages no source offers is not known: %w", a.Reason), c.scope("orphans"))
		return
	}
	c.count("packages_orphaned", len(a.Value))
	c.rec.Covered(c.scope("orphans"))
}

func (c *managerCheck) orphaned(list []pkgupdate.Package) report.Finding {
	names := make([]string, len(list))
	f := report.Finding{
		Rule: ruleOrphans, Subject: report.System.Of(c.info.ID), Scope: c.scope("orphans"),
		Title: prose.Count(len(list), "installed package") + are(len(list)) + "offered by no source any more",
	}
	for i, p := range list {
		names[i] = p.Label() + " " + p.Version.String()
		if i < maxOrphans {
			f.Evidence = append(f.Evidence, packageAttr(p))
		}
	}
	f.Detail = "They are " + prose.List(names, maxNames) + "."
	return f
}
