package advisory

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// An Advisory is one notice of a maker about holes.
type Advisory struct {
	ID        string // as the maker has it: "DSA-5887-1", "RHSA-2026:0001", "CVE-2026-1234"
	CVEs      []string
	Title     string // may be empty
	Severity  string // in the maker's words; may be empty
	Published time.Time
	Feed      string // the file that has it
}

// IDs gives ID and the CVEs, each once.
func (a Advisory) IDs() []string {
	list := []string{a.ID}
	for _, cve := range a.CVEs {
		if !slices.Contains(list, cve) {
			list = append(list, cve)
		}
	}
	return list
}

// State says what an advisory means for a package. The zero value is Unknown.
type State uint8

// The states of a Match. A package that no advisory concerns has no Match.
const (
	Unknown        State = iota // Reason says why
	NotAffected                 // the feed names the package, and says that this version has no hole
	PendingRestart              // the fix is installed, and a program still runs the old code
	PendingReboot               // the fix is installed, and the old kernel runs
	Vulnerable
)

// String gives "unknown", "not affected", "fixed pending restart", "fixed pending
// reboot" or "vulnerable".
func (s State) String() string {
	switch s {
	case NotAffected:
		return "not affected"
	case PendingRestart:
		return "fixed pending restart"
	case PendingReboot:
		return "fixed pending reboot"
	case Vulnerable:
		return "vulnerable"
	}
	return "unknown"
}

// A Match is what an advisory means for one package of the system.
type Match struct {
	Advisory
	Pkg    pkgupdate.Package // as installed; where the old code runs, as it runs
	State  State
	Fix    version.Version // the lowest version above Pkg's that has no hole; zero: none is known
	HasFix bool            // there is a fix, be its version known or not
	Reason error           // why the State is Unknown
}

// A Range is versions that have a hole, between bounds of which each may be empty.
type Range struct{ From, Above, Below, UpTo, Exactly string }

// Affected is what an advisory says about packages of one name.
type Affected struct {
	Source bool // the name is of a source package
	Arch   string
	Module string   // name:stream that the packages are of; "" for none
	Ranges []Range  // none, and no Exactly: all versions
	Listed []string // versions that have the hole
	Fixed  []string // versions that do not, whatever Ranges says
	NoFix  bool     // Below is no version with a fix
	HasFix bool     // there is a fix, of a version that is not told
	Open   error    // the maker does not know either
}

var cveID = regexp.MustCompile(`CVE-[0-9]{4}-[0-9]{4,12}`)

// isCVE reports whether a text is a CVE and nothing else, as most that are asked are.
func isCVE(text string) bool {
	if len(text) < len("CVE-2026-0001") || len(text) > len("CVE-2026-000000000001") || text[:4] != "CVE-" || text[8] != '-' {
		return false
	}
	for i := 4; i < len(text); i++ {
		if i != 8 && (text[i] < '0' || text[i] > '9') {
			return false
		}
	}
	return true
}

// cves gives the CVEs that texts name, sorted.
func cves(texts ...string) []string {
	var list []string
	for _, t := range texts {
		switch {
		case isCVE(t):
			list = append(list, t)
		case strings.Contains(t, "CVE-"):
			list = append(list, cveID.FindAllString(t, maxCVEs)...)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	return list[:min(len(list), maxCVEs)]
}

// maxCVEs bounds what one advisory names: a kernel's has some hundreds.
const maxCVEs = 4096

// sorted gives them by package, the worst and then the newest advisory first; what is
// equal stays as it came, whatever else there is.
func sorted(list []*Match) []Match {
	slices.SortStableFunc(list, func(a, b *Match) int {
		return cmp.Or(strings.Compare(a.Pkg.Name, b.Pkg.Name), strings.Compare(a.Pkg.Arch, b.Pkg.Arch),
			cmp.Compare(b.State, a.State), b.Published.Compare(a.Published), strings.Compare(a.ID, b.ID))
	})
	return values(list)
}

// values are the matches themselves. They are big: each is moved once.
func values(list []*Match) []Match {
	out := make([]Match, len(list))
	for i, m := range list {
		out[i] = *m
	}
	return out
}
