package advisory

import (
	"bytes"
	"strings"
)

// ecosystems is how OSV names the systems whose packages it knows, by their ID: what
// goes before the release, and whether records name source packages.
var ecosystems = map[string]struct {
	name   string
	digits int // numbers of the release that it has
	source bool
}{
	"debian":              {"Debian:", 1, true},
	"ubuntu":              {"Ubuntu:", 2, true},
	"alpine":              {"Alpine:v", 2, true},
	"rocky":               {"Rocky Linux:", 1, false},
	"almalinux":           {"AlmaLinux:", 1, false},
	"rhel":                {"Red Hat:enterprise_linux:", 1, false},
	"mageia":              {"Mageia:", 1, false},
	"opensuse-leap":       {"openSUSE:Leap ", 2, false},
	"opensuse-tumbleweed": {"openSUSE:Tumbleweed", 0, false},
	"sles":                {"SUSE:Linux Enterprise ", 2, false},
	"freebsd":             {"FreeBSD:ports", 0, false},
}

// bySource reports whether the records of the system's maker name source packages.
func (x *index) bySource() bool { return ecosystems[x.ID].source }

// release gives the first numbers of the release: "12" of "12.8".
func (x *index) release(digits int) string {
	parts := strings.SplitN(x.Release, ".", digits+1)
	return strings.Join(parts[:min(digits, len(parts))], ".")
}

// isEcosystem reports whether OSV means this system and release.
func (x *index) isEcosystem(eco string) bool {
	e, known := ecosystems[x.ID]
	if !known || e.digits > 0 && x.Release == "" {
		return false
	}
	if x.ID == "sles" { // "SUSE:Linux Enterprise Module for Basesystem 15 SP5"
		major, pack, _ := strings.Cut(x.release(2), ".")
		want := " " + major
		if pack != "" && pack != "0" {
			want += " SP" + pack
		}
		return strings.HasPrefix(eco, e.name) && (strings.HasSuffix(eco, want) || strings.Contains(eco, want+"-"))
	}
	rest, ok := strings.CutPrefix(eco, e.name+x.release(e.digits))
	return ok && (rest == "" || strings.HasPrefix(rest, ":") || x.ID == "rhel" && rest[0] == '.')
}

// speaksOSV reports whether a record of OSV is about this system and release, be it
// of other packages.
func (x *index) speaksOSV(raw []byte) bool {
	e, known := ecosystems[x.ID]
	if !known {
		return false
	}
	want := e.name
	if x.ID != "sles" {
		want += x.release(e.digits)
	}
	for {
		i := bytes.Index(raw, []byte(`"`+want))
		if i < 0 {
			return false
		}
		raw = raw[i+1:]
		if end := bytes.IndexByte(raw, '"'); end > 0 && x.isEcosystem(string(raw[:end])) {
			return true
		}
	}
}
