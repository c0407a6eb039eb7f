package updates

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

// A batch is what happened to packages of one source together.
type batch struct {
	kind    pkgupdate.ChangeKind
	source  string          // deb:openssl
	version version.Version // of the source; of a removed one, the last
	list    []pkgupdate.Change
}

// batches puts together the changes of one kind to one version of a source,
// the gravest kinds first.
func batches(list []pkgupdate.Change) []batch {
	type key struct {
		kind            pkgupdate.ChangeKind
		source, version string
	}
	var out []batch
	at := map[key]int{}
	for _, ch := range list {
		k := key{ch.Kind, ch.Pkg.SourceID(), sourceVersion(ch.Pkg).String()}
		i, ok := at[k]
		if !ok {
			i, at[k] = len(out), len(out)
			out = append(out, batch{kind: ch.Kind, source: k.source, version: sourceVersion(ch.Pkg)})
		}
		out[i].list = append(out[i].list, ch)
	}
	slices.SortStableFunc(out, func(a, b batch) int {
		return cmp.Or(cmp.Compare(gravity[b.kind], gravity[a.kind]), strings.Compare(a.source, b.source))
	})
	return out
}

// sourceVersion returns the version of the source package.
func sourceVersion(p pkgupdate.Package) version.Version {
	if p.SourceVersion.IsZero() {
		return p.Version
	}
	return p.SourceVersion
}

// gravity orders the kinds, so that a bound leaves out the most usual ones.
var gravity = map[pkgupdate.ChangeKind]int{pkgupdate.Downgraded: 4, pkgupdate.Removed: 3, pkgupdate.Installed: 2, pkgupdate.Replaced: 1, pkgupdate.Upgraded: 0}

// names gives the names of the packages, as a person types them.
func (b batch) names() []string {
	names := make([]string, len(b.list))
	for i, ch := range b.list {
		names[i] = ch.Pkg.Label()
	}
	return names
}

// title is one sentence: "openssl (2 packages) was upgraded from 1 to 2".
func (b batch) title() string {
	first := b.list[0]
	if len(b.list) == 1 {
		return changeLine(first)
	}
	_, source, _ := strings.Cut(b.source, ":")
	source += " (" + prose.Count(len(b.list), "package") + ")"
	switch {
	case b.kind == pkgupdate.Installed || b.kind == pkgupdate.Removed:
		return fmt.Sprintf("%s %s was %s", source, b.version, b.kind)
	case b.alike():
		return fmt.Sprintf("%s was %s from %s to %s", source, b.kind, first.From, first.To)
	}
	return fmt.Sprintf("%s was %s to %s", source, b.kind, b.version)
}

// alike reports whether all packages went from one version to one other.
func (b batch) alike() bool {
	return !slices.ContainsFunc(b.list, func(ch pkgupdate.Change) bool {
		return ch.From.String() != b.list[0].From.String() || ch.To.String() != b.list[0].To.String()
	})
}

const maxPackages = 40 // named as evidence, of the report's 64 attributes

// evidence names the packages, since their files changed with them, and the
// first of their versions.
func (b batch) evidence() []report.Attr {
	var attrs []report.Attr
	add := func(a report.Attr) {
		if !slices.Contains(attrs, a) {
			attrs = append(attrs, a)
		}
	}
	for _, ch := range b.list[:min(len(b.list), maxPackages)] {
		add(packageAttr(ch.Pkg))
	}
	for _, ch := range b.list[:min(len(b.list), maxVersions)] {
		if !ch.From.IsZero() {
			add(report.Attr{Key: report.Was, Value: "version=" + ch.From.String()})
		}
		if !ch.To.IsZero() {
			add(report.Attr{Key: report.Now, Value: "version=" + ch.To.String()})
		}
	}
	return attrs
}

const maxVersions = 8 // packages whose versions are evidence

// changeLine is one sentence about one package.
func changeLine(ch pkgupdate.Change) string {
	name := ch.Pkg.Label()
	switch ch.Kind {
	case pkgupdate.Installed:
		return fmt.Sprintf("%s %s was installed", name, ch.To)
	case pkgupdate.Removed:
		return fmt.Sprintf("%s %s was removed", name, ch.From)
	}
	return fmt.Sprintf("%s was %s from %s to %s", name, ch.Kind, ch.From, ch.To)
}
