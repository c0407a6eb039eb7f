package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/window"
)

// Options say what a plan is to hold. The zero Options are all pending updates that
// need no removal, with edited configuration files kept.
type Options struct {
	Security  bool            `json:"security,omitempty"`  // only what fixes a hole, and only as far as that needs
	Only      []string        `json:"only,omitempty"`      // labels of installed packages; empty: all
	Held      bool            `json:"held,omitempty"`      // held packages too
	Remove    bool            `json:"remove,omitempty"`    // packages that are in the way may be removed
	Conffiles Conffiles       `json:"conffiles,omitempty"` // what becomes of edited configuration files
	Holds     []Hold          `json:"holds,omitempty"`     // packages that a person's decision leaves alone
	Windows   []window.Window `json:"windows,omitempty"`   // when a plan may be carried out; none: always
}

// Conffiles says what becomes of a configuration file that a person edited and the
// maker changed too. The zero value keeps the person's.
type Conffiles string

// The policies.
const (
	KeepConffiles    Conffiles = ""
	ReplaceConffiles Conffiles = "replace" // the maker's, the person's stays beside it
	StopAtConffiles  Conffiles = "stop"    // such a plan is not carried out
)

// MarshalText writes keep, replace or stop.
func (c Conffiles) MarshalText() ([]byte, error) {
	if c == KeepConffiles {
		return []byte("keep"), nil
	}
	return []byte(c), nil
}

// UnmarshalText reads one; no text is keep.
func (c *Conffiles) UnmarshalText(text []byte) error {
	switch word := Conffiles(text); word {
	case KeepConffiles, "keep":
		*c = KeepConffiles
	case ReplaceConffiles, StopAtConffiles:
		*c = word
	default:
		return fmt.Errorf("%.20q is not keep, replace or stop", text)
	}
	return nil
}

// Action says what becomes of a package.
type Action string

// The actions.
const (
	Upgrade Action = "upgrade"
	Install Action = "install" // it comes with an upgrade that needs it
	Remove  Action = "remove"  // it is in the way of an upgrade
	Patch   Action = "patch"   // it has a name and no versions
)

// A Step is what becomes of one package.
type Step struct {
	Action     Action   `json:"action"`
	Name       string   `json:"name"`
	Arch       string   `json:"arch,omitempty"`
	From       string   `json:"from,omitempty"` // version; "" of what is not installed
	To         string   `json:"to,omitempty"`   // version; "" of what is removed
	Origins    []string `json:"origins,omitempty"`
	Held       bool     `json:"held,omitempty"` // a person's hold, which stays
	Security   bool     `json:"security,omitempty"`
	Advisories []string `json:"advisories,omitempty"`
}

// A Plan is what Apply would do, and nothing else.
type Plan struct {
	Manager   string     `json:"manager"` // ID of its Info, or the front end: "apt", "dnf"
	Made      time.Time  `json:"made"`
	Options   Options    `json:"options"`
	Steps     []Step     `json:"steps"` // by name and architecture
	Conffiles []Conffile `json:"conffiles,omitempty"`
	Download  int64      `json:"download"`           // bytes
	Disk      int64      `json:"disk"`               // bytes more than before
	Left      []Left     `json:"left,omitempty"`     // what is pending and not planned
	Problems  []string   `json:"problems,omitempty"` // why it cannot be carried out as things are
	Notes     []string   `json:"notes,omitempty"`    // what is not known before

	decided bool // people's holds leave something alone
}

// Left is a pending update that the plan leaves alone.
type Left struct {
	Label    string `json:"label"`
	Reason   string `json:"reason"`
	Security bool   `json:"security,omitempty"`
}

// Hash names what the plan changes. Two plans have the same hash if they do the same
// to the same packages, whenever they were made.
func (p Plan) Hash() string {
	steps := slices.Clone(p.Steps)
	for i := range steps { // what is known of a fix may grow; what is done is the same
		steps[i].Security, steps[i].Advisories = false, nil
	}
	data, err := json.Marshal(struct {
		Manager   string
		Steps     []Step
		Conffiles string
		Remove    bool
	}{p.Manager, steps, string(p.Options.Conffiles), p.Options.Remove})
	if err != nil {
		panic(err) // these types cannot fail
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Security reports whether the plan installs a security fix.
func (p Plan) Security() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Security })
}

// String shows the plan as lines for a person, bytes of the system as they are.
func (p Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	for _, c := range p.Conffiles {
		fmt.Fprintln(&b, c)
	}
	for _, l := range p.Left {
		fmt.Fprintf(&b, "leaves %s alone: %s\n", l.Label, l.Reason)
	}
	if len(p.Steps) > 0 {
		fmt.Fprintf(&b, "%s with %s; %s to fetch, %s on the disk; plan %.12s\n", prose.Count(len(p.Steps), "step"), p.Manager, prose.Size(float64(p.Download)), prose.Size(float64(p.Disk)), p.Hash())
	}
	for _, text := range p.Notes {
		fmt.Fprintln(&b, "note: "+text)
	}
	for _, text := range p.Problems {
		fmt.Fprintln(&b, "not possible now: "+text)
	}
	return b.String()
}

// String says what becomes of the package.
func (s Step) String() string {
	text := string(s.Action) + " " + s.Name
	if s.Arch != "" {
		text += ":" + s.Arch
	}
	switch {
	case s.From != "" && s.To != "":
		text += " " + s.From + " to " + s.To
	case s.From+s.To != "":
		text += " " + s.From + s.To
	}
	if s.Security {
		text += " (security"
		if len(s.Advisories) > 0 {
			text += ": " + prose.List(s.Advisories, 4)
		}
		text += ")"
	}
	return text
}

// differ names the first steps that only one of two plans has.
func differ(was, is Plan) []string {
	count := map[string]int{}
	for _, s := range was.Steps {
		count[s.String()]++
	}
	var list []string
	for _, s := range is.Steps {
		if count[s.String()]--; count[s.String()] < 0 {
			list = append(list, "now also: "+s.String())
		}
	}
	for _, s := range was.Steps {
		if count[s.String()] > 0 {
			list = append(list, "no longer: "+s.String())
		}
	}
	if len(list) == 0 {
		list = []string{"the sources or the policy are others"}
	}
	return list
}

// of reports whether the step is of a package.
func (s Step) of(p pkgupdate.Package) bool {
	return s.Name == p.Name && (s.Arch == p.Arch || s.Arch == "")
}
