package pkgupdate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A ChangeKind says what became of a package. The zero value is invalid.
type ChangeKind uint8

// The kinds of a Change.
const (
	Installed ChangeKind = iota + 1
	Removed
	Upgraded
	Downgraded
	Replaced // by another version, where the scheme has no order
)

// String gives the participle: "upgraded".
func (k ChangeKind) String() string {
	names := [...]string{"", "installed", "removed", "upgraded", "downgraded", "replaced"}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

// A Change is the difference of one package between two inventories.
type Change struct {
	Kind ChangeKind
	Pkg  Package         // as it is now; as it was, when it was removed
	From version.Version // zero when it was installed
	To   version.Version // zero when it was removed
}

// Diff lists what changed from the old inventory to the new one, by name and
// architecture. A package that changed between "all" and the system's own
// architecture is the same package. Where several versions are installed side
// by side, each is installed or removed by itself.
func Diff(old, now []Package) []Change {
	before, after := byKey(old), byKey(now)
	var list []Change
	for k, was := range before {
		list = append(list, diffOne(was, after[k])...)
	}
	for k, is := range after {
		if _, known := before[k]; !known {
			list = append(list, diffOne(nil, is)...)
		}
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Pkg.Name, b.Pkg.Name), strings.Compare(a.Pkg.Arch, b.Pkg.Arch),
			cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Pkg.Version.String(), b.Pkg.Version.String()))
	})
	return list
}

type packageKey struct{ name, arch string }

func byKey(list []Package) map[packageKey][]Package {
	m := map[packageKey][]Package{}
	for _, p := range list {
		k := packageKey{name: p.Name}
		if p.Foreign {
			k.arch = p.Arch
		}
		m[k] = append(m[k], p)
	}
	return m
}

// diffOne compares the versions of one package.
func diffOne(was, is []Package) []Change {
	gone, come := without(was, is), without(is, was)
	if len(gone) == 1 && len(come) == 1 {
		return []Change{{Kind: kindOf(gone[0], come[0]), Pkg: come[0], From: gone[0].Version, To: come[0].Version}}
	}
	var list []Change
	for _, p := range gone {
		list = append(list, Change{Kind: Removed, Pkg: p, From: p.Version})
	}
	for _, p := range come {
		list = append(list, Change{Kind: Installed, Pkg: p, To: p.Version})
	}
	return list
}

// without gives the packages of list whose version is not in others.
func without(list, others []Package) []Package {
	var out []Package
	for _, p := range list {
		if !slices.ContainsFunc(others, func(o Package) bool { return o.Version.String() == p.Version.String() }) {
			out = append(out, p)
		}
	}
	return out
}

func kindOf(was, is Package) ChangeKind {
	switch version.Compare(is.Version, was.Version) {
	case version.Newer:
		return Upgraded
	case version.Older:
		return Downgraded
	}
	return Replaced
}
