package updates

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// pending reports security fixes by source package, and the other updates as
// one finding. What an old index shows is true, but may not be all.
func (c *managerCheck) pending(ctx context.Context, installed []pkgupdate.Package) {
	a := c.rolledBack(c.manager.Pending(ctx))
	list := items(a.Value)
	if c.local = c.fixedLocally(list); len(c.local) > 0 { // what upgrades all would replace it
		c.info.Commands.Upgrade, c.info.Commands.UpgradeAll = nil, nil
	}
	holes := c.advisories(ctx, installed, list)
	var fixes, others []item
	for _, it := range list {
		if named := holes.fixes(it); len(named) > 0 { // also where the manager does not say what it is for
			it.Class, it.Advisories = pkgupdate.Security, sorted(append(slices.Clone(it.Advisories), named...))
		}
		if it.Class == pkgupdate.Security {
			fixes = append(fixes, it)
		} else {
			others = append(others, it)
		}
	}
	seen := c.fixes(fixes, others, a.State != pkgupdate.Unknown)
	c.enter(ctx, fixes, seen, installed, holes, a.State != pkgupdate.Unknown)
	if len(others) > 0 {
		c.rec.Finding(c.ordinary(others, c.late(others, seen)))
	}
	c.sources(a.Value.Sources)
	c.orphans(ctx, installed, a.Value.Sources)
	c.strays(ctx, installed, a.Value.Sources)
	if errors.Is(a.Reason, pkgupdate.ErrBroken) {
		c.rec.Finding(c.unmet())
	}
	if a.State != pkgupdate.Unknown || errors.Is(a.Reason, pkgupdate.ErrBroken) {
		c.rec.Covered(c.scope("dependencies"))
	}
	if !c.complete(a.Reason, a.Value.Sources) {
		return
	}
	if !a.AsOf.IsZero() {
		c.rec.Metric(report.Metric{
			Name: "package_index_age_seconds", Unit: "seconds", Value: report.Measure(c.rec.Now().Sub(a.AsOf).Seconds()), Attrs: c.attrs(),
		})
	}
	if a.State != pkgupdate.Unknown {
		c.count("packages_pending_security", len(fixes))
		c.count("packages_pending_other", len(others))
	}
	c.rec.Covered(c.scope("pending"))
}

// complete records why what is pending is not known, and reports whether some
// of it is: the classes alone may be unknown, or what one source holds. Where no source
// is for security fixes, they come from those of the system.
func (c *managerCheck) complete(reason error, sources []pkgupdate.Source) bool {
	some := true
	apart := slices.ContainsFunc(sources, func(s pkgupdate.Source) bool { return s.Kind == pkgupdate.OfSecurity })
	for _, err := range pkgupdate.Parts(reason) {
		part := ""
		if source := (*pkgupdate.SourceError)(nil); errors.As(err, &source) {
			part = sourceScopes[source.Kind]
			if source.Kind == pkgupdate.OfSystem && !apart {
				part = ""
			}
		}
		if errors.Is(err, pkgupdate.ErrUnclassified) {
			part = "/security"
		}
		if isRecord(err) {
			part = "/records"
		}
		c.rec.Problem(err, c.scope("pending"+part))
		some = some && part != ""
	}
	return some
}

// sourceScopes is what a source that nobody knows leaves unknown; one of an
// unknown kind leaves all.
var sourceScopes = map[pkgupdate.SourceKind]string{
	pkgupdate.OfSystem: "/stable", pkgupdate.OfOthers: "/stable", pkgupdate.OnMedium: "/stable", pkgupdate.OfSecurity: "/security",
}

// A group is what one finding about security fixes is about.
type group struct {
	source string // deb:openssl
	held   bool
}

func (g group) compare(o group) int {
	held := map[bool]int{true: 1}
	return cmp.Or(strings.Compare(g.source, o.source), held[g.held]-held[o.held])
}

// fixes reports security fixes by source package, and keeps since when each update is
// on offer. Unless the list is whole, a fix that it lacks may be pending all the same.
func (c *managerCheck) fixes(list, others []item, whole bool) sightings {
	seen := c.sightings().next(slices.Concat(list, stable(others)), c.rec.Now(), whole)
	if err := c.keptSightings().Keep(c.rec, seen); err != nil {
		c.rec.Problem(err, c.scope("pending/times"))
	}
	groups := map[group][]item{}
	for _, it := range list {
		g := group{it.source, it.Blocked == pkgupdate.Held}
		groups[g] = append(groups[g], it)
	}
	for _, g := range slices.SortedFunc(maps.Keys(groups), group.compare) {
		c.rec.Finding(c.decided(c.security(g, groups[g], seen.first(groups[g])), g, groups[g]))
	}
	return seen
}

// stable gives the other updates keys of their own: one that becomes a security fix is
// on offer as that from then on.
func stable(others []item) []item {
	list := slices.Clone(others)
	for i := range list {
		list[i].id = "stable:" + list[i].id
	}
	return list
}

// late counts the updates that were on offer for longer than was promised, but for those
// that are left out of the usual upgrade.
func (c *managerCheck) late(others []item, seen sightings) (n int) {
	for _, it := range stable(others) {
		if it.Blocked == "" && c.rec.Now().Sub(seen.of[it.id].counted) > c.policy.stable() {
			n++
		}
	}
	return n
}

// left is how long the promise can still be kept.
func (c *managerCheck) left(s sighting) time.Duration {
	return s.counted.Add(c.policy.within()).Sub(c.rec.Now())
}

// urgent reports whether the promise ends before the next run, which may come an
// hour early.
func (c *managerCheck) urgent(s sighting) bool { return c.left(s) < c.every-time.Hour }

// A fault is what is wrong with a source for certain.
type sourceFault struct {
	id, title string
	fix       string // where it is not fetched anew
	is        func(error) bool
}

func isErr(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[E error](err error) bool { return errors.As(err, new(E)) }

// sourceFaults are the worst first. After any other error nobody knows.
var sourceFaults = []sourceFault{
	{"refused", "What was fetched last does not verify for ", "", isErr(pkgupdate.ErrUnverified)},
	{"rolled-back", "The index is older than it was for ", "", as[*pkgupdate.RolledBackError]},
	{"other-release", "The security fixes are those of another release in ", "Configure the security repository of the release that is installed", isErr(pkgupdate.ErrOtherRelease)},
	{"incomplete", "A list of packages is missing for ", "", isErr(pkgupdate.ErrIncomplete)},
	{"never-fetched", "No index was ever fetched for ", "", isErr(pkgupdate.ErrNeverFetched)},
	{"stale", "The index is out of date for ", "", as[*pkgupdate.StaleError]},
}

// sources reports what is wrong with sources: one finding for each cause.
func (c *managerCheck) sources(list []pkgupdate.Source) {
	if len(list) == 0 {
		return
	}
	c.rec.Covered(c.scope("sources"))
	for _, fault := range sourceFaults {
		var of []pkgupdate.Source
		for _, s := range list {
			if s.State == pkgupdate.Unknown && fault.is(s.Err) {
				of = append(of, s)
			}
		}
		if len(of) > 0 {
			c.rec.Finding(c.sourceFault(fault, of))
		}
	}
	for _, s := range list {
		if s.State == pkgupdate.Unknown && !established(s.Err) {
			c.rec.Problem(&pkgupdate.SourceError{ID: s.ID, Kind: s.Kind, Err: s.Err}, c.scope("sources"))
		}
	}
}

func established(err error) bool {
	return slices.ContainsFunc(sourceFaults, func(f sourceFault) bool { return f.is(err) })
}
