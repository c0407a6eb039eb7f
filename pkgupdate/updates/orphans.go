package updates

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

const maxOrphans = 40 // named as evidence

// orphans reports the packages that no source offers, as one finding, and those of them
// that came since the last run. While a source has no list here, each of its packages
// would be one.
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
	if came := slices.DeleteFunc(slices.Clone(a.Value), func(p pkgupdate.Package) bool { return !c.came[p.ID()] }); len(came) > 0 {
		c.rec.Finding(c.cameOrphaned(came))
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
		Title: prose.Count(len(list), "installed package") + are(len(list)) + "offered by no source",
	}
	for i, p := range list {
		names[i] = p.Label() + " " + p.Version.String()
		if i < maxOrphans {
			f.Evidence = append(f.Evidence, packageAttr(p))
		}
	}
	f.Detail = theyAre(names)
	return f
}

// cameOrphaned is the event that packages were installed which nobody offers. They are
// named by their versions, so that none is the cause of what it brought.
func (c *managerCheck) cameOrphaned(list []pkgupdate.Package) report.Finding {
	names := make([]string, len(list))
	sum := sha256.New()
	for i, p := range list {
		names[i] = p.Label() + " " + p.Version.String()
		fmt.Fprintln(sum, names[i])
	}
	return report.Finding{
		Rule: ruleStrange, Subject: report.System.Of(c.info.ID), Scope: c.scope("orphans"),
		Identity: []report.Attr{report.Digest.Of("sha256:" + hex.EncodeToString(sum.Sum(nil)))},
		Title:    prose.Count(len(list), "package") + " that no source offers " + was(len(list)) + " installed: " + prose.List(names, 3),
		Detail:   theyAre(names) + " What a package brings and its scripts do, is done as root: nobody but who made it answers for it.",
	}
}

func theyAre(names []string) string {
	if len(names) == 1 {
		return "It is " + names[0] + "."
	}
	return "They are " + prose.List(names, maxNames) + "."
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
