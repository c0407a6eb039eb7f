package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A System names a release, in the words of os-release(5).
type System struct {
	ID       string // "debian"
	Version  string // "12", "14.1-RELEASE-p5"; "" when the system has none
	Codename string // "bookworm"; used where there is no version
}

// A Release is a row of a Table. Dates are at 00:00 UTC; zero is not known.
type Release struct {
	ID       string
	Version  string
	Codename string
	Released time.Time
	Ended    time.Time // last day of the project's own support
	Extended time.Time // last day of a longer support
	By       string    // who or what gives the longer support: "LTS"
}

// A Table lists releases as they were known at a day.
type Table struct {
	Dated    time.Time
	Releases []Release
}

// MaxAge is the age beyond which a Table says nothing about the present.
const MaxAge = 90 * 24 * time.Hour

// State is an answer about a release. The zero value is Unknown.
type State uint8

// The states of a release.
const (
	Unknown     State = iota
	Supported         // by the project itself
	Extended          // only longer, by Support.Release.By
	Ended             // by nobody any more
	NotReleased       // not yet
)

// String gives "unknown", "supported", "extended", "ended" or "not released".
func (s State) String() string {
	names := [...]string{"unknown", "supported", "extended", "ended", "not released"}
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
	Until   time.Time // last day of the support that holds or held; zero: not known
	Reason  string    // why it is Unknown
}

// Support answers for a system on a day.
func (t Table) Support(sys System, day time.Time) Support {
	s := Support{System: sys}
	r, ok := t.find(sys)
	if !ok {
		s.Reason = "the table of " + t.Dated.Format(time.DateOnly) + " does not list this release"
		return s
	}
	s.Release = r
	s.State, s.Until = r.state(day)
	aged := day.Sub(t.Dated) > MaxAge
	switch {
	case s.State == Unknown:
		s.Reason = "no end of support is known for this release"
	case s.State == Ended && s.Until.Before(t.Dated):
	case aged:
		s.State = Unknown
		s.Reason = fmt.Sprintf("the table of releases is %d days old", int(day.Sub(t.Dated).Hours()/24))
	}
	return s
}

// state compares the dates with a day, which is supported to its end.
func (r Release) state(day time.Time) (State, time.Time) {
	over := func(last time.Time) bool { return !day.Before(last.AddDate(0, 0, 1)) }
	switch {
	case r.Released.IsZero() && r.Ended.IsZero(), day.Before(r.Released):
		return NotReleased, time.Time{}
	case r.Ended.IsZero():
		return Unknown, time.Time{}
	case !over(r.Ended):
		return Supported, r.Ended
	case r.Extended.IsZero():
		return Ended, r.Ended
	case !over(r.Extended):
		return Extended, r.Extended
	}
	return Ended, r.Extended
}

// find looks for the version, then for shorter forms of it ("9.4" is of "9"),
// then for the codename. What a BSD calls 14.1-STABLE or 7.8-current is another
// branch than the release.
func (t Table) find(sys System) (Release, bool) {
	v, branch, _ := strings.Cut(sys.Version, "-")
	if branch != "" && !strings.HasPrefix(branch, "RELEASE") {
		return Release{}, false
	}
	for v != "" {
		if i := slices.IndexFunc(t.Releases, func(r Release) bool { return r.ID == sys.ID && r.Version == v }); i >= 0 {
			return t.Releases[i], true
		}
		v = v[:max(strings.LastIndexByte(v, '.'), 0)]
	}
	if sys.Version != "" || sys.Codename == "" {
		return Release{}, false
	}
	i := slices.IndexFunc(t.Releases, func(r Release) bool { return r.ID == sys.ID && r.Codename == sys.Codename })
	if i < 0 {
		return Release{}, false
	}
	return t.Releases[i], true
}

// names of systems for people; others are given by their ID
var names = map[string]string{
	"debian": "Debian", "ubuntu": "Ubuntu", "rhel": "Red Hat Enterprise Linux", "centos": "CentOS",
	"almalinux": "AlmaLinux", "rocky": "Rocky Linux", "fedora": "Fedora", "opensuse-leap": "openSUSE Leap",
	"mageia": "Mageia", "slackware": "Slackware", "alpine": "Alpine", "freebsd": "FreeBSD",
	"openbsd": "OpenBSD", "netbsd": "NetBSD", "arch": "Arch Linux", "opensuse-tumbleweed": "openSUSE Tumbleweed",
	"sles": "SUSE Linux Enterprise Server",
}

// Rolling reports whether the system is one that has no releases.
func (s System) Rolling() bool { return s.ID == "arch" || s.ID == "opensuse-tumbleweed" }

// String names the system as a person does: "Debian 12 (bookworm)".
func (s System) String() string {
	text := cmp.Or(names[s.ID], s.ID, "this system")
	if s.Version != "" {
		text += " " + s.Version
	}
	if s.Codename != "" {
		text += " (" + s.Codename + ")"
	}
	return text
}

// Name is the system with the version and codename that the table adds.
func (s Support) Name() string {
	sys := s.System
	sys.Version = cmp.Or(sys.Version, s.Release.Version)
	sys.Codename = cmp.Or(sys.Codename, s.Release.Codename)
	return sys.String()
}

// String is one sentence: "Debian 12 (bookworm): LTS support until 2028-06-30".
func (s Support) String() string {
	until := s.Until.Format(time.DateOnly)
	switch s.State {
	case Supported:
		return s.Name() + ": supported until " + until
	case Extended:
		return s.Name() + ": " + s.Release.By + " support until " + until
	case Ended:
		return s.Name() + ": support ended on " + until
	case NotReleased:
		return s.Name() + ": not yet released"
	}
	return s.Name() + ": support not known, because " + s.Reason
}
