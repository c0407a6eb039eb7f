package pkgupdate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Package is one installed package. Name and Arch tell it from others.
type Package struct {
	Name          string
	Arch          string // as the manager names it; "" where it has none
	Foreign       bool   // Arch is neither the system's own nor for all
	Version       version.Version
	Source        string          // source package; "" when the same as Name
	SourceVersion version.Version // zero when the same as Version
	Held          bool            // a person forbade its change
	Fault         string          // why it is not properly installed: "half-configured"; "" when it is
}

// ID names the package in the attributes of reports: "deb:openssl", and
// "deb:libc6:i386" for a foreign architecture.
func (p Package) ID() string {
	id := p.Version.Scheme().String() + ":" + p.Name
	if p.Foreign {
		id += ":" + p.Arch
	}
	return id
}

// SourceName returns the name of the source package.
func (p Package) SourceName() string { return cmp.Or(p.Source, p.Name) }

// sourceVersion returns the version of the source package.
func (p Package) sourceVersion() version.Version {
	if p.SourceVersion.IsZero() {
		return p.Version
	}
	return p.SourceVersion
}

// sourceID names the source package as ID names p: "deb:openssl".
func (p Package) sourceID() string { return p.Version.Scheme().String() + ":" + p.SourceName() }

// SortPackages sorts by name and architecture.
func SortPackages(list []Package) {
	slices.SortFunc(list, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Arch, b.Arch))
	})
}

// Class says what an upgrade is for. The zero value is not known.
type Class uint8

// The classes of an Upgrade.
const (
	Unclassified Class = iota
	Ordinary           // known to be no security fix
	Security
)

// String gives "unclassified", "ordinary" or "security".
func (c Class) String() string {
	switch c {
	case Ordinary:
		return "ordinary"
	case Security:
		return "security"
	}
	return "unclassified"
}

// An Upgrade is one pending change of a package.
type Upgrade struct {
	Pkg     Package         // as installed; for a new dependency only Name and Arch
	From    version.Version // zero for a new dependency
	To      version.Version // zero when not known
	Origins []string        // repositories that offer To, such as Debian-Security:12/oldstable-security
	Class   Class
	Offered time.Time // of a security fix: by then the repository had it, perhaps for longer; zero: not known
	Blocked string    // why the usual upgrade leaves it out: Held, KeptBack; "" when it does not
}

// Reasons of Upgrade.Blocked.
const (
	Held     = "held"      // by a person
	KeptBack = "kept back" // by the manager: it needs a removal, is phased, or is pinned
)

// SortUpgrades sorts by the package's name and architecture.
func SortUpgrades(list []Upgrade) {
	slices.SortFunc(list, func(a, b Upgrade) int {
		return cmp.Or(strings.Compare(a.Pkg.Name, b.Pkg.Name), strings.Compare(a.Pkg.Arch, b.Pkg.Arch))
	})
}

// packageAttr is p as an attribute of a report.
func packageAttr(p Package) report.Attr { return report.Attr{Key: report.Package, Value: p.ID()} }

// versionAttr is v as an attribute of a report; ok is false when v is zero.
func versionAttr(v version.Version) (a report.Attr, ok bool) {
	return report.Attr{Key: report.Version, Value: v.Scheme().String() + ":" + v.String()}, !v.IsZero()
}
