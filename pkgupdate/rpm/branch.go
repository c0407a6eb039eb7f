package rpm

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// developed are the words by which sources of branches in development are known.
var developed = []string{"rawhide", "testing", "cauldron", "cooker", "tumbleweed", "factory", "slowroll"}

// dnfReleased reports whether a repository is one that the makers of releases enable.
func dnfReleased(s pkgupdate.Source) bool {
	return slices.Contains([]string{"fedora", "updates", "baseos", "appstream", "base"}, strings.ToLower(s.ID)) ||
		strings.HasPrefix(s.ID, "rhel-") || strings.HasPrefix(s.ID, "mageia-")
}

// zypperReleased reports whether a repository is of a release of SUSE. Those of others
// stand beside any branch.
func zypperReleased(s pkgupdate.Source) bool {
	return pkgupdate.Branch(s.URL, "leap", "sle", "sles", "sled") != "" || strings.Contains(strings.ToLower(s.URL), "/distribution/")
}

const fromFormat = "upkeep\t%{name}\t%{arch}\t%{from_repo}\n"

// Strays asks the front end which repository each package is from, or which has it.
func (m *Manager) Strays(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	branches := pkgupdate.Branched(sources)
	if len(branches) == 0 {
		return pkgupdate.Proven[pkgupdate.Stray](nil, "no source is of a branch in development", m.Host.Time())
	}
	for _, ask := range []func(context.Context, map[string]string) (map[[2]string]string, error){m.dnfFrom, m.zypperFrom, m.urpmiFrom} {
		from, err := ask(ctx, branches)
		if errors.Is(err, exec.ErrNotFound) {
			continue
		}
		var list []pkgupdate.Stray
		for _, p := range installed {
			_, plain, epoch := strings.Cut(p.Version.String(), ":")
			if !epoch {
				plain = p.Version.String()
			}
			branch := cmp.Or(from[[2]string{p.Name, p.Arch}], from[[2]string{p.Name + "-" + p.Version.String(), p.Arch}], from[[2]string{p.Name + "-" + plain, p.Arch}])
			if branch != "" {
				list = append(list, pkgupdate.Stray{Pkg: p, Branch: branch})
			}
		}
		if err != nil {
			return pkgupdate.Unproven(list, err)
		}
		return pkgupdate.Proven(list, fmt.Sprintf("the repositories of %d packages are known", len(from)), m.Host.Time())
	}
	return pkgupdate.Unproven[[]pkgupdate.Stray](nil, errUntold)
}

// dnfFrom reads the repository from which each package was installed.
func (m *Manager) dnfFrom(ctx context.Context, branches map[string]string) (map[[2]string]string, error) {
	out, err := m.query(ctx, "dnf", "-q", "-C", "repoquery", "--installed", "--qf", fromFormat)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	from := map[[2]string]string{}
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) == 4 && f[0] == "upkeep" {
			from[[2]string{f[1], f[2]}] = branches[f[3]]
		} else if strings.TrimSpace(line) != "" {
			err = errors.Join(err, fmt.Errorf("dnf repoquery: a line that is not ours: %.80q", line))
		}
	}
	if len(from) == 0 {
		err = errors.Join(err, fmt.Errorf("dnf repoquery --installed: %w", pkgupdate.ErrIncomplete))
	}
	return from, err
}

// zypperFrom reads which repositories have the installed version of each package.
func (m *Manager) zypperFrom(ctx context.Context, branches map[string]string) (map[[2]string]string, error) {
	repos, err := m.zypperAsk(ctx, "repos")
	if err != nil {
		return nil, err
	}
	byName := map[string]string{}
	for _, r := range repos.Repos {
		if was, twice := byName[r.Name]; twice && was != branches[r.Alias] {
			return nil, fmt.Errorf("zypper: two repositories are called %.80q, and one is in development", r.Name)
		}
		byName[r.Name] = branches[r.Alias]
	}
	out, err := m.query(ctx, "zypper", "--non-interactive", "--xmlout", "--no-refresh", "search", "--installed-only", "--type", "package", "--details")
	if err != nil {
		return nil, err
	}
	var s struct {
		XMLName xml.Name `xml:"stream"`
		Found   []struct {
			Name    string `xml:"name,attr"`
			Edition string `xml:"edition,attr"`
			Arch    string `xml:"arch,attr"`
			Repo    string `xml:"repository,attr"`
		} `xml:"search-result>solvable-list>solvable"`
	}
	if err := xml.Unmarshal(out, &s); err != nil || len(s.Found) == 0 {
		return nil, fmt.Errorf("zypper search: %w", errors.Join(pkgupdate.ErrIncomplete, err))
	}
	from := map[[2]string]string{}
	for _, p := range s.Found {
		key := [2]string{p.Name + "-" + p.Edition, p.Arch}
		if branch, known := from[key]; !known || branch != "" {
			from[key] = byName[p.Repo]
		}
	}
	return from, nil
}

// urpmiFrom reads which media have the installed version of each package: from which one
// it came is not kept, and what a medium of the release has too is no stray.
func (m *Manager) urpmiFrom(ctx context.Context, branches map[string]string) (map[[2]string]string, error) {
	names := slices.Sorted(maps.Keys(branches))
	from := map[[2]string]string{}
	for _, name := range names {
		if err := m.urpmiHas(ctx, from, branches[name], "--media", name); err != nil {
			return from, err
		}
	}
	return from, m.urpmiHas(ctx, from, "", "--excludemedia", strings.Join(names, ","))
}

// urpmiHas enters what some media have.
func (m *Manager) urpmiHas(ctx context.Context, from map[[2]string]string, branch string, options ...string) error {
	out, err := m.Host.Query(ctx, append([]string{"urpmq", "--list", "-f"}, options...)...)
	if err != nil {
		return err
	}
	lines, err := pkgupdate.Lines(out)
	if len(lines) == 0 {
		err = errors.Join(err, fmt.Errorf("urpmq --list: %w", pkgupdate.ErrIncomplete))
	}
	for _, line := range lines {
		f := nevra.FindStringSubmatch(line)
		if f == nil {
			err = errors.Join(err, fmt.Errorf("urpmq --list: line %.80q", line))
			continue
		}
		from[[2]string{f[1] + "-" + f[2], f[3]}] = branch
	}
	return err
}
