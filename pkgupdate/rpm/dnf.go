package rpm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

const upgradesFormat = "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n"

const dnf5 = "/usr/bin/dnf5"

// dnf asks dnf 4 or 5 for what it has in its cache. check-update is never read: its
// tables wrap, and what programs print before them looks like packages.
func (m *Manager) dnf(ctx context.Context, installed []pkgupdate.Package) (pkgupdate.Pending, string, error) {
	var pending pkgupdate.Pending
	repos, err := m.dnfRepos(ctx)
	if err != nil {
		return pending, "", err
	}
	pending.Sources = repos
	var errs [4]error
	pending.Upgrades, errs[0] = m.dnfUpgrades(ctx, installed)
	all, err := m.dnfUpgrades(ctx, installed, m.unbound(ctx)...)
	if err != nil {
		errs[1] = fmt.Errorf("what is excluded from updates is not known: %w", err)
	}
	locks, err := m.locks(ctx)
	errs[2] = err
	hold(&pending, all, locks, pkgupdate.Held)
	updateinfo := slices.Concat([]string{"dnf", "-q", "-C"}, m.unbound(ctx), []string{"updateinfo", "list"})
	errs[3] = m.classify(ctx, &pending, notices{m.query, updateinfo, append(updateinfo[:len(updateinfo):len(updateinfo)], "--security"), []string{"dnf", "upgrade"}, m.dnfCache})
	return pending, fmt.Sprintf("dnf lists %d repositories, and what they have that is newer", len(repos)), errors.Join(errs[:]...)
}

// unbound are the options with which dnf tells also of what its configuration excludes.
// What it excludes has no advisory for it either.
func (m *Manager) unbound(ctx context.Context) []string {
	if _, err := m.Host.Lstat(ctx, dnf5); err == nil {
		return []string{"--setopt=disable_excludes=*"}
	}
	return []string{"--disableexcludes=all"}
}

// dnfUpgrades asks for what is newer.
func (m *Manager) dnfUpgrades(ctx context.Context, installed []pkgupdate.Package, options ...string) ([]pkgupdate.Upgrade, error) {
	args := slices.Concat([]string{"dnf", "-q", "-C"}, options, []string{"repoquery", "--upgrades", "--qf", upgradesFormat})
	out, err := m.query(ctx, args...)
	if err != nil {
		return nil, err
	}
	return m.upgrades("dnf repoquery", out, installed)
}

// upgrades reads the lines of upgradesFormat.
func (m *Manager) upgrades(from string, out []byte, installed []pkgupdate.Package) ([]pkgupdate.Upgrade, error) {
	rows, err := ours(from, out, 7)
	errs := []error{err}
	var list []pkgupdate.Upgrade
	for _, f := range rows {
		u, newer, err := m.offer(installed, f[1], f[5], evr(f[2], f[3], f[4]))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", from, err))
		} else if newer {
			u.Origins = []string{f[6]}
			list = append(list, u)
		}
	}
	return list, errors.Join(errs...)
}

// ours reads the lines of a format that begins with our word and has n columns. Beside
// an error, which names what is not ours, it gives the others.
func ours(from string, out []byte, n int) (rows [][]string, err error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	var errs []error
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) == n && f[0] == "upkeep" {
			rows = append(rows, f)
		} else if strings.TrimSpace(line) != "" {
			errs = append(errs, fmt.Errorf("%s: a line that is not ours: %.80q", from, line))
		}
	}
	return rows, errors.Join(errs...)
}

// dnfRepos lists the enabled repositories and when each was fetched.
func (m *Manager) dnfRepos(ctx context.Context) ([]pkgupdate.Source, error) {
	out, err := m.query(ctx, "dnf", "-q", "-C", "repolist", "--enabled")
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil || len(lines) == 0 || !strings.HasPrefix(lines[0], "repo id") {
		return nil, fmt.Errorf("dnf repolist: no list of repositories (%w)", errors.Join(err))
	}
	var list []pkgupdate.Source
	for _, line := range lines[1:] {
		id, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id == "" {
			continue
		}
		s := pkgupdate.Source{ID: id, Branch: pkgupdate.Branch(id, developed...)}
		var files []string
		if files, s.Err = m.dnfCache(ctx, id); s.Err == nil {
			s.Fetched, s.Err = m.fetched(ctx, files...)
			s.Date = m.made(ctx, files...)
		}
		s.Settle(m.Host.Time(), m.maxAge())
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, errors.New("dnf: no repository is enabled")
	}
	pkgupdate.Unmixed(list, dnfReleased)
	return list, nil
}

// dnfCache gives the index files of a repository: its folder is named after it and
// a digest.
func (m *Manager) dnfCache(ctx context.Context, id string) ([]string, error) {
	var files []string
	for _, dir := range m.place.dnf() {
		entries, err := m.Host.ReadDir(ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if digest, ok := strings.CutPrefix(e.Name, id+"-"); ok && e.IsDir() && len(digest) == 16 {
				files = append(files, dir+"/"+e.Name+"/repodata/repomd.xml")
			}
		}
	}
	return files, nil
}

