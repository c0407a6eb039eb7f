package pkgupdate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
)

// pending reports security fixes by source package, and the other updates as
// one finding. What an old index shows is true, but may not be all.
func (c *managerCheck) pending(ctx context.Context) {
	a := c.manager.Pending(ctx)
	security := map[group][]Upgrade{}
	var others []Upgrade
	fixes := 0
	for _, u := range a.Value {
		switch {
		case u.Class == Security:
			g := group{u.Pkg.Version.Scheme().String() + ":" + u.Pkg.SourceName(), u.Blocked == Held}
			security[g] = append(security[g], u)
			fixes++
		case !u.From.IsZero():
			others = append(others, u)
		}
	}
	for _, g := range slices.SortedFunc(maps.Keys(security), group.compare) {
		c.rec.Finding(c.security(g, security[g]))
	}
	if len(others) > 0 {
		c.rec.Finding(c.ordinary(others))
	}
	if errors.Is(a.Reason, ErrBroken) {
		c.rec.Finding(c.unmet())
	}
	if a.State != Unknown || errors.Is(a.Reason, ErrBroken) {
		c.rec.Covered(c.scope("dependencies"))
	}
	if a.State == Unknown {
		c.problems(a.Reason, c.scope("pending"))
		return
	}
	if !a.AsOf.IsZero() {
		c.rec.Metric(report.Metric{
			Name: "package_index_age_seconds", Unit: "seconds", Value: report.Measure(c.rec.Now().Sub(a.AsOf).Seconds()), Attrs: c.attrs(),
		})
	}
	c.count("packages_pending_security", fixes)
	c.count("packages_pending_other", len(others))
	c.rec.Covered(c.scope("pending"))
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

const maxNames = 12 // of packages in one finding

func (c *managerCheck) security(g group, list []Upgrade) report.Finding {
	_, source, _ := strings.Cut(g.source, ":")
	names := upgradeNames(list)
	first := list[0]
	f := report.Finding{
		Rule: ruleSecurity, Subject: report.Attr{Key: report.Package, Value: g.source}, Scope: c.scope("pending/security"),
		Title: fmt.Sprintf("Security update of %s is pending: %s to %s", source, first.From, first.To),
		Detail: fmt.Sprintf("It changes %s: %s. It is offered by %s.",
			plural(len(list), "package"), shortList(names, maxNames), cmp.Or(shortList(origins(list), 3), "the security repository")),
		Fix:      "Run: " + c.upgradeSome(names),
		Evidence: upgradeEvidence(list),
	}
	switch {
	case g.held:
		f.Rule = ruleHeld
		f.Title = fmt.Sprintf("Security update of %s is on hold: %s is installed, %s has the fix", source, first.From, first.To)
		f.Fix = fmt.Sprintf("Find out why it is held; to release it run: %s %s; then: %s",
			c.info.Commands.Unhold, strings.Join(names, " "), c.upgradeSome(names))
	case slices.ContainsFunc(list, func(u Upgrade) bool { return u.Blocked == KeptBack }):
		f.Detail += " The usual upgrade leaves it out: it needs a removal, is rolled out in phases, or is pinned."
		f.Fix = "See what it would remove, then run: " + c.info.Commands.UpgradeAll
	}
	return f
}

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
		Title:  plural(len(list), "stable update") + " pending",
		Detail: "They are " + shortList(upgradeNames(list), maxNames) + ".",
		Fix:    "Run: " + c.info.Commands.Upgrade,
	}
	if unclassified > 0 {
		f.Title = plural(len(list), "update") + " pending; which of them are security fixes is not known"
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
	for _, o := range origins(list) {
		add(report.Attr{Key: report.Repository, Value: o})
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

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
