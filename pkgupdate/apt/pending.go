package apt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

var errNoSecurity = fmt.Errorf("%w: none of the configured repositories holds them", pkgupdate.ErrUnclassified)

// Pending asks apt-get what it would upgrade, and the security repositories
// for all that is older than what they hold.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Upgrade] {
	installed := m.Installed(ctx)
	p := newPlan(installed.Value)
	evidence, simErr := m.simulate(ctx, p)
	index, staleErr := m.freshness(ctx)
	fixed, fixErr := m.securityVersions(ctx, installed.Value)
	if index.security && errors.Is(fixErr, errNoSecurity) {
		fixErr = nil // it is there, and empty: apt has no file of it
	}
	p.addFixes(fixed, simErr == nil)
	p.classify(fixErr == nil)
	if errors.Is(staleErr, pkgupdate.ErrNeverFetched) && errors.Is(fixErr, errNoSecurity) {
		fixErr = nil // it may be the one that was never fetched
	}
	list := p.list(index.fixesDated)
	if err := errors.Join(installed.Reason, simErr, fixErr, staleErr, ctx.Err()); err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, evidence, index.asOf)
}

// simulate fills p from apt-get upgrade and, when that leaves some alone, from
// apt-get dist-upgrade. It returns the summary line.
func (m *Manager) simulate(ctx context.Context, p *plan) (string, error) {
	upgrade, err := m.aptGet(ctx, "--with-new-pkgs", "upgrade")
	if err != nil {
		return "", err
	}
	err = p.add(upgrade, "")
	if upgrade.NotUpgraded() == 0 {
		return upgrade.Summary, err
	}
	full, fullErr := m.aptGet(ctx, "dist-upgrade")
	if fullErr != nil {
		return "", errors.Join(err, fullErr)
	}
	err = errors.Join(err, p.leave(full.KeptBack), p.add(full, pkgupdate.KeptBack))
	if named := len(full.KeptBack); named < full.NotUpgraded() {
		err = errors.Join(err, fmt.Errorf("apt-get -s: %d packages are left alone, but %d are named", full.NotUpgraded(), named))
	}
	return upgrade.Summary, err
}

func (m *Manager) aptGet(ctx context.Context, action ...string) (Simulation, error) {
	args := append([]string{
		"apt-get", "-s", "-o", "Debug::NoLocking=1", "-o", "APT::Get::Show-User-Simulation-Note=no",
	}, action...)
	out, err := m.run(ctx, host.Command{Args: args, Limit: maxSimulate})
	if err != nil {
		return Simulation{}, err
	}
	return ParseSimulation(out)
}

// securityVersions gives, for installed packages, the newest version in any
// security repository.
func (m *Manager) securityVersions(ctx context.Context, installed []pkgupdate.Package) (map[key]version.Version, error) {
	out, err := m.run(ctx, host.Command{Args: []string{
		"apt-get", "indextargets", "-o", "Debug::NoLocking=1", "--format", targetFormat, "Created-By: Packages",
	}})
	if err != nil {
		return nil, err
	}
	targets, err := parseTargets(out)
	if err != nil {
		return nil, err
	}
	args := []string{"/usr/lib/apt/apt-helper", "cat-file"}
	for _, t := range targets {
		if t.security() {
			args = append(args, t.file)
		}
	}
	if len(args) == 2 {
		return nil, errNoSecurity
	}
	f := newFixes(installed)
	if _, err = m.run(ctx, host.Command{Args: args, Stdout: f}); err != nil {
		return nil, err
	}
	f.end()
	return f.newest, nil
}

// A plan gathers upgrades by package.
type plan struct {
	installed map[key]pkgupdate.Package
	upgrades  map[key]*pkgupdate.Upgrade
}

func newPlan(installed []pkgupdate.Package) *plan {
	p := &plan{installed: map[key]pkgupdate.Package{}, upgrades: map[key]*pkgupdate.Upgrade{}}
	for _, pkg := range installed {
		p.installed[keyOf(pkg)] = pkg
	}
	return p
}

