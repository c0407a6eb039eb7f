package lifecycle

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A System names a release, in the words of os-release(5).
type System struct {
	ID       string // "debian"
	Version  string // "12", "14.1-RELEASE-p5"; "" when the system has none
	Codename string // "bookworm"; used where there is no version
	Pretty   string // "CentOS Stream 9": tells apart two systems of one ID
}

// A Table lists releases as they were known at a day.
type Table struct {
	Dated    time.Time
	Releases []Release
}

// State is an answer about a release. The zero value is Unknown.
type State uint8

// The states of a release.
const (
	Unknown     State = iota
	Supported         // in its first phase, for everybody
	Extended          // in a later phase, for everybody: fewer packages, or fewer fixes
	Paid              // only for those who have a contract
	Ended             // by nobody any more
	Development       // not a release yet, or a branch that never is one
	Rolling           // has no releases: supported as long as it is kept up to date
)

// String gives "unknown", "supported", "extended", "paid", "ended",
// "development" or "rolling".
func (s State) String() string {
	names := [...]string{"unknown", "supported", "extended", "paid", "ended", "development", "rolling"}
	if int(s) < len(names) {
		return names[s]
	}
	return names[Unknown]
}

// Support is the answer about one system.
type Support struct {
	System  System
	Release Release // zero when the table does not list it
	State   State
	Phase   Phase  // that holds; of Ended the last one
	Before  bool   // of Ended: older than the table; it ended before Phase.Until
	Newest  string // version of the newest release of the system, where that is another
	Dated   time.Time
	Reason  string // why it is Unknown
}

// Support answers for a system on a day.
func (t Table) Support(sys System, day time.Time) Support {
	s := Support{System: sys, Dated: t.Dated}
	if s.State = branch(sys); s.State != Unknown {
		return s
	}
	id := sys.key()
	r, ok := t.find(id, sys)
	if !ok {
		return t.missing(s, id)
	}
	r = t.ruled(r)
	s.Release = r
	if newest, ok := t.newest(id, day); ok && !sameLine(newest, r) {
		s.Newest = newest.Version
	}
	i := r.current(day)
	switch {
	case !r.Released.Known() || r.Released.Projected && day.Before(r.Released.Time):
		s.State = Development
	case i < 0:
		s.State = Ended
		s.Phase = Phase{Until: r.end()}
		if len(r.Phases) > 0 {
			s.Phase.Name = r.Phases[len(r.Phases)-1].Name
		}
	default:
		s.Phase, s.State = r.Phases[i], Supported
		if i > 0 {
			s.State = Extended
		}
		if s.Phase.Paid && id != "bsdos" {
			s.State = Paid
		}
	}
	return s
}

// missing answers for a release that the table does not list: one that is older
// than its first row ended before that row did.
func (t Table) missing(s Support, id string) Support {
	s.Reason = "the table of " + t.Dated.Format(time.DateOnly) + " does not list this release"
	first, ok := Release{}, false
	for _, r := range t.Releases {
		if r.ID == id && (!ok || order(r.Version, first.Version) < 0) {
			first, ok = r, true
		}
	}
	end := first.end()
	if ok && s.System.Version != "" && startsWithDigit(s.System.Version) && order(s.System.Version, first.Version) < 0 && end.Known() && end.Time.Before(t.Dated) {
		s.State, s.Before, s.Reason = Ended, true, ""
		s.Phase.Until = end
	}
	return s
}

// key is the ID under which the table lists a system.
func (s System) key() string {
	if s.ID == "centos" && strings.Contains(s.Pretty, "Stream") {
		return "centos-stream"
	}
	kin := map[string]string{"sled": "sles", "sles_sap": "sles", "raspbian": "debian", "mandrivalinux": "mandriva"}
	return cmp.Or(kin[s.ID], s.ID)
}

var rolling = []string{
	"arch", "artix", "endeavouros", "gentoo", "kali", "manjaro", "opensuse-slowroll", "opensuse-tumbleweed", "void",
}

// branch says of a system what its name alone tells: a rolling one, or a branch
// that is developed. What a BSD calls 14.1-STABLE, 7.8-current or 11.99.3 is
// another branch than the release.
func branch(sys System) State {
	if slices.Contains(rolling, sys.ID) {
		return Rolling
	}
	v, suffix, _ := strings.Cut(strings.ToLower(sys.Version), "-")
	switch {
	case suffix != "" && !strings.HasPrefix(suffix, "release"):
		return Development
	case sys.ID == "netbsd" && strings.Contains(v+".", ".99."):
		return Development
	case sys.ID == "alpine" && strings.Contains(v, "_alpha"):
		return Development
	case sys.ID == "debian" && sys.Version == "" && (sys.Codename == "sid" || sys.Codename == "unstable"):
		return Development
	case slices.Contains([]string{"rawhide", "cauldron", "current", "edge"}, strings.ToLower(sys.Codename)),
		slices.Contains([]string{"rawhide", "cauldron", "edge"}, v):
		return Development
	}
	return Unknown
}

// find looks for the version ("6" is "6.0"), then for shorter forms of it ("9.4"
// is of "9"), then for the codename.
func (t Table) find(id string, sys System) (Release, bool) {
	v, _, _ := strings.Cut(sys.Version, "-")
	forms := []func(v string) string{func(v string) string { return v }, func(v string) string { return v + ".0" }}
	for v != "" {
		for _, form := range forms {
			if i := slices.IndexFunc(t.Releases, func(r Release) bool { return r.ID == id && r.Version == form(v) }); i >= 0 {
				return t.Releases[i], true
			}
		}
		forms = forms[:1]
		v = v[:max(strings.LastIndexByte(v, '.'), 0)]
	}
	if sys.Version != "" || sys.Codename == "" {
		return Release{}, false
	}
	i := slices.IndexFunc(t.Releases, func(r Release) bool { return r.ID == id && r.Codename == sys.Codename })
	if i < 0 {
		return Release{}, false
	}
	return t.Releases[i], true
}

// newest is the release of the system that came out last.
func (t Table) newest(id string, day time.Time) (Release, bool) {
	best, ok := Release{}, false
	for _, r := range t.Releases {
		if r.ID == id && r.out(day) && (!ok || order(r.Version, best.Version) > 0) {
			best, ok = r, true
		}
	}
	return best, ok
}

// sameLine reports whether a row is the newest one, or the whole of which the
// newest is a part: "9" beside "9.8".
func sameLine(newest, r Release) bool {
	return newest.Version == r.Version || strings.HasPrefix(newest.Version, r.Version+".")
}

// order compares versions by their numbers.
func order(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if c := cmp.Compare(part(x, i), part(y, i)); c != 0 {
			return c
		}
	}
	return 0
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	end := strings.IndexFunc(parts[i], func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(parts[i])
	}
	n, err := strconv.Atoi(parts[i][:end])
	if err != nil {
		return 0
	}
	return n
}

func startsWithDigit(s string) bool { return s[0] >= '0' && s[0] <= '9' }
