package pkgupdate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// pending reports security fixes by source package, and the other updates as
// one finding. What an old index shows is true, but may not be all.
func (c *managerCheck) pending(ctx context.Context) {
	a := c.manager.Pending(ctx)
	var fixes, others []Upgrade
	for _, u := range a.Value {
		switch {
		case u.From.IsZero(): // a new package comes with the upgrade that needs it
		case u.Class == Security:
			fixes = append(fixes, u)
		default:
			others = append(others, u)
		}
	}
	c.fixes(fixes, a.State != Unknown)
	if len(others) > 0 {
		c.rec.Finding(c.ordinary(others))
	}
	if errors.Is(a.Reason, ErrBroken) {
		c.rec.Finding(c.unmet())
	}
	if a.State != Unknown || errors.Is(a.Reason, ErrBroken) {
		c.rec.Covered(c.scope("dependencies"))
	}
	if !c.complete(a.Reason) {
		return
	}
	if !a.AsOf.IsZero() {
		c.rec.Metric(report.Metric{
			Name: "package_index_age_seconds", Unit: "seconds", Value: report.Measure(c.rec.Now().Sub(a.AsOf).Seconds()), Attrs: c.attrs(),
		})
	}
	if a.State != Unknown {
		c.count("packages_pending_security", len(fixes))
		c.count("packages_pending_other", len(others))
	}
	c.rec.Covered(c.scope("pending"))
}

// complete records why a list of upgrades is not known, and reports whether it
// lacks none: it may be that only their classes are not known.
func (c *managerCheck) complete(reason error) bool {
	all := true
	for _, err := range parts(reason) {
		if errors.Is(err, ErrUnclassified) {
			c.rec.Problem(err, c.scope("pending/security"))
			continue
		}
		c.rec.Problem(err, c.scope("pending"))
		all = false
	}
	return all
}

// fixes reports security fixes by source package. Unless the list is whole, a
// fix that it lacks may be pending all the same.
func (c *managerCheck) fixes(list []Upgrade, whole bool) {
	seen := c.sightings().next(list, c.rec.Now(), whole)
	c.rec.Keep(c.sightingsName(), seen.encode())
	groups := map[group][]Upgrade{}
	for _, u := range list {
		g := group{u.Pkg.sourceID(), u.Blocked == Held}
		groups[g] = append(groups[g], u)
	}
	for _, g := range slices.SortedFunc(maps.Keys(groups), group.compare) {
		c.rec.Finding(c.security(g, groups[g], seen.first(groups[g])))
	}
}

