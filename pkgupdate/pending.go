package pkgupdate

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

// Pending is what a manager could change, and what it knows that from.
type Pending struct {
	Upgrades []Upgrade // by name and architecture
	Patches  []Patch   // by ID
	Sources  []Source  // all that are configured, in the manager's order
}

// Proven makes the Answer for a whole list: Empty when nothing is pending.
// Where a source is Unknown so is the Answer, by a SourceError for each.
func (p Pending) Proven(evidence string, asOf time.Time) Answer[Pending] {
	a := Answer[Pending]{Value: p, State: Known, Evidence: evidence, AsOf: asOf}
	switch err := p.unknown(); {
	case err != nil:
		return Unproven(p, err)
	case evidence == "":
		return Unproven(p, errNoEvidence)
	case len(p.Upgrades) == 0 && len(p.Patches) == 0:
		a.State = Empty
	}
	return a
}

// Unproven makes an Unknown Answer with what was learned all the same, and
// says of each source why it is Unknown.
func (p Pending) Unproven(reason error) Answer[Pending] {
	return Unproven(p, errors.Join(reason, p.unknown()))
}

func (p Pending) unknown() error {
	var errs []error
	for _, s := range p.Sources {
		if s.State == Unknown {
			errs = append(errs, &SourceError{ID: s.ID, Kind: s.Kind, Err: cmp.Or(s.Err, errNoReason)})
		}
	}
	return errors.Join(errs...)
}

// Class says what a change is for. The zero value is not known.
type Class uint8

// The classes of an Upgrade or Patch.
const (
	Unclassified Class = iota
	Ordinary           // its source says what a security fix is, and that this is none
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

// A Block is why the usual upgrade leaves something out. "" is nothing; a text
// of a manager's own is as good as those below.
type Block string

// The usual reasons.
const (
	Held          Block = "held"                 // by a person
	Pinned        Block = "pinned"               // a preference of the administrator chooses another version
	Phased        Block = "rolled out in phases" // it reaches this system later
	NeedsRemoval  Block = "needs a removal"      // of another package
	Uninstallable Block = "unmet dependency"
	KeptBack      Block = "kept back" // the manager does not say why
)

// An Upgrade is one pending change of a package.
type Upgrade struct {
	Pkg       Package         // as installed; of a New one what the manager says of it
	New       bool            // it is not installed, and comes with an upgrade that needs it
	Candidate version.Version // what the manager would install; zero: nothing, or not known
	Fix       version.Version // what has the security fix: a lower one than Candidate, or one that is not offered; zero: not known
	Origins   []string        // that offer Candidate, such as Debian-Security:12/oldstable-security
	Offer
}

// To is the version to go to: that with the fix, or else the candidate.
func (u Upgrade) To() version.Version {
	if u.Fix.IsZero() {
		return u.Candidate
	}
	return u.Fix
}

// A Patch is a pending change that has a name of its own instead of versions of
// packages, as those of syspatch(8), freebsd-update(8) and zypper(8).
type Patch struct {
	Type     string   // of Info
	ID       string   // of the manager: "021_smtpd"
	Title    string   // may be empty
	Packages []string // labels of what it changes, where the manager says
	Reboot   bool     // it is in effect after a reboot only
	Offer
}

// Offer is what upgrades and patches have in common.
type Offer struct {
	Class      Class
	Advisories []string       // that it fixes: "DSA-5887-1", "CVE-2026-1234"
	Offered    time.Time      // of a security fix: by then the source had it, perhaps for longer; zero: not known
	Blocked    Block          // why the usual upgrade leaves it out; "" when it does not
	Remedy     *report.Remedy // that takes just this; nil: as Info says
}

// SortUpgrades sorts by the package's name and architecture.
func SortUpgrades(list []Upgrade) {
	slices.SortFunc(list, func(a, b Upgrade) int {
		return cmp.Or(strings.Compare(a.Pkg.Name, b.Pkg.Name), strings.Compare(a.Pkg.Arch, b.Pkg.Arch))
	})
}
