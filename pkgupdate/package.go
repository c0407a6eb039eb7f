package pkgupdate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A Package is one installed package. Name and Arch tell it from others.
type Package struct {
	Type          string // of Info: the manager's own space of names
	Name          string
	Arch          string          // as the manager names it; "" where it has none
	Foreign       bool            // Arch is neither the system's own nor for all
	Version       version.Version // zero where the manager does not tell
	Source        string          // source package; "" when the same as Name
	SourceVersion version.Version // zero when the same as Version
	Held          bool            // a person forbade its change
	Fault         string          // why it is not properly installed: "half-configured"; "" when it is
}

// ID names the package in the attributes of reports: "deb:openssl", and
// "deb:libc6:i386" for a foreign architecture.
func (p Package) ID() string { return p.Type + ":" + p.Label() }

// Label is the name that a person gives to the manager: "libc6:i386".
func (p Package) Label() string {
	if p.Foreign {
		return p.Name + ":" + p.Arch
	}
	return p.Name
}

// SourceName returns the name of the source package.
func (p Package) SourceName() string { return cmp.Or(p.Source, p.Name) }

// SourceID names the source package as ID names p: "deb:openssl".
func (p Package) SourceID() string { return p.Type + ":" + p.SourceName() }

// SortPackages sorts by name and architecture.
func SortPackages(list []Package) {
	slices.SortFunc(list, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Arch, b.Arch))
	})
}
