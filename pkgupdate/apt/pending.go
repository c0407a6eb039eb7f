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
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

var errNoSecurity = fmt.Errorf("%w: none of the configured repositories holds them", pkgupdate.ErrUnclassified)

// Pending asks apt-get what it would upgrade, and the security repositories
// for all that is older than what they hold.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	m, keep := m.recall(ctx)
	installed := m.Installed(ctx)
	p := newPlan(installed.Value)
	simulated := make(chan struct{})
	var evidence string
	var simErr error
	go func() { // it takes the longest, and the others need nothing of it
		defer close(simulated)
		evidence, simErr = m.simulate(ctx, p)
	}()
	targets, fixErr := m.targets(ctx)
	x, indexErr := m.index(ctx, targets, dpkg.NativeArch(installed.Value))
	var fixed map[key]version.Version
	if fixErr == nil {
		fixed, fixErr = m.securityVersions(ctx, installed.Value, x)
	}
	<-simulated
	if simErr == nil && indexErr == nil && (fixErr == nil || errors.Is(fixErr, errNoSecurity)) {
		keep()
	}
	if x.secure() && errors.Is(fixErr, errNoSecurity) {
		fixErr = nil // it is there, and empty: apt has no file of it
	}
	p.addFixes(fixed, simErr == nil)
	m.pins(ctx, p)
	if fixErr == nil && indexErr == nil {
		p.classify(x.says)
	}
	if x.unread() && errors.Is(fixErr, errNoSecurity) {
		fixErr = nil // it may be the one that was never fetched
	}
	pending := pkgupdate.Pending{Upgrades: p.list(x.fixes), Sources: x.sources}
	if err := errors.Join(installed.Reason, simErr, indexErr, fixErr, ctx.Err()); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(evidence, x.asOf)
}

// simulate fills p from apt-get upgrade and, when that leaves some alone that it may not
// have to, from apt-get dist-upgrade. It returns the summary line.
func (m *Manager) simulate(ctx context.Context, p *plan) (string, error) {
	upgrade, err := m.aptGet(ctx, "--with-new-pkgs", "upgrade")
	if err != nil {
		return "", err
	}
	err = p.add(upgrade, "")
	if p.stays(upgrade) {
		return upgrade.Summary, errors.Join(err, p.leave(upgrade))
	}
	full, fullErr := m.aptGet(ctx, "dist-upgrade")
	if fullErr != nil {
		return "", errors.Join(err, fullErr)
	}
	reason := pkgupdate.KeptBack
	if len(full.Removes) > 0 {
		reason = pkgupdate.NeedsRemoval
	}
	err = errors.Join(err, p.leave(full), p.add(full, reason))
	if named := len(full.KeptBack) + len(full.Phased); named < full.NotUpgraded() {
		err = errors.Join(err, fmt.Errorf("apt-get -s: %d packages are left alone, but %d are named", full.NotUpgraded(), named))
	}
	return upgrade.Summary, err
}

// stays reports whether apt-get dist-upgrade would leave alone what upgrade did: what is
// held and what comes in phases, both do.
func (p *plan) stays(s Simulation) bool {
	movable := slices.ContainsFunc(s.KeptBack, func(name string) bool {
		var k key
		k.name, k.arch, _ = strings.Cut(name, ":")
		return !p.installed[k].Held
	})
	return !movable && len(s.KeptBack)+len(s.Phased) == s.NotUpgraded()
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

// targets asks apt which lists of packages are configured. Where it has lists it reads
// them all before it answers, so it is asked as though there were none: what is there
// index finds. An apt that does not answer so is asked the long way.
func (m *Manager) targets(ctx context.Context) ([]target, error) {
	ask := func(options ...string) ([]target, error) {
		args := append([]string{"apt-get", "indextargets", "-o", "Debug::NoLocking=1"}, options...)
		out, err := m.run(ctx, host.Command{Args: append(args, "Created-By: Packages")})
		if err != nil {
			return nil, err
		}
		return parseTargets(out)
	}
	if list, err := ask("--no-release-info", "-o", "Dir::State::lists="+nowhere, "--format", nameFormat); err == nil {
		return list, nil
	}
	return ask("--format", targetFormat)
}

// securityVersions gives, for installed packages, the newest version in any
// security repository of this release.
func (m *Manager) securityVersions(ctx context.Context, installed []pkgupdate.Package, x index) (map[key]version.Version, error) {
	args := []string{"/usr/lib/apt/apt-helper", "cat-file"}
	for _, t := range x.targets {
		if x.serves(t) {
			args = append(args, t.file)
		}
	}
	if len(args) == 2 {
		return nil, errNoSecurity
	}
	if out, ok := m.said.answer(args); ok {
		if newest, ok := parseFixes(out); ok {
			return newest, nil
		}
	}
	f := newFixes(installed)
	if _, err := m.run(ctx, host.Command{Args: args, Stdout: f}); err != nil {
		return nil, err
	}
	f.end()
	m.said.note(args, marshalFixes(f.newest))
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
// A downgrade, which a pin can ask for, is no upgrade.
func (p *plan) add(s Simulation, blocked pkgupdate.Block) error {
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
		}
		if u == nil {
			continue
		}
		u.Blocked = blocked
		p.upgrades[k] = u
	}
	return errors.Join(pkgupdate.Limited(errs)...)
}

