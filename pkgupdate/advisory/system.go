package advisory

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A System is what advisories are held against.
type System struct {
	ID       string // as in os-release(5): "debian", "almalinux"; "freebsd"
	Release  string // "12", "9.4", "3.20"
	Codename string // "bookworm"
	Type     string // of the packages
	Scheme   version.Scheme
	Packages []pkgupdate.Package

	// Running is code that still runs although another version is installed, or may
	// be: the kernel always. The package has the version that runs.
	Running []Running

	// Modules are the enabled streams by module, of a system that has any; nil: not
	// known.
	Modules map[string]string

	// Patches are those of the base system that are installed, as OpenBSD names
	// them: "78-001_nfs"; nil: not known.
	Patches []string
}

// Idle gives the ids of packages, and of their sources, of which an older version
// runs than is installed.
func (s System) Idle() []string {
	var list []string
	for _, r := range s.Running {
		for _, p := range s.Packages {
			if kindred(p) == kindred(r.Pkg) && version.Compare(p.Version, r.Pkg.Version) == version.Newer {
				list = append(list, p.ID(), p.SourceID())
			}
		}
	}
	return list
}

// Running is code that runs.
type Running struct {
	Pkg    pkgupdate.Package
	Kernel bool
}

// An index finds packages by name.
type index struct {
	System
	binary, source map[string][]pkgupdate.Package
	running        map[string][]Running // by kindred
	names          map[string]bool      // of either kind
	mark           string               // of the release, as rpm packages have it
}

func newIndex(s System) *index {
	x := &index{System: s, binary: map[string][]pkgupdate.Package{}, source: map[string][]pkgupdate.Package{}, running: map[string][]Running{}, names: map[string]bool{}}
	marks := map[string]int{}
	for _, p := range latest(s.Packages) {
		if m := releaseMark(p.Version.String()); m != "" && s.Type == "rpm" {
			if marks[m]++; marks[m] > marks[x.mark] {
				x.mark = m
			}
		}
		x.binary[p.Name] = append(x.binary[p.Name], p)
		source, _ := sourceOf(p)
		x.source[source] = append(x.source[source], p)
		x.names[p.Name], x.names[source] = true, true
	}
	for _, r := range s.Running {
		k := kindred(r.Pkg)
		x.running[k] = append(x.running[k], r)
		source, _ := sourceOf(r.Pkg)
		x.names[r.Pkg.Name], x.names[source] = true, true
	}
	return x
}

// sourceOf gives name and version of the source package. Debian signs kernels in a
// source package of its own, with a version of its own; advisories name the other.
func sourceOf(p pkgupdate.Package) (string, version.Version) {
	name := p.SourceName()
	if p.Type == "deb" && (strings.HasPrefix(name, "linux-signed-") || name == "linux-signed") {
		return "linux", p.Version
	}
	if p.SourceVersion.IsZero() {
		return name, p.Version
	}
	return name, p.SourceVersion
}

// sideBySide is how Debian and Ubuntu name what a new kernel leaves in place.
var sideBySide = regexp.MustCompile(`^(linux-[a-z-]+)-[0-9]+\.[0-9][^-]*(?:-[0-9]+)?-([a-z].*)$`)

// kindred names what is installed side by side in several versions, of which one is
// used: kernels. Others are kindred to nothing but themselves.
func kindred(p pkgupdate.Package) string {
	if p.Type == "deb" && strings.HasPrefix(p.Name, "linux-") {
		if f := sideBySide.FindStringSubmatch(p.Name); f != nil {
			return f[1] + "\x00" + f[2] + "\x00" + p.Arch
		}
	}
	return p.Name + "\x00" + p.Arch
}

// latest leaves out the older ones of what is installed in several versions. They
// count where they run.
func latest(list []pkgupdate.Package) []pkgupdate.Package {
	newest := map[string]version.Version{}
	for _, p := range list {
		k := kindred(p)
		if was, ok := newest[k]; !ok || version.Compare(p.Version, was) == version.Newer {
			newest[k] = p.Version
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(p pkgupdate.Package) bool {
		return version.Compare(p.Version, newest[kindred(p)]) == version.Older
	})
}
