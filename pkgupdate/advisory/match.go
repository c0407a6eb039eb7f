package advisory

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

var (
	errNoVersion = errors.New("the installed version is not known")
	errNoOrder   = errors.New("the versions have no order")
	errModules   = errors.New("which module streams are enabled is not known")
	errUndecided = errors.New("the maker has not decided whether it is affected")
)

// settle holds what an advisory says against the package of m; false: it is about others.
func (x *index) settle(m *Match, says Affected) bool {
	p := m.Pkg
	if !says.archOf(p) {
		return false
	}
	mine, err := x.moduleOf(p, says)
	if !mine && err == nil {
		return false
	}
	var hit bool
	if err == nil {
		hit, err = says.hits(p, m)
	}
	switch {
	case errors.Is(err, errOtherBuild):
		return false
	case err != nil:
		m.Reason = &pkgupdate.RecordError{Record: m.ID + " of " + p.Label(), Err: err}
		return true
	case hit:
		m.State = Vulnerable
		return true
	}
	m.State = NotAffected
	if len(x.running) == 0 {
		return true
	}
	for _, r := range x.running[kindred(p)] {
		if old, err := says.hits(r.Pkg, &Match{}); old && err == nil {
			m.Pkg, m.Fix, m.HasFix, m.State = r.Pkg, p.Version, true, PendingRestart
			if r.Kernel {
				m.State = PendingReboot
			}
		}
	}
	return true
}

func (a Affected) archOf(p pkgupdate.Package) bool {
	return a.Arch == "" || p.Arch == "" || a.Arch == p.Arch || a.Arch == "noarch"
}

// moduleOf reports whether p is of the stream that the advisory is about.
func (x *index) moduleOf(p pkgupdate.Package, a Affected) (bool, error) {
	modular := strings.Contains(p.Version.String(), ".module")
	if a.Module == "" || !modular {
		return modular == (a.Module != ""), nil
	}
	if x.Modules == nil {
		return false, errModules
	}
	name, stream, _ := strings.Cut(a.Module, ":")
	return x.Modules[name] == stream, nil
}

// hits reports whether p has the hole, and notes the fix in m.
func (a Affected) hits(p pkgupdate.Package, m *Match) (bool, error) {
	v := p.Version
	if a.Source {
		_, v = sourceOf(p)
	}
	switch {
	case v.IsZero():
		return false, errNoVersion
	case a.Open != nil:
		return false, a.Open
	case slices.ContainsFunc(a.Fixed, func(text string) bool { return equal(v, text) }):
		return false, nil
	}
	hit := slices.Contains(a.Listed, v.String()) || len(a.Ranges) == 0 && len(a.Listed) == 0
	var errs []error
	for _, r := range a.Ranges {
		in, err := r.holds(v)
		errs = append(errs, err)
		if in && err == nil {
			hit = true
			a.note(r.Below, v, m)
		}
	}
	m.HasFix = m.HasFix || a.HasFix || !m.Fix.IsZero()
	if hit { // what else could not be read changes nothing
		return true, nil
	}
	return false, errors.Join(errs...)
}

// equal reports whether a text is the same version as v.
func equal(v version.Version, text string) bool {
	w, err := version.Parse(v.Scheme(), text)
	return v.String() == text || err == nil && version.Compare(v, w) == version.Equal
}

// note takes below as the fix, when it is the lowest that is known.
func (a Affected) note(below string, v version.Version, m *Match) {
	if below == "" || a.NoFix {
		return
	}
	fix, err := version.Parse(v.Scheme(), below)
	if err == nil && (m.Fix.IsZero() || version.Compare(fix, m.Fix) == version.Older) {
		m.Fix = fix
	}
}

// holds reports whether v lies in the range.
func (r Range) holds(v version.Version) (bool, error) {
	for _, bound := range []struct {
		text string
		in   func(version.Order) bool
	}{
		{r.From, func(o version.Order) bool { return o != version.Older }},
		{r.Above, func(o version.Order) bool { return o == version.Newer }},
		{r.Below, func(o version.Order) bool { return o == version.Older }},
		{r.UpTo, func(o version.Order) bool { return o != version.Newer }},
		{r.Exactly, func(o version.Order) bool { return o == version.Equal }},
	} {
		if bound.text == "" {
			continue
		}
		limit, err := version.Parse(v.Scheme(), bound.text)
		if err != nil {
			return false, err
		}
		if err := sameBuild(v, bound.text); err != nil {
			return false, err
		}
		order := version.Compare(v, limit)
		if order == version.Incomparable {
			return false, fmt.Errorf("%s and %s: %w", v, limit, errNoOrder)
		}
		if !bound.in(order) {
			return false, nil
		}
	}
	return true, nil
}

// errOtherBuild says that an advisory is for another release of the system.
var errOtherBuild = errors.New("it is for another release of the system")

// sameBuild compares the marks of the release that rpm packages carry: a build for
// el8 says nothing about one for el9.
func sameBuild(v version.Version, bound string) error {
	if v.Scheme() != version.RPM {
		return nil
	}
	if here, there := releaseMark(v.String()), releaseMark(bound); here != "" && there != "" && here != there {
		return errOtherBuild
	}
	return nil
}

// releaseMark gives "el9" of "1.0-1.el9_4", "fc41", "mga9"; "" where there is none.
func releaseMark(ver string) string {
	for part := range strings.FieldsFuncSeq(ver, func(r rune) bool { return r == '.' || r == '_' || r == '+' || r == '-' }) {
		for _, mark := range []string{"el", "fc", "mga", "amzn"} {
			if rest, ok := strings.CutPrefix(part, mark); ok && rest != "" && strings.Trim(rest, "0123456789") == "" {
				return part
			}
		}
	}
	return ""
}
