package updates

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

// An act is one transaction of the manager, as a person is told of it.
type act struct{ pkgupdate.Transaction }

// actPackages are named by one finding, so that what changed with them is
// joined; an act of more has several.
const actPackages = 200

// parts cuts the packages of an act into what one finding names.
func (a act) parts() iter.Seq[[]pkgupdate.Event] { return slices.Chunk(a.Events, actPackages) }

// act is the finding about a part of an act.
func (c *managerCheck) act(a act, part []pkgupdate.Event, now []pkgupdate.Package) report.Finding {
	id := report.Transaction.Of(c.info.Type + ":" + a.ID)
	f := report.Finding{
		Rule: ruleTransaction, Subject: id, Scope: c.scope("changes"), Severity: c.severity(a),
		Title: c.said(a) + a.how(), First: a.Begin, Last: a.Begin, Evidence: []report.Attr{report.AtTime(a.Begin)},
	}
	if !a.End.IsZero() {
		f.Last = a.End
		if !a.End.Equal(a.Begin) {
			f.Evidence = append(f.Evidence, report.AtTime(a.End))
		}
	}
	if a.By != "" {
		f.Evidence = append(f.Evidence, report.User.Of(a.By))
	}
	for _, e := range part {
		f.Evidence = append(f.Evidence, packageAttr(c.packageOf(e, now)))
	}
	if &part[0] != &a.Events[0] {
		f.Identity = []report.Attr{report.Field.Of("from-" + part[0].Name)}
	}
	f.Detail = "Changed: " + prose.List(c.lines(a), maxNames) + "."
	if a.Failed != "" {
		f.Detail += " It failed: " + prose.Clip(a.Failed, 200) + "."
	}
	return f
}

// severity: a version that goes back, and an act that failed, want a look.
func (c *managerCheck) severity(a act) report.Severity {
	if a.Failed != "" {
		return report.Warning
	}
	worst := report.Info
	for _, e := range a.Events {
		switch c.kind(e) {
		case pkgupdate.Downgraded:
			return report.Warning
		case pkgupdate.Removed:
			worst = report.Notice
		}
	}
	return worst
}

// kind says what became of a package, with the order of its versions.
func (c *managerCheck) kind(e pkgupdate.Event) pkgupdate.ChangeKind {
	from, errFrom := version.Parse(c.info.Scheme, e.From)
	to, errTo := version.Parse(c.info.Scheme, e.To)
	if errFrom != nil || errTo != nil {
		return e.Kind()
	}
	switch version.Compare(to, from) {
	case version.Newer:
		return pkgupdate.Upgraded
	case version.Older:
		return pkgupdate.Downgraded
	}
	return e.Kind()
}

// packageOf names the package of an event as the inventory does.
func (c *managerCheck) packageOf(e pkgupdate.Event, now []pkgupdate.Package) pkgupdate.Package {
	p := pkgupdate.Package{Type: c.info.Type, Name: e.Name}
	for _, is := range now {
		if is.Name == e.Name && is.Foreign && is.Arch == e.Arch {
			return is
		}
	}
	return p
}

// said is what was done: "16 packages were upgraded and 3 installed", with their
// names where they are few.
func (c *managerCheck) said(a act) string {
	names := map[pkgupdate.ChangeKind][]string{}
	for _, e := range a.Events {
		k := c.kind(e)
		names[k] = append(names[k], e.Name)
	}
	kinds := []pkgupdate.ChangeKind{pkgupdate.Downgraded, pkgupdate.Removed, pkgupdate.Installed, pkgupdate.Upgraded, pkgupdate.Replaced}
	kinds = slices.DeleteFunc(kinds, func(k pkgupdate.ChangeKind) bool { return names[k] == nil })
	slices.SortStableFunc(kinds, func(x, y pkgupdate.ChangeKind) int { return cmp.Compare(len(names[y]), len(names[x])) })
	if len(kinds) == 1 && len(a.Events) <= 3 {
		verb := " was "
		if len(a.Events) > 1 {
			verb = " were "
		}
		return prose.List(names[kinds[0]], 3) + verb + kinds[0].String()
	}
	var parts []string
	for i, k := range kinds {
		if i == 0 {
			verb := " were "
			if len(names[k]) == 1 {
				verb = " was "
			}
			parts = append(parts, prose.Count(len(names[k]), "package")+verb+k.String())
			continue
		}
		parts = append(parts, fmt.Sprintf("%d %s", len(names[k]), k))
	}
	return prose.List(parts, len(parts))
}

// how says by what command, and who asked for it.
func (a act) how() string {
	var text string
	if a.Command != "" {
		text = " by " + prose.Clip(strings.Join(strings.Fields(a.Command), " "), 100)
	}
	if a.By != "" {
		text += ", asked for by " + prose.Clip(a.By, 40)
	}
	if a.Failed != "" {
		text += ", which failed"
	}
	return text
}

// lines gives each package with its versions.
func (c *managerCheck) lines(a act) []string {
	out := make([]string, len(a.Events))
	for i, e := range a.Events {
		switch c.kind(e) {
		case pkgupdate.Installed:
			out[i] = e.Name + " " + e.To
		case pkgupdate.Removed:
			out[i] = e.Name + " " + e.From + " (removed)"
		default:
			out[i] = e.Name + " " + e.From + " → " + e.To
		}
	}
	return out
}
