// Package openbsd reads the packages of OpenBSD, what pkg_add would update, and
// which patches of the base system are missing.
//
//	m := &openbsd.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// pkg_add and syspatch ask the mirror each time, so what they answer is of now. On
// a release the packages that are updated are those with a security fix; on a
// snapshot that is not known. The status with which pkg_add ends says nothing: its
// lines are read, and one that is not known makes the answer unknown. It is asked with
// -v, since without a terminal it says nothing else of what it would update.
package openbsd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

const database = "/var/db/pkg"

// A Manager reads one host. It is a pkgupdate.Manager.
type Manager struct{ Host host.Host }

// Info names the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "pkg_add", Type: "openbsd", Scheme: version.OpenBSD,
		Commands: pkgupdate.Commands{
			Upgrade: [][]string{{"syspatch"}, {"pkg_add", "-u"}}, UpgradeSome: []string{"pkg_add", "-u"}, Repair: [][]string{{"pkg_check"}},
		},
	}
}

// Installed lists the folders of the package database.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	return pkgupdate.Folders(ctx, m.Host, m.parseName, database)
}

var (
	stem = regexp.MustCompile(`^([A-Za-z0-9_][^ /]*?)-([0-9][^-/ ]*)(-[^/ ]+)?$`)
	libs = regexp.MustCompile(`^\.libs\d*-`)
)

// parseName cuts stem-version[-flavor…]: the version is the first part that begins
// with a digit. The libraries that pkg_add keeps of a former version, since something
// still needs them, are no package that it updates.
func (m *Manager) parseName(full string) (pkgupdate.Package, error) {
	if libs.MatchString(full) {
		return pkgupdate.Package{}, nil
	}
	f := stem.FindStringSubmatch(full)
	if f == nil {
		return pkgupdate.Package{}, &pkgupdate.RecordError{Record: database, Err: fmt.Errorf("%.80q is no stem-version", full)}
	}
	p, err := pkgupdate.Parsed(m.Info(), f[1], "", f[2]+f[3])
	if strings.HasPrefix(f[1], "partial-") { // what pkg_add calls one that it could not finish
		p.Fault = "it was installed in part"
	}
	return p, err
}

// Audit gives the packages that pkg_add could not finish.
func (m *Manager) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	changed, err := pkgupdate.ModTime(ctx, m.Host, database)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Fault](nil, err)
	}
	return pkgupdate.Faults(m.Installed(ctx), changed, m.Host.Time())
}

// Pending asks pkg_add and syspatch.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	release, class, classErr := m.release(ctx)
	var pending pkgupdate.Pending
	plan, addErr := m.packages(ctx, installed.Value, class, &pending)
	now := m.Host.Time()
	packages := pkgupdate.Source{ID: "packages", Kind: pkgupdate.OfSecurity, Err: addErr}
	if addErr == nil {
		packages.Fetched = now
	}
	if f := sign.FindStringSubmatch(plan.signed); f != nil {
		packages.Date, _ = time.Parse(time.RFC3339, f[1]) // zero: it does not say
	}
	base := pkgupdate.Source{ID: "syspatch", Kind: pkgupdate.OfSecurity}
	if class == pkgupdate.Security {
		if base.Err = m.patches(ctx, release, &pending); base.Err == nil {
			base.Fetched = now
		}
		base.Settle(now, pkgupdate.DefaultMaxAge)
		pending.Sources = append(pending.Sources, base)
	}
	packages.Settle(now, pkgupdate.DefaultMaxAge)
	pending.Sources = append(pending.Sources, packages)
	pkgupdate.SortUpgrades(pending.Upgrades)
	if err := errors.Join(append(plan.gaps, installed.Reason, classErr)...); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(plan.signed, now)
}

// release tells which one this is, and what an update of it is for: on a release and its
// -stable branch a fix of a hole. A snapshot says -current or -beta.
func (m *Manager) release(ctx context.Context) (string, pkgupdate.Class, error) {
	out, err := m.Host.Query(ctx, "sysctl", "-n", "kern.version")
	if err != nil {
		return "", pkgupdate.Unclassified, err
	}
	first, _, _ := strings.Cut(string(out), "\n")
	name, ok := strings.CutPrefix(first, "OpenBSD ")
	name, _, _ = strings.Cut(name, " ")
	switch {
	case !ok:
		return "", pkgupdate.Unclassified, fmt.Errorf("sysctl kern.version: %.80q", first)
	case strings.Contains(first, "-current"), strings.Contains(first, "-beta"):
		return name, pkgupdate.Unclassified, fmt.Errorf("%w: this is a snapshot", pkgupdate.ErrUnclassified)
	}
	return name, pkgupdate.Security, nil
}

var patchID = regexp.MustCompile(`^\d{3}_[A-Za-z0-9_-]+$`)

// patches asks which patches are missing, one a line. Nothing printed is none, if
// the command says that it worked. The first ones of syspatch, by its source, end well and
// say nothing as well where the mirror has no list of patches.
func (m *Manager) patches(ctx context.Context, release string, into *pkgupdate.Pending) error {
	out, err := m.Host.Query(ctx, "syspatch", "-c")
	if err != nil {
		return err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return fmt.Errorf("syspatch: %w", err)
	}
	for _, line := range lines {
		if !patchID.MatchString(line) {
			return fmt.Errorf("syspatch -c: a line that is not known: %.120q", line)
		}
		into.Patches = append(into.Patches, pkgupdate.Patch{
			Type: "openbsd", ID: line, Title: "patch " + line + " of the base system", Reboot: strings.Contains(line, "kernel"),
			Offer: pkgupdate.Offer{Class: pkgupdate.Security, Remedy: &report.Remedy{Do: [][]string{{"syspatch"}}}},
		})
	}
	if len(lines) == 0 && strings.HasPrefix(release, "6.") {
		return fmt.Errorf("syspatch -c of OpenBSD %s says nothing, whether the mirror has a list of patches or not: %w", release, pkgupdate.ErrIncomplete)
	}
	return nil
}