// add takes the Inst lines of s that p does not have yet, as blocked by reason.
// A downgrade is no upgrade: it is the error.
func (p *plan) add(s Simulation, blocked string) error {
	var errs []error
	for _, in := range s.Installs {
		k := key{name: in.Name}
		if in.Foreign {
			k.arch = in.Arch
		}
		if p.upgrades[k] != nil {
			continue
		}
		u, err := p.upgrade(k, in)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		u.Blocked = blocked
		p.upgrades[k] = u
	}
	return errors.Join(limited(errs)...)
}

func (p *plan) upgrade(k key, in Install) (*pkgupdate.Upgrade, error) {
	u := &pkgupdate.Upgrade{Origins: in.Origins, Pkg: pkgupdate.Package{Name: in.Name, Arch: in.Arch, Foreign: in.Foreign}}
	var err error
	if u.To, err = version.Parse(version.Deb, in.To); err != nil {
		return nil, fmt.Errorf("apt-get -s: %s: %w", in.Name, err)
	}
	if in.From == "" {
		return u, nil
	}
	pkg, ok := p.installed[k]
	if !ok || pkg.Version.String() != in.From {
		return nil, fmt.Errorf("apt-get -s: %s %s is not what the dpkg database holds: it changed meanwhile", in.Name, in.From)
	}
	u.Pkg, u.From = pkg, pkg.Version
	// The same version is offered again where a repository has another build of it.
	if version.Compare(u.To, u.From) == version.Older {
		return nil, fmt.Errorf("apt-get -s: %s would go back from %s to %s", in.Name, in.From, in.To)
	}
	return u, nil
}

// leave notes packages that even dist-upgrade leaves alone; apt names the
// architecture of foreign ones. What they would become is not said.
func (p *plan) leave(names []string) error {
	var errs []error
	for _, name := range names {
		var k key
		k.name, k.arch, _ = strings.Cut(name, ":")
		pkg, ok := p.installed[k]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("apt-get -s: %.80q is kept back, but not in the dpkg database: it changed meanwhile", name))
		case p.upgrades[k] == nil:
			p.upgrades[k] = &pkgupdate.Upgrade{Pkg: pkg, From: pkg.Version, Blocked: blockedBy(pkg)}
		}
	}
	return errors.Join(limited(errs)...)
}

func blockedBy(pkg pkgupdate.Package) string {
	if pkg.Held {
		return pkgupdate.Held
	}
	return pkgupdate.KeptBack
}

// addFixes marks the upgrades of what is older than in a security repository,
// and adds those that apt-get does not offer: it keeps them back, if its plan
// is complete.
func (p *plan) addFixes(fixed map[key]version.Version, complete bool) {
	for k, to := range fixed {
		pkg := p.installed[k]
		if version.Compare(pkg.Version, to) != version.Older {
			continue
		}
		u := p.upgrades[k]
		if u == nil {
			u = &pkgupdate.Upgrade{Pkg: pkg, From: pkg.Version}
			if complete || pkg.Held {
				u.Blocked = blockedBy(pkg)
			}
			p.upgrades[k] = u
		}
		if u.To.IsZero() {
			u.To = to
		}
		u.Class = pkgupdate.Security
	}
}

// classify says of the others what they are. Unless the security repositories
// were read, what does not come from one stays unclassified.
func (p *plan) classify(complete bool) {
	for _, u := range p.upgrades {
		switch {
		case slices.ContainsFunc(u.Origins, securityOrigin):
			u.Class = pkgupdate.Security
		case complete && u.Class == pkgupdate.Unclassified:
			u.Class = pkgupdate.Ordinary
		}
	}
}

// list gives the upgrades in order; fixes were on offer by dated.
func (p *plan) list(dated time.Time) []pkgupdate.Upgrade {
	list := make([]pkgupdate.Upgrade, 0, len(p.upgrades))
	for _, u := range p.upgrades {
		if u.Class == pkgupdate.Security {
			u.Offered = dated
		}
		list = append(list, *u)
	}
	pkgupdate.SortUpgrades(list)
	return list
}

func (m *Manager) maxAge() time.Duration {
	if m.MaxAge > 0 {
		return m.MaxAge
	}
	return defaultAge
}
