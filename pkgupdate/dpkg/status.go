package dpkg

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// ParseStatus reads the text of /var/lib/dpkg/status. It lists the packages
// whose files are there, broken ones with their Fault, sorted; a package of
// which only configuration files are left is not among them. What it cannot
// read is in the error, beside all that it could.
func ParseStatus(text []byte) ([]pkgupdate.Package, error) {
	list := make([]pkgupdate.Package, 0, min(bytes.Count(text, []byte("\n\n"))+1, len(text)/64)) // an entry has more
	var errs []error
	for p := range Paragraphs(text) {
		e, err := parseEntry(p)
		if err != nil {
			errs = append(errs, &pkgupdate.RecordError{Record: "dpkg database", Err: err})
		}
		if e.present {
			list = append(list, e.pkg)
		}
	}
	native := NativeArch(list)
	for i := range list {
		list[i].Type = Type
		list[i].Foreign = list[i].Arch != native && list[i].Arch != "all"
	}
	pkgupdate.SortPackages(list)
	return list, errors.Join(pkgupdate.Limited(errs)...)
}

// An entry is one paragraph of the database.
type entry struct {
	pkg     pkgupdate.Package
	present bool // its files are there, or some of them
}

func parseEntry(p Paragraph) (entry, error) {
	var e entry
	var status, ver, source string
	for name, value := range p.Fields() {
		switch name {
		case "Package":
			e.pkg.Name = string(value)
		case "Status":
			status = string(value)
		case "Version":
			ver = string(value)
		case "Architecture":
			e.pkg.Arch = string(value)
		case "Source":
			source = string(value)
		}
	}
	if !ValidName(e.pkg.Name) {
		return entry{}, fmt.Errorf("%.60q is no package name", e.pkg.Name)
	}
	if !validArch(e.pkg.Arch) {
		return entry{}, fmt.Errorf("package %s has the architecture %.60q", e.pkg.Name, e.pkg.Arch)
	}
	if err := e.setStatus(status); err != nil || !e.present {
		return e, err
	}
	var err error
	if e.pkg.Version, err = version.Parse(version.Deb, ver); err != nil {
		return e, fmt.Errorf("package %s: %w", e.pkg.Name, err)
	}
	return e, e.setSource(source)
}

// setStatus reads the three words want, error flag and state.
func (e *entry) setStatus(status string) error {
	words := strings.Fields(status)
	if len(words) != 3 {
		return fmt.Errorf("package %s has the status %.60q", e.pkg.Name, status)
	}
	e.pkg.Held = words[0] == "hold"
	switch words[2] {
	case "not-installed", "config-files":
		return nil
	case "installed":
	case "half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending":
		e.pkg.Fault = words[2]
	default:
		return fmt.Errorf("package %s has the status %.60q", e.pkg.Name, status)
	}
	e.present = true
	if words[1] == "reinstreq" {
		e.pkg.Fault = "reinstallation required"
	}
	return nil
}

// setSource reads "name" or "name (version)"; empty: as the binary package.
func (e *entry) setSource(source string) error {
	name, ver, hasVersion := strings.Cut(source, " ")
	if name != "" && !ValidName(name) {
		return fmt.Errorf("source of package %s: %.60q is no package name", e.pkg.Name, name)
	}
	e.pkg.Source = name
	if !hasVersion {
		return nil
	}
	var err error
	e.pkg.SourceVersion, err = version.Parse(version.Deb, strings.Trim(ver, "()"))
	if err != nil {
		return fmt.Errorf("source of package %s: %w", e.pkg.Name, err)
	}
	return nil
}

// NativeArch gives the architecture of dpkg itself; where dpkg is not among
// the packages, the one that most of them have.
func NativeArch(list []pkgupdate.Package) string {
	count := map[string]int{}
	best := ""
	for _, p := range list {
		if p.Name == "dpkg" {
			return p.Arch
		}
		if p.Arch == "all" {
			continue
		}
		count[p.Arch]++
		if n := count[p.Arch]; n > count[best] || n == count[best] && p.Arch < best {
			best = p.Arch
		}
	}
	return best
}

// ValidName reports whether name is a package name to dpkg, which takes more than
// Debian Policy 5.6.1 has. Only such names are given to a command.
func ValidName(name string) bool {
	if len(name) < 2 || len(name) > 256 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !plain && (i == 0 || strings.IndexByte("+-._", c) < 0) {
			return false
		}
	}
	return true
}

// validArch reports whether arch is empty or the name of an architecture.
func validArch(arch string) bool {
	for i := range len(arch) {
		c := arch[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(arch) < 64
}

// parseConffiles lists the configuration files in the database, those of
// removed packages too. An obsolete one stays with its last digest.
func parseConffiles(text []byte) []Conffile {
	var list []Conffile
	for p := range Paragraphs(text) {
		var base Conffile
		var block []byte
		for name, value := range p.Fields() {
			switch name {
			case "Package":
				base.Package = string(value)
			case "Architecture":
				base.Arch = string(value)
			case "Conffiles":
				block = value
			}
		}
		for line := range bytes.Lines(block) {
			if c, ok := base.withLine(string(line)); ok {
				list = append(list, c)
			}
		}
	}
	return list
}

// withLine reads "PATH MD5" with optional flags behind. The path may hold
// blanks; a digest that is no digest ("newconffile") is left out.
func (c Conffile) withLine(line string) (Conffile, bool) {
	line = strings.TrimSpace(line)
	for strings.HasSuffix(line, " obsolete") || strings.HasSuffix(line, " remove-on-upgrade") {
		line = line[:strings.LastIndexByte(line, ' ')]
	}
	i := strings.LastIndexByte(line, ' ')
	if i < 0 || !strings.HasPrefix(line, "/") {
		return c, false
	}
	c.Path, c.MD5 = line[:i], line[i+1:]
	return c, true
}