func (p *plan) upgrade(k key, in Install) (*pkgupdate.Upgrade, error) {
	u := &pkgupdate.Upgrade{New: in.From == "", Origins: in.Origins, Pkg: pkgupdate.Package{Type: dpkg.Type, Name: in.Name, Arch: in.Arch, Foreign: in.Foreign}}
	var err error
	if u.Candidate, err = version.Parse(version.Deb, in.To); err != nil {
		return nil, &pkgupdate.RecordError{Record: "apt-get -s: " + in.Name, Err: err}
	}
	if u.New {
		return u, nil
	}
	pkg, ok := p.installed[k]
	if !ok || pkg.Version.String() != in.From {
		return nil, fmt.Errorf("apt-get -s: %s %s is not what the dpkg database holds: it changed meanwhile", in.Name, in.From)
	}
	u.Pkg = pkg
	// The same version is offered again where a repository has another build of it.
	if version.Compare(u.Candidate, pkg.Version) == version.Older {
		return nil, nil
	}
	return u, nil
}

// leave notes packages that even dist-upgrade leaves alone. What they would
// become is not said.
func (p *plan) leave(s Simulation) error {
	var errs []error
	for _, l := range []struct {
		names  []string
		reason pkgupdate.Block
	}{{s.Phased, pkgupdate.Phased}, {s.KeptBack, pkgupdate.KeptBack}} {
		for _, name := range l.names {
			errs = append(errs, p.leaveOne(name, l.reason))
		}
	}
	return errors.Join(pkgupdate.Limited(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))...)
}

// leaveOne takes a name with the architecture, where that is a foreign one.
func (p *plan) leaveOne(name string, reason pkgupdate.Block) error {
	var k key
	k.name, k.arch, _ = strings.Cut(name, ":")
	pkg, ok := p.installed[k]
	if !ok {
		return fmt.Errorf("apt-get -s: %.80q is kept back, but not in the dpkg database: it changed meanwhile", name)
	}
	if p.upgrades[k] == nil {
		p.upgrades[k] = &pkgupdate.Upgrade{Pkg: pkg, Offer: pkgupdate.Offer{Blocked: blockedBy(pkg, reason)}}
	}
	return nil
}

func blockedBy(pkg pkgupdate.Package, otherwise pkgupdate.Block) pkgupdate.Block {
	if pkg.Held {
		return pkgupdate.Held
	}
	return otherwise
}

// addFixes marks the upgrades of what is older than in a security repository,
// and adds those that apt-get does not offer: it keeps them back, if its plan
// is complete.
func (p *plan) addFixes(fixed map[key]version.Version, complete bool) {
	for k, fix := range fixed {
		pkg := p.installed[k]
		if version.Compare(pkg.Version, fix) != version.Older {
			continue
		}
		u := p.upgrades[k]
		if u == nil {
			u = &pkgupdate.Upgrade{Pkg: pkg}
			if complete || pkg.Held {
				u.Blocked = blockedBy(pkg, pkgupdate.KeptBack)
			}
			p.upgrades[k] = u
		}
		u.Fix, u.Class = fix, pkgupdate.Security
		if u.Blocked == "" && u.Candidate != fix {
			u.Remedy = exactly(pkg, fix)
		}
	}
}

// exactly is the command that installs one version, whatever a preference says.
func exactly(pkg pkgupdate.Package, to version.Version) *report.Remedy {
	return &report.Remedy{Do: [][]string{{"apt-get", "install", "--only-upgrade", pkg.Label() + "=" + to.String()}}}
}

// pins asks of the fixes that apt keeps back without a reason whether a preference of the
// administrator chooses an older version. Where nobody answers they stay without one.
func (m *Manager) pins(ctx context.Context, p *plan) {
	var list []pkgupdate.Package
	for k, u := range p.upgrades {
		if u.Blocked == pkgupdate.KeptBack && !u.Fix.IsZero() {
			list = append(list, p.installed[k])
		}
	}
	if len(list) == 0 {
		return
	}
	pkgupdate.SortPackages(list)
	known, err := m.policies(ctx, list)
	if err != nil {
		return
	}
	for _, pkg := range list {
		o, err := known.of(pkg)
		if u := p.upgrades[keyOf(pkg)]; err == nil && version.Compare(o.candidate, u.Fix) == version.Older {
			u.Blocked, u.Remedy = pkgupdate.Pinned, exactly(pkg, u.Fix)
		}
	}
}

// classify says of the others what they are. What comes from a repository that
// does not say what it fixes stays unclassified.
func (p *plan) classify(says func(origins []string) bool) {
	for _, u := range p.upgrades {
		switch {
		case slices.ContainsFunc(u.Origins, securityOrigin):
			u.Class = pkgupdate.Security
		case u.Class == pkgupdate.Unclassified && says(u.Origins):
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
