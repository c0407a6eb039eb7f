package freebsd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

var (
	confDirs = []string{"/etc/pkg", "/usr/local/etc/pkg/repos"} // the later wins

	variable = regexp.MustCompile(`\$\{[^}]*\}`)
	section  = regexp.MustCompile(`(?s)([A-Za-z0-9_.-]+)"?\s*:?\s*\{(.*?)\}`)
	address  = regexp.MustCompile(`(?i)\burl"?\s*[:=]\s*"?([^",\s]+)`)
	// The base system of a branch; that of a release is base_release_N. "latest" of the
	// ports is a choice that a release supports.
	snapshots = regexp.MustCompile(`/base_(latest|weekly)\b`)
)

const maxConf = 1 << 20

// branches gives, of a system that is a release, the repositories of a branch in
// development.
func (m *Manager) branches(ctx context.Context) (map[string]string, error) {
	of := map[string]string{}
	var errs []error
	for _, dir := range confDirs {
		entries, err := m.Host.ReadDir(ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if path.Ext(e.Name) != ".conf" {
				continue
			}
			text, err := m.Host.ReadFile(ctx, dir+"/"+e.Name, maxConf)
			errs = append(errs, err)
			parseRepos(string(text), of)
		}
	}
	for name, branch := range of {
		if branch == "" {
			delete(of, name)
		}
	}
	if err := errors.Join(errs...); err != nil || len(of) == 0 {
		return of, err
	}
	out, err := m.Host.Query(ctx, "freebsd-version", "-u")
	if err == nil && !strings.Contains(string(out), "-RELEASE") {
		clear(of) // it is what the system is
	}
	return of, err
}

// parseRepos reads `name: { url: "…", … }`. One of which no address is given here keeps
// the one that it has.
func parseRepos(text string, of map[string]string) {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines = append(lines, line)
		}
	}
	for _, f := range section.FindAllStringSubmatch(variable.ReplaceAllString(strings.Join(lines, ""), "x"), -1) {
		if url := address.FindStringSubmatch(f[2]); url != nil {
			of[f[1]] = ""
			if b := snapshots.FindStringSubmatch(url[1]); b != nil {
				of[f[1]] = "base_" + b[1]
			}
		}
	}
}

const fromFormat = "upkeep\t%n\t%R"

// Strays are the packages that pkg has from a repository of a branch in development.
func (m *Manager) Strays(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	if _, err := m.branches(ctx); err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Stray](nil, err)
	}
	branches := pkgupdate.Branched(sources)
	if len(branches) == 0 {
		return pkgupdate.Proven[pkgupdate.Stray](nil, "no repository is of a branch in development", m.Host.Time())
	}
	out, err := m.Host.Query(ctx, "pkg", "query", "-a", fromFormat)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Stray](nil, err)
	}
	lines, err := pkgupdate.Lines(out)
	var list []pkgupdate.Stray
	known := 0
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[0] != "upkeep" {
			err = errors.Join(err, fmt.Errorf("pkg query: line %.80q", line))
			continue
		}
		known++
		if p, ok := pkgupdate.Find(installed, f[1]); ok && branches[f[2]] != "" {
			list = append(list, pkgupdate.Stray{Pkg: p, Branch: branches[f[2]]})
		}
	}
	if known < len(installed) {
		err = errors.Join(err, fmt.Errorf("pkg query: %w", pkgupdate.ErrIncomplete))
	}
	if err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("the repositories of %d packages are known", known), m.Host.Time())
}
