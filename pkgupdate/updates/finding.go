package updates

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

const maxNames = 12 // of packages in one finding

// unmet is the finding that the manager refuses to plan anything.
func (c *managerCheck) unmet() report.Finding {
	return report.Finding{
		Rule: ruleUnmet, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("dependencies"),
		Remedy: remedy(c.info.Commands.Repair),
	}
}

func (c *managerCheck) security(g group, list []item, first sighting) report.Finding {
	it := list[0]
	source := sourceText(g.source, labels(list))
	pending := "is pending"
	switch left := c.left(first); {
	case left < 0:
		pending = "has been pending for more than " + c.promise()
	case c.urgent(first):
		pending = "is to be installed within " + prose.Duration(left)
	}
	f := report.Finding{
		Rule: ruleSecurity, Subject: report.Attr{Key: report.Package, Value: g.source}, Scope: c.scope("pending/security"),
		Title:    fmt.Sprintf("Security update of %s %s%s", source, pending, it.difference()),
		Detail:   c.securityDetail(list, first),
		Evidence: evidence(list),
	}
	var named []string
	for _, it := range list {
		named = append(named, it.Advisories...)
	}
	f.Evidence = append(f.Evidence, advisoryAttrs(sorted(named))...)
	if g.held {
		f.Rule = ruleHeld
		f.Title = fmt.Sprintf("Security update of %s is on hold: %s is installed, %s has the fix", source, it.from, cmp.Or(it.to, "another version"))
	}
	f.Fix, f.Remedy = c.way(list)
	if c.urgent(first) {
		f.Severity = report.Critical
		f.Detail += " A security fix is to be installed within " + c.promise() + ", or a work-around put on record."
	}
	return f
}

// promise is within what time a security fix is to be installed, in words.
func (c *managerCheck) promise() string {
	if c.policy.within() == 24*time.Hour {
		return "one day"
	}
	return prose.Duration(c.policy.within())
}

// difference is the end of a title: ": 1.0 to 1.1".
func (it item) difference() string {
	switch {
	case it.title != "":
		return ": " + it.title
	case it.from == "" && it.to == "":
		return ""
	case it.from == "":
		return ": " + it.to
	}
	return ": " + it.from + " to " + cmp.Or(it.to, "a version that is not known")
}

