package openbsd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// What pkg_add says, after its source (OpenBSD/{AddDelete,PkgAdd,Update,UpdateSet}.pm).
var (
	sign      = regexp.MustCompile(`^quirks-[^ ]+ signed on (\S+)$`)
	candidate = regexp.MustCompile(`^Update candidates: (\S+) -> ([^()]+?)(?: \([^)]*\))?$`)
	alone     = regexp.MustCompile(`^Couldn't find updates for (\S+(?: \S+)*)$`)
	obsolete  = regexp.MustCompile(`^Obsolete package: (\S+)`)
	refused   = regexp.MustCompile(`^Couldn't install (\S+(?: \S+)*)$`)
	insecure  = regexp.MustCompile(`^Package (\S+) found, matching insecure (\S{1,200})$`)
	ambiguous = regexp.MustCompile(`^Ambiguous: (\S+) could be `)
	heading   = regexp.MustCompile(`^--- [+-]?\S+ -+$`) // what a package says stands below
	chat      = regexp.MustCompile(`^(\s*$|\t|Adding |Skipping |Merging |Update Set |Can't update |Couldn't find any update$|There were some ambiguities\. |` +
		`The following new rcscripts were installed: |See rcctl\(8\) for details\.|New and changed readme\(s\):|Extracted \d+ from \d+$|(Running tags|Read shared items|\S+): ok$)|\(pretending\) ?$`)
	// harmless is what it complains of, although it goes on.
	harmless = regexp.MustCompile(`^(\s*$|pkg_add should be run as root$|Can't install |Can't find |NOT MERGING: )`)
)

// A plan is what pkg_add would do.
type plan struct {
	signed     string              // the line that says when the mirror's list was signed
	candidates map[string][]string // by the name and version of what is installed, itself where it is the newest
	alone      []string            // of which the mirror has none
	refused    map[string]bool     // candidates that pkg_add would not install
	insecure   map[string]string   // what of it is, by the name and version of a package
	gaps       []error             // what is not known of one package
}

// plan asks pkg_add what it would do: the mirror is asked each time.
func (m *Manager) plan(ctx context.Context) (plan, error) {
	p := plan{candidates: map[string][]string{}, refused: map[string]bool{}, insecure: map[string]string{}}
	out, err := m.Host.Run(ctx, host.Command{Args: []string{"pkg_add", "-u", "-v", "-n", "-x", "-I"}})
	if err != nil {
		return p, err
	}
	lines, err := pkgupdate.Lines(out.Stdout)
	if err != nil || out.Truncated || out.Signal != "" {
		return p, fmt.Errorf("pkg_add: %w", errors.Join(err, out.Err()))
	}
	var errs []error
	message := false
	for _, line := range lines {
		message = message || heading.MatchString(line)
		if !p.read(line) && !message && !chat.MatchString(line) {
			errs = append(errs, fmt.Errorf("pkg_add: a line that is not known: %.120q", line))
		}
	}
	for line := range strings.SplitSeq(string(out.Stderr), "\n") {
		switch f := ambiguous.FindStringSubmatch(line); {
		case f != nil:
			p.gaps = append(p.gaps, &pkgupdate.RecordError{Record: "pkg_add: " + f[1], Err: errors.New("several packages could be its update: pkg_add -ui asks which")})
		case !p.read(line) && !harmless.MatchString(line):
			errs = append(errs, fmt.Errorf("pkg_add: %w: %.200s", pkgupdate.ErrIncomplete, line))
		}
	}
	if p.signed == "" {
		errs = append(errs, fmt.Errorf("pkg_add does not say that it read the mirror's list (%w)", out.Err()))
	}
	return p, errors.Join(errs...)
}

// read takes what a line says of a package, and reports whether it says anything.
func (p *plan) read(line string) bool {
	if sign.MatchString(line) {
		p.signed = line
	} else if f := candidate.FindStringSubmatch(line); f != nil {
		p.candidates[f[1]] = strings.Fields(f[2])
	} else if f := alone.FindStringSubmatch(line); f != nil {
		p.alone = append(p.alone, strings.Fields(f[1])...)
	} else if f := obsolete.FindStringSubmatch(line); f != nil {
		p.alone = append(p.alone, f[1])
	} else if f := insecure.FindStringSubmatch(line); f != nil {
		p.insecure[f[1]] = f[2]
	} else if f := refused.FindStringSubmatch(line); f != nil {
		for name := range strings.FieldsSeq(f[1]) {
			p.refused[name] = true
		}
	} else {
		return false
	}
	return true
}

func fullName(p pkgupdate.Package) string { return p.Name + "-" + p.Version.String() }

// silent reports whether pkg_add says nothing of any package, as it does of none where
// it was not asked with -v. What it never updates does not count.
func (p *plan) silent(installed []pkgupdate.Package) bool {
	silent := false
	for _, is := range installed {
		switch full := fullName(is); {
		case is.Name == "quirks", strings.HasSuffix(is.Name, "-firmware"):
		case p.candidates[full] != nil, slices.Contains(p.alone, full):
			return false
		default:
			silent = true
		}
	}
	return silent
}

// packages are the updates that pkg_add would make, and the packages that it calls
// insecure.
func (m *Manager) packages(ctx context.Context, installed []pkgupdate.Package, class pkgupdate.Class, into *pkgupdate.Pending) (plan, error) {
	p, err := m.plan(ctx)
	if err == nil && p.silent(installed) {
		err = fmt.Errorf("pkg_add: %w: it says nothing of the packages", pkgupdate.ErrIncomplete)
	}
	for _, is := range installed {
		full := fullName(is)
		newer := p.candidates[full]
		hole, open := p.insecure[full]
		due := len(newer) == 1 && newer[0] != full
		if !due && !open {
			continue
		}
		u := pkgupdate.Upgrade{Pkg: is, Offer: pkgupdate.Offer{Class: class}}
		if is.Name == "quirks" { // pkg_add's own list of exceptions
			u.Class = pkgupdate.Ordinary
		}
		if open {
			u.Class, u.Advisories = pkgupdate.Security, []string{hole}
		}
		switch {
		case !due:
			u.Blocked = "no version with a fix is offered"
		case p.refused[newer[0]]:
			u.Blocked = pkgupdate.Uninstallable
		}
		if to, err := m.parseName(strings.Join(newer, "")); due && err == nil && to.Name == is.Name { // another stem has other versions
			u.Candidate = to.Version
			if u.Class == pkgupdate.Security {
				u.Fix = to.Version
			}
		}
		into.Upgrades = append(into.Upgrades, u)
	}
	return p, err
}

// Orphans are what pkg_add finds no updates for, and what it calls obsolete: the mirror
// has no package of the name.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	p, err := m.plan(ctx)
	var list []pkgupdate.Package
	for _, is := range installed {
		if slices.Contains(p.alone, fullName(is)) {
			list = append(list, is)
		}
	}
	if err != nil || p.silent(installed) {
		return pkgupdate.Unproven(list, errors.Join(err, pkgupdate.ErrIncomplete))
	}
	return pkgupdate.Proven(list, p.signed, m.Host.Time())
}
