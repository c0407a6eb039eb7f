// Package pacman reads the packages of Arch Linux, and compares them with what
// pacman has of its repositories.
//
//	m := &pacman.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// "pacman -Qu" ends with status 1 and no output both when nothing is due and when it
// fails, so the package does not ask it: it compares the list of installed packages
// with the list of the repositories, of which neither can be empty. The
// repositories do not say which upgrade fixes a hole.
package pacman

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	local = "/var/lib/pacman/local"
	sync  = "/var/lib/pacman/sync"
)

// A Manager reads pacman of one host. It is a pkgupdate.Manager.
type Manager struct {
	Host host.Host

	// MaxAge is how old the newest repository may be before what is pending counts
	// as unknown. Zero is pkgupdate.DefaultMaxAge.
	MaxAge time.Duration

	place place
}

// Info names the commands that a person runs. Parts of the repositories are never
// installed alone on Arch.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "pacman", Type: "alpm", Scheme: version.Pacman,
		Commands: pkgupdate.Commands{Upgrade: [][]string{{"pacman", "-Syu"}}},
	}
}

// Installed lists the folders of the local database, one a package.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	return pkgupdate.Kept(pkgupdate.Folders(ctx, m.Host, m.parseName, local))
}

// parseName cuts name-version-release.
func (m *Manager) parseName(full string) (pkgupdate.Package, error) {
	parts := strings.Split(full, "-")
	n := len(parts)
	if n < 3 || !validName(strings.Join(parts[:n-2], "-")) {
		return pkgupdate.Package{}, &pkgupdate.RecordError{Record: local, Err: fmt.Errorf("%.80q is no name-version-release", full)}
	}
	return pkgupdate.Parsed(m.Info(), strings.Join(parts[:n-2], "-"), "", parts[n-2]+"-"+parts[n-1])
}

func validName(name string) bool {
	return name != "" && name[0] != '-' && name[0] != '.' && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) < 0
}

// Pending compares the installed packages with the repositories.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	c, confErr := m.configuration(ctx)
	pending := pkgupdate.Pending{Sources: m.sources(ctx, c.repos)}
	offered, err := m.offered(ctx)
	for _, p := range installed.Value {
		if to, ok := offered[p.Name]; ok && version.Compare(p.Version, to) == version.Older {
			u := pkgupdate.Upgrade{Pkg: p, Candidate: to}
			if c.ignores(p.Name) {
				u.Pkg.Held, u.Blocked = true, pkgupdate.Held
			}
			pending.Upgrades = append(pending.Upgrades, u)
		}
	}
	pkgupdate.SortUpgrades(pending.Upgrades)
	if len(pending.Upgrades) > 0 {
		err = errors.Join(err, fmt.Errorf("%w: pacman's repositories do not say", pkgupdate.ErrUnclassified))
	}
	var asOf time.Time
	for _, s := range pending.Sources {
		if s.Date.After(asOf) {
			asOf = s.Date
		}
	}
	if err := errors.Join(installed.Reason, confErr, err); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(fmt.Sprintf("%d packages of the repositories are listed", len(offered)), asOf)
}

// offered asks for what the repositories have. pacman passes over one whose list is
// missing or broken, says so beside the others, and ends with success.
func (m *Manager) offered(ctx context.Context) (map[string]version.Version, error) {
	out, err := m.Host.Run(ctx, m.place.command("-Sl"))
	if err != nil {
		return nil, err
	}
	complaint := complaintOf(out.Stderr)
	if !out.OK() || out.Truncated || complaint != "" {
		err = fmt.Errorf("pacman -Sl: %w", errors.Join(pkgupdate.ErrIncomplete, out.Err()))
		if complaint != "" {
			err = fmt.Errorf("%w: %.200s", err, complaint)
		}
	}
	offered, listErr := parseList(out.Stdout)
	return offered, errors.Join(err, listErr)
}

// complaintOf is what pacman says beside its list, but for a word of its configuration that
// it does not know: that touches no list.
func complaintOf(stderr []byte) string {
	var left []string
	for line := range strings.Lines(string(stderr)) {
		if line = strings.TrimSpace(line); line != "" && !(strings.HasPrefix(line, "warning: config file ") && strings.HasSuffix(line, " not recognized.")) {
			left = append(left, line)
		}
	}
	return strings.Join(left, "; ")
}

// Orphans are the packages that no repository has in their version or a newer one:
// those built by hand, too.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	offered, err := m.offered(ctx)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	var list []pkgupdate.Package
	for _, p := range installed {
		if to, ok := offered[p.Name]; !ok || version.Compare(to, p.Version) == version.Older {
			list = append(list, p)
		}
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packages of the repositories are listed", len(offered)), m.Host.Time())
}

// Strays are the packages whose installed version is that of a repository in development,
// and of no other.
func (m *Manager) Strays(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	branches := pkgupdate.Branched(sources)
	if len(branches) == 0 {
		return pkgupdate.Proven[pkgupdate.Stray](nil, "no repository is in development", m.Host.Time())
	}
	out, err := m.Host.Query(ctx, m.place.command("-Sl").Args...)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Stray](nil, err)
	}
	_, listErr := parseList(out) // what it says of a line that it cannot read
	has := map[string]string{}   // by name and version: "" where a repository that is not in development has it
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 {
			key := f[1] + " " + f[2]
			if branch, known := has[key]; !known || branch != "" {
				has[key] = branches[f[0]]
			}
		}
	}
	var list []pkgupdate.Stray
	for _, p := range installed {
		if branch := has[p.Name+" "+p.Version.String()]; branch != "" {
			list = append(list, pkgupdate.Stray{Pkg: p, Branch: branch})
		}
	}
	if listErr != nil {
		return pkgupdate.Unproven(list, listErr)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packages of the repositories are listed", len(has)), m.Host.Time())
}

// parseList reads "repository name version" of pacman -Sl. The first repository that
// has a package is the one that it is taken from.
func parseList(out []byte) (map[string]version.Version, error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("pacman -Sl: %w", err)
	}
	offered := map[string]version.Version{}
	var errs []error
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) < 3 || !validName(f[1]) {
			return offered, fmt.Errorf("pacman -Sl: line %.80q", line)
		}
		v, err := version.Parse(version.Pacman, f[2])
		if err != nil {
			errs = append(errs, &pkgupdate.RecordError{Record: "pacman -Sl: " + f[1], Err: err})
			continue
		}
		if _, known := offered[f[1]]; !known {
			offered[f[1]] = v
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("pacman -Sl: %w", pkgupdate.ErrIncomplete)
	}
	return offered, errors.Join(errs...)
}