func (c *managerCheck) securityDetail(list []item, first sighting) string {
	var changes, origins, advisories []string
	for _, it := range list {
		changes, origins, advisories = append(changes, it.changes...), append(origins, it.origins...), append(advisories, it.Advisories...)
	}
	detail := fmt.Sprintf("It has been on offer since %s or longer, from %s.",
		prose.Time(first.offered, nil), cmp.Or(prose.List(sorted(origins), 3), "the security repository"))
	if len(changes) > 0 {
		detail = fmt.Sprintf("It changes %s: %s. %s", prose.Count(len(changes), "package"), prose.List(changes, maxNames), detail)
	}
	if len(advisories) > 0 {
		detail += " It fixes " + prose.List(sorted(advisories), maxNames) + "."
	}
	if reasons := blocks(list); len(reasons) > 0 {
		detail += " The usual upgrade leaves it out: " + prose.List(reasons, maxNames) + "."
	}
	return detail
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// blocks gives why the items are left out, each reason once.
func blocks(list []item) []string {
	var out []string
	for _, it := range list {
		if it.Blocked != "" {
			out = append(out, string(it.Blocked))
		}
	}
	return sorted(out)
}

// sourceText names a source package, and its only binary where that has
// another name: linux may be no more than linux-libc-dev.
func sourceText(id string, names []string) string {
	_, source, _ := strings.Cut(id, ":")
	if len(names) == 1 && names[0] != source {
		return source + " (" + names[0] + ")"
	}
	return source
}

// way says how to install the fixes of one group, by what is in the way; "": nothing is,
// and the rule says it. The commands stand for themselves.
func (c *managerCheck) way(list []item) (fix string, way *report.Remedy) {
	commands := c.info.Commands
	do := c.install(list)
	switch pkgupdate.Block(strings.Join(blocks(list), ", ")) {
	case "":
		return "", remedy(do)
	case pkgupdate.KeptBack:
		return "Find out why it is left out; then install it", remedy(do)
	case pkgupdate.Held:
		unhold := follow(commands.Unhold, labels(list))
		if unhold == nil && do != nil {
			return "Find out why it is held, and release it by hand; then install it", nil
		}
		if do != nil {
			do = append([][]string{unhold}, do...)
		}
		return "Find out why it is held; to have the fix, release it and install it", remedy(do)
	case pkgupdate.NeedsRemoval:
		return "See what it would remove; then upgrade all", remedy(commands.UpgradeAll)
	case pkgupdate.Pinned:
		if slices.ContainsFunc(list, func(it item) bool { return it.Remedy == nil }) {
			return byHand, nil
		}
		return "A preference of the administrator chooses another version; the fix can be had all the same", remedy(do)
	case pkgupdate.Phased:
		return "It reaches this system by itself in some days, and can be had now", remedy(do)
	}
	return byHand, nil
}

const byHand = "Remove what is in the way by hand, or put a work-around on record"

// install gives the commands that install the items: their own ones where they
// have any, by name where these are few.
func (c *managerCheck) install(list []item) [][]string {
	var own [][]string
	var others []string
	for _, it := range list {
		if it.Remedy == nil {
			others = append(others, it.label)
			continue
		}
		own = append(own, it.Remedy.Do...)
	}
	switch some := follow(c.info.Commands.UpgradeSome, others); {
	case len(others) == 0:
		return own
	case len(c.local) == 0 && len(list) > maxNames, some == nil && len(own) == 0:
		return c.info.Commands.Upgrade
	case some == nil:
		return own
	default:
		return append(own, some)
	}
}

// usual gives the command that takes the updates: where the usual upgrade would replace what
// was fixed locally, one that names the others.
func (c *managerCheck) usual(list []item) [][]string {
	if len(c.local) == 0 {
		return c.info.Commands.Upgrade
	}
	return c.install(slices.DeleteFunc(slices.Clone(list), func(it item) bool { return it.Blocked != "" || slices.Contains(c.local, it.label) }))
}

// follow puts labels behind a command. One that a program would take for an
// option is given to none.
func follow(command, labels []string) []string {
	hostile := func(label string) bool { return label == "" || strings.HasPrefix(label, "-") }
	if command == nil || slices.ContainsFunc(labels, hostile) {
		return nil
	}
	return append(slices.Clone(command), labels...)
}

func remedy(do [][]string) *report.Remedy {
	if len(do) == 0 || slices.ContainsFunc(do, func(c []string) bool { return len(c) == 0 }) {
		return nil
	}
	return &report.Remedy{Do: do}
}

// ordinary is the one finding about all other updates, of which some are late. Its
// identity and evidence are the same from day to day; the list is an artifact.
func (c *managerCheck) ordinary(list []item, late int) report.Finding {
	var text strings.Builder
	blocked, unclassified := 0, 0
	for _, it := range list {
		fmt.Fprintln(&text, it.line())
		if it.Blocked != "" {
			blocked++
		}
		if it.Class == pkgupdate.Unclassified {
			unclassified++
		}
	}
	f := report.Finding{
		Rule: ruleOrdinary, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("pending/stable"),
		Title:  prose.Count(len(list), "stable update") + are(len(list)) + "pending",
		Detail: "They are " + prose.List(labels(list), maxNames) + ".",
		Remedy: remedy(c.usual(list)),
	}
	if len(c.local) > 0 {
		f.Detail += " The usual upgrade would replace " + prose.List(c.local, maxNames) + ", which has its fix by a build of your own."
	}
	switch {
	case unclassified == len(list):
		f.Title = prose.Count(len(list), "update") + are(len(list)) + "pending; which of them are security fixes is not known"
	case unclassified > 0:
		f.Detail += fmt.Sprintf(" Of %d of them their source does not say whether they are security fixes.", unclassified)
	}
	if blocked > 0 {
		f.Detail += fmt.Sprintf(" %d of them are held or kept back, and the usual upgrade leaves these out.", blocked)
	}
	if late > 0 {
		f.Severity = report.Warning
		f.Title += fmt.Sprintf("; %d of them for more than %s", late, prose.Duration(c.policy.stable()))
	}
	if ref := c.rec.Artifact("pending-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String())); ref != "" {
		f.Artifacts = []string{ref}
	}
	return f
}

// sourceFault is the finding about the sources with one fault.
func (c *managerCheck) sourceFault(fault sourceFault, list []pkgupdate.Source) report.Finding {
	lines := make([]string, len(list))
	for i, s := range list {
		lines[i] = fmt.Sprintf("%s: %v", s.ID, s.Err)
	}
	do := c.info.Commands.Refresh
	if fault.fix != "" {
		do = nil
	}
	return report.Finding{
		Rule: ruleSource, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("sources"),
		Identity: []report.Attr{{Key: report.Field, Value: fault.id}},
		Title:    fault.title + prose.Count(len(list), "package source"),
		Detail:   prose.List(lines, maxNames) + ".",
		Fix:      fault.fix, Remedy: remedy(do),
	}
}

// evidence is that of the first items, each attribute once.
func evidence(list []item) []report.Attr {
	var attrs []report.Attr
	for _, it := range list[:min(len(list), maxNames)] {
		for _, a := range it.evidence {
			if !slices.Contains(attrs, a) {
				attrs = append(attrs, a)
			}
		}
	}
	return attrs
}

func are(n int) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

func (c *managerCheck) fault(f pkgupdate.Fault) report.Finding {
	find := report.Finding{
		Rule: ruleInterrupted, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("broken"),
		Title:  fmt.Sprintf("An earlier run of %s did not end: %s", c.info.ID, f.What),
		Remedy: remedy(c.info.Commands.Repair),
	}
	if f.Pkg.Name != "" {
		find.Rule, find.Subject = ruleBroken, packageAttr(f.Pkg)
		find.Title = fmt.Sprintf("Package %s is not properly installed: %s", f.Pkg.Name, f.What)
	}
	return find
}

// packageAttr is p as an attribute of a report.
func packageAttr(p pkgupdate.Package) report.Attr {
	return report.Attr{Key: report.Package, Value: p.ID()}
}

// versionAttr is v as an attribute of a report; ok is false when v is zero.
func versionAttr(v version.Version) (a report.Attr, ok bool) {
	return report.Attr{Key: report.Version, Value: v.Scheme().String() + ":" + v.String()}, !v.IsZero()
}