// unmet is the finding that the manager refuses to plan anything.
func (c *managerCheck) unmet() report.Finding {
	return report.Finding{
		Rule: ruleUnmet, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("dependencies"),
		Fix: "Run: " + c.info.Commands.Repair,
	}
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

const (
	maxNames = 12             // of packages in one finding
	promised = 24 * time.Hour // within which a security fix is installed
)

func (c *managerCheck) security(g group, list []Upgrade, first sighting) report.Finding {
	names := upgradeNames(list)
	source, u := sourceText(g.source, names), list[0]
	pending := "is pending"
	if c.overdue(first) {
		pending = "has been pending for more than one day"
	}
	f := report.Finding{
		Rule: ruleSecurity, Subject: report.Attr{Key: report.Package, Value: g.source}, Scope: c.scope("pending/security"),
		Title: fmt.Sprintf("Security update of %s %s: %s to %s", source, pending, u.From, u.To),
		Detail: fmt.Sprintf("It changes %s: %s. It has been on offer since %s or longer, from %s.",
			plural(len(list), "package"), shortList(names, maxNames), minute(first.offered), cmp.Or(shortList(origins(list), 3), "the security repository")),
		Fix:      "Run: " + c.upgradeSome(names),
		Evidence: upgradeEvidence(list),
	}
	switch {
	case g.held:
		f.Rule = ruleHeld
		f.Title = fmt.Sprintf("Security update of %s is on hold: %s is installed, %s has the fix", source, u.From, u.To)
		f.Fix = fmt.Sprintf("Find out why it is held; to release it run: %s %s; then: %s",
			c.info.Commands.Unhold, strings.Join(names, " "), c.upgradeSome(names))
	case slices.ContainsFunc(list, func(u Upgrade) bool { return u.Blocked == KeptBack }):
		f.Detail += " The usual upgrade leaves it out: it needs a removal, is rolled out in phases, or is pinned."
		f.Fix = "See what it would remove, then run: " + c.info.Commands.UpgradeAll
	}
	if c.overdue(first) {
		f.Severity = report.Critical
		f.Detail += " A security fix is to be installed within one day, or a work-around put on record."
	}
	return f
}

func (c *managerCheck) overdue(s sighting) bool { return c.rec.Now().Sub(s.counted) > promised }

// sourceText names a source package, and its only binary where that has
// another name: linux may be no more than linux-libc-dev.
func sourceText(id string, names []string) string {
	_, source, _ := strings.Cut(id, ":")
	if len(names) == 1 && names[0] != source {
		return source + " (" + names[0] + ")"
	}
	return source
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (c *managerCheck) upgradeSome(names []string) string {
	if len(names) > maxNames {
		return c.info.Commands.Upgrade
	}
	return c.info.Commands.UpgradeSome + " " + strings.Join(names, " ")
}

// ordinary is the one finding about all other updates. Its identity and
// evidence are the same from day to day; the list is an artifact.
func (c *managerCheck) ordinary(list []Upgrade) report.Finding {
	var text strings.Builder
	blocked, unclassified := 0, 0
	for _, u := range list {
		fmt.Fprintln(&text, upgradeLine(u))
		if u.Blocked != "" {
			blocked++
		}
		if u.Class == Unclassified {
			unclassified++
		}
	}
	f := report.Finding{
		Rule: ruleOrdinary, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("pending/stable"),
		Title:  plural(len(list), "stable update") + are(len(list)) + "pending",
		Detail: "They are " + shortList(upgradeNames(list), maxNames) + ".",
		Fix:    "Run: " + c.info.Commands.Upgrade,
	}
	if unclassified > 0 {
		f.Title = plural(len(list), "update") + are(len(list)) + "pending; which of them are security fixes is not known"
	}
	if blocked > 0 {
		f.Detail += fmt.Sprintf(" %d of them are held or kept back, and the usual upgrade leaves these out.", blocked)
	}
	if ref := c.rec.Artifact("pending-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String())); ref != "" {
		f.Artifacts = []string{ref}
	}
	return f
}

func upgradeLine(u Upgrade) string {
	line := upgradeName(u) + " " + u.From.String()
	if !u.To.IsZero() {
		line += " -> " + u.To.String()
	}
	if len(u.Origins) > 0 {
		line += " from " + strings.Join(u.Origins, ", ")
	}
	if u.Blocked != "" {
		line += " (" + u.Blocked + ")"
	}
	return line
}

// upgradeName is the name that a person gives to the manager.
func upgradeName(u Upgrade) string {
	if u.Pkg.Foreign {
		return u.Pkg.Name + ":" + u.Pkg.Arch
	}
	return u.Pkg.Name
}

func upgradeNames(list []Upgrade) []string {
	names := make([]string, len(list))
	for i, u := range list {
		names[i] = upgradeName(u)
	}
	return names
}

func origins(list []Upgrade) []string {
	var out []string
	for _, u := range list {
		out = append(out, u.Origins...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// upgradeEvidence leaves out the repositories: their names change at each point
// release, and they are not known while apt-get refuses to plan.
func upgradeEvidence(list []Upgrade) []report.Attr {
	var attrs []report.Attr
	add := func(a report.Attr) {
		if a.Value != "" && !slices.Contains(attrs, a) {
			attrs = append(attrs, a)
		}
	}
	for _, u := range list[:min(len(list), maxNames)] {
		add(packageAttr(u.Pkg))
		add(report.Attr{Key: report.Was, Value: "version=" + u.From.String()})
		if v, ok := versionAttr(u.To); ok {
			add(report.Attr{Key: report.Now, Value: "version=" + u.To.String()})
			add(v)
		}
	}
	return attrs
}

// shortList joins at most n names and counts the rest.
func shortList(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

func are(n int) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
