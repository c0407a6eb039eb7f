// Package slackware reads the packages of a Slackware system, and what slackpkg
// has of its mirror.
//
//	m := &slackware.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// It runs no command: slackpkg answers success for most of its errors. Versions of
// Slackware have no order, so a package that differs from the mirror's is pending.
// What the change log marks as a security fix is one.
package slackware

import (
	"cmp"
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
	pkglist   = "/var/lib/slackpkg/pkglist"
	changeLog = "/var/lib/slackpkg/ChangeLog.txt"
	maxText   = 64 << 20
)

// packageDirs are where pkgtools keep a file of each package: since 15.0, and before.
var packageDirs = []string{"/var/lib/pkgtools/packages", "/var/log/packages"}

// A Manager reads one host.
type Manager struct {
	Host host.Host

	// MaxAge is how long ago slackpkg may have fetched its lists before what is
	// pending counts as unknown. Zero is pkgupdate.DefaultMaxAge.
	MaxAge time.Duration
}

// Info names the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "slackpkg", Type: "slackware", Scheme: version.Slackware,
		Commands: pkgupdate.Commands{
			// It fetches nothing, and asks, where the mirror has no news: then it leaves no trace.
			Refresh: [][]string{{"slackpkg", "-batch=on", "-default_answer=y", "update"}},
			Upgrade: [][]string{{"slackpkg", "upgrade-all"}},
		},
	}
}

// Installed lists the packages by the names of their files.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	dir, entries, err := pkgupdate.FirstDir(ctx, m.Host, packageDirs...)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	var list []pkgupdate.Package
	var errs []error
	for _, e := range entries {
		p, ok := parseName(m.Info(), e.Name)
		if !ok {
			errs = append(errs, &pkgupdate.RecordError{Record: dir, Err: fmt.Errorf("%.80q is no name-version-arch-build", e.Name)})
			continue
		}
		list = append(list, p)
	}
	return pkgupdate.Kept(pkgupdate.Inventory(list, errs, fmt.Sprintf("%d packages in %s", len(list), dir), m.Host.Time()))
}

// parseName cuts name-version-arch-build at the last three hyphens. The build is a
// part of what differs between two packages.
func parseName(info pkgupdate.Info, full string) (pkgupdate.Package, bool) {
	parts := strings.Split(full, "-")
	n := len(parts)
	if n < 4 || parts[0] == "" {
		return pkgupdate.Package{}, false
	}
	p, err := pkgupdate.Parsed(info, strings.Join(parts[:n-3], "-"), parts[n-2], parts[n-3]+"-"+parts[n-1])
	return p, err == nil
}

// fullName puts a name together again.
func fullName(p pkgupdate.Package) string {
	ver, build, _ := strings.Cut(p.Version.String(), "-")
	return p.Name + "-" + ver + "-" + p.Arch + "-" + build
}

// Pending compares the installed packages with the mirror's list, those of its
// patches before all others.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	source := pkgupdate.Source{ID: "slackpkg", Kind: pkgupdate.OfSecurity}
	mirror, listErr := m.mirror(ctx)
	entries, made, logErr := m.changes(ctx)
	source.Date = made
	source.Err = logErr
	if len(mirror) == 0 { // else it is about some lines alone
		source.Err, listErr = errors.Join(listErr, logErr), nil
	}
	if at, err := pkgupdate.ModTime(ctx, m.Host, changeLog); err == nil {
		source.Fetched = at
	}
	source.Settle(m.Host.Time(), m.maxAge())
	pending := pkgupdate.Pending{Sources: []pkgupdate.Source{source}}
	left, leftErr := m.blacklist(ctx)
	for _, p := range installed.Value {
		is, ok := mirror[p.Name]
		if !ok || is.Version == p.Version {
			continue
		}
		u := pkgupdate.Upgrade{Pkg: p, Candidate: is.Version, Offer: pkgupdate.Offer{Class: pkgupdate.Ordinary}}
		if fixedSince(entries, p, is) {
			u.Class, u.Fix = pkgupdate.Security, is.Version
		}
		if left.has(append(is.lines, lineOf(p))) {
			u.Pkg.Held, u.Blocked = true, pkgupdate.Held
		}
		pending.Upgrades = append(pending.Upgrades, u)
	}
	pkgupdate.SortUpgrades(pending.Upgrades)
	if err := errors.Join(installed.Reason, listErr, leftErr, ctx.Err()); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(fmt.Sprintf("%d packages of the mirror in %s", len(mirror), pkglist), source.Fetched)
}

// Orphans are the packages that the mirror does not have: those of others, too.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	mirror, err := m.mirror(ctx)
	if len(mirror) == 0 {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	var list []pkgupdate.Package
	for _, p := range installed {
		if _, ok := mirror[p.Name]; !ok {
			list = append(list, p)
		}
	}
	if err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packages of the mirror in %s", len(mirror), pkglist), m.Host.Time())
}

// An offer is a package of the mirror, its folder there, and the lines that name it.
type offer struct {
	pkgupdate.Package
	folder string
	rank   int
	lines  []string
}

// priority is the order in which slackpkg looks for a package, where its configuration has
// no other: the parts of the mirror that are not named are the main one.
var priority = map[string]int{"patches": 1, "extra": 3, "pasture": 4, "testing": 5}

func rank(part string) int { return cmp.Or(priority[part], 2) }

// mirror reads the lines "part name version arch build file folder ending". Of a file that
// is named otherwise slackpkg leaves fields empty, and the others are known all the same.
func (m *Manager) mirror(ctx context.Context) (map[string]offer, error) {
	text, err := m.Host.ReadFile(ctx, pkglist, maxText)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pkglist, err)
	}
	list := map[string]offer{}
	var errs []error
	for _, line := range lines {
		f := strings.Fields(line)
		p, ok := pkgupdate.Package{}, false
		if len(f) > 6 {
			p, ok = parseName(m.Info(), f[5])
		}
		if !ok {
			errs = append(errs, &pkgupdate.RecordError{Record: pkglist, Err: fmt.Errorf("line %.80q", line)})
			continue
		}
		o, known := list[p.Name]
		o.lines = append(o.lines, strings.Join(f[:7], " "))
		if !known || rank(f[0]) < o.rank {
			o.Package, o.folder, o.rank = p, strings.TrimPrefix(f[6], "./"), rank(f[0])
		}
		list[p.Name] = o
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %w", pkglist, pkgupdate.ErrIncomplete)
	}
	return list, errors.Join(pkgupdate.Limited(errs)...)
}

func (m *Manager) maxAge() time.Duration {
	if m.MaxAge > 0 {
		return m.MaxAge
	}
	return pkgupdate.DefaultMaxAge
}