// notice is "advisory kind package" of dnf 4, or "advisory kind severity package date
// time" of dnf 5.
var notice = regexp.MustCompile(`^(\S+)\s+(\S+)(?:\s+\S+)?\s+(\S+)-([^-\s]+-[^-\s]+)\.([A-Za-z0-9_]+)(?:\s+\d\S* \S+)?$`)

// notices are how a front end tells of advisories.
type notices struct {
	ask           func(ctx context.Context, args ...string) ([]byte, error)
	all, security []string // commands that list them
	upgrade       []string // the command that a person types before --advisory
	files         func(ctx context.Context, repository string) ([]string, error)
}

// classify asks which of the updates are of security advisories. A system whose
// repositories carry none (CentOS) does not say, and "none" is no answer.
func (m *Manager) classify(ctx context.Context, pending *pkgupdate.Pending, n notices) error {
	all, err := n.list(ctx, n.all)
	if err != nil {
		return errors.Join(pkgupdate.ErrUnclassified, err)
	}
	if len(all) == 0 {
		if len(pending.Upgrades) == 0 {
			return nil
		}
		return fmt.Errorf("%w: the repositories have no advisories", pkgupdate.ErrUnclassified)
	}
	security, err := n.list(ctx, n.security)
	if err != nil {
		return errors.Join(pkgupdate.ErrUnclassified, err)
	}
	says := m.advises(ctx, pending.Upgrades, n)
	for i := range pending.Upgrades {
		u := &pending.Upgrades[i]
		if slices.ContainsFunc(u.Origins, func(id string) bool { return says[id] }) {
			u.Class = pkgupdate.Ordinary
		}
		for _, note := range security {
			if note.name != u.Pkg.Name {
				continue
			}
			fix, err := version.Parse(version.RPM, withEpoch(note.version, u.Candidate.String()))
			if err != nil {
				return fmt.Errorf("%s updateinfo: %w", n.all[0], err)
			}
			if version.Compare(fix, u.Pkg.Version) == version.Older || version.Compare(fix, u.Pkg.Version) == version.Equal {
				continue // it is fixed here
			}
			u.Class, u.Advisories = pkgupdate.Security, append(u.Advisories, note.id)
			if u.Fix.IsZero() || version.Compare(fix, u.Fix) == version.Newer {
				u.Fix = fix
			}
			u.Remedy = &report.Remedy{Do: [][]string{append(n.upgrade[:len(n.upgrade):len(n.upgrade)], "--advisory="+note.id)}}
		}
	}
	for i := range pending.Sources {
		pending.Sources[i].Kind = pkgupdate.OfSystem
	}
	return silent(pending.Upgrades)
}

// advises says of the repositories that upgrades come from whether they have advisories:
// those of one say nothing of what another offers.
func (m *Manager) advises(ctx context.Context, list []pkgupdate.Upgrade, n notices) map[string]bool {
	says := map[string]bool{}
	for _, u := range list {
		for _, id := range u.Origins {
			if _, asked := says[id]; asked {
				continue
			}
			files, err := n.files(ctx, id)
			says[id] = err == nil && slices.ContainsFunc(files, func(name string) bool {
				text, err := m.Host.ReadFile(ctx, name, maxIndex)
				return err == nil && bytes.Contains(text, []byte(`type="updateinfo"`))
			})
		}
	}
	return says
}

// silent names the repositories whose upgrades nobody classified.
func silent(list []pkgupdate.Upgrade) error {
	var names []string
	for _, u := range list {
		if u.Class == pkgupdate.Unclassified {
			names = append(names, u.Origins...)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("%w: of these repositories no advisories are here: %s", pkgupdate.ErrUnclassified, prose.List(slices.Compact(names), 5))
}

// withEpoch gives a version the epoch of another one, if it has none: dnf 4 leaves
// it out, and without it each fix of a package that has one would look older.
func withEpoch(ver, of string) string {
	epoch, _, ok := strings.Cut(of, ":")
	if !ok || strings.Contains(ver, ":") {
		return ver
	}
	return epoch + ":" + ver
}

// A note is an advisory's line about one package.
type note struct{ id, name, version string }

// list reads updateinfo list: advisory, kind, and the package that has it.
func (n notices) list(ctx context.Context, args []string) ([]note, error) {
	out, err := n.ask(ctx, args...)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("%s updateinfo: %w", args[0], err)
	}
	var list []note
	for _, line := range lines {
		f := notice.FindStringSubmatch(line)
		if f == nil {
			if strings.HasPrefix(line, "Name ") || strings.TrimSpace(line) == "" || line == "updateinfo list done" {
				continue // the heading of dnf 5, and the end of yum
			}
			return list, fmt.Errorf("%s updateinfo: line %.80q", args[0], line)
		}
		list = append(list, note{f[1], f[3], f[4]})
	}
	return list, nil
}
