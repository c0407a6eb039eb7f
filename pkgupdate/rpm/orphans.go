package rpm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const extrasFormat = "upkeep\t%{name}\t%{arch}\n"

// Orphans asks the front end for what is installed and in no repository.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	for _, ask := range []func(context.Context, []pkgupdate.Package) (map[[2]string]bool, string, error){m.dnfExtras, m.zypperOrphaned, m.urpmiMissing, m.yumExtras} {
		names, evidence, err := ask(ctx, installed)
		if errors.Is(err, exec.ErrNotFound) {
			continue
		}
		var list []pkgupdate.Package
		for _, p := range installed {
			if names[[2]string{p.Name, p.Arch}] || names[[2]string{p.Name + "-" + p.Version.String(), p.Arch}] {
				list = append(list, p)
			}
		}
		if err != nil {
			return pkgupdate.Unproven(list, err)
		}
		return pkgupdate.Proven(list, evidence, m.Host.Time())
	}
	return pkgupdate.Unproven[[]pkgupdate.Package](nil, errUntold)
}

// dnfExtras: that there are repositories is known of Pending, without which nobody
// asks.
func (m *Manager) dnfExtras(ctx context.Context, _ []pkgupdate.Package) (map[[2]string]bool, string, error) {
	out, err := m.query(ctx, "dnf", "-q", "-C", "repoquery", "--extras", "--qf", extrasFormat)
	if err != nil {
		return nil, "", err
	}
	rows, err := ours("dnf repoquery", out, 3)
	names := map[[2]string]bool{}
	for _, f := range rows {
		names[[2]string{f[1], f[2]}] = true
	}
	return names, fmt.Sprintf("dnf names %d packages that no repository has", len(names)), err
}

// zypperOrphaned reads a table, the only form that zypper has of it: "i | @System |
// old | 1-1 | noarch". Its heading, or the sentence that there is none, is the proof.
func (m *Manager) zypperOrphaned(ctx context.Context, _ []pkgupdate.Package) (map[[2]string]bool, string, error) {
	out, err := m.query(ctx, "zypper", "--non-interactive", "--no-refresh", "packages", "--orphaned")
	if err != nil {
		return nil, "", err
	}
	lines, err := pkgupdate.Lines(out)
	names, whole := map[[2]string]bool{}, false
	for _, line := range lines {
		f := strings.Split(line, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		switch {
		case len(f) == 5 && f[0] == "S" && f[2] == "Name", strings.HasPrefix(line, "No packages found"):
			whole = true
		case len(f) == 5 && whole && validName(f[2]):
			names[[2]string{f[2], f[4]}] = true
		}
	}
	if !whole {
		err = errors.Join(err, errors.New("zypper packages: no table"))
	}
	return names, fmt.Sprintf("zypper names %d packages that no repository has", len(names)), err
}

// urpmiMissing reads name-version-release.arch, one a line.
func (m *Manager) urpmiMissing(ctx context.Context, installed []pkgupdate.Package) (map[[2]string]bool, string, error) {
	out, err := m.Host.Query(ctx, "urpmq", "--not-available")
	if err != nil {
		return nil, "", err
	}
	lines, err := pkgupdate.Lines(out)
	names := map[[2]string]bool{}
	for _, line := range lines {
		f := nevra.FindStringSubmatch(line)
		if f == nil {
			err = errors.Join(err, fmt.Errorf("urpmq --not-available: line %.80q", line))
			continue
		}
		names[[2]string{f[1], f[3]}] = true
	}
	if len(names) == len(installed) {
		err = errors.Join(err, fmt.Errorf("urpmq --not-available: %w", pkgupdate.ErrIncomplete))
	}
	return names, fmt.Sprintf("urpmq names %d packages that no medium has", len(names)), err
}
