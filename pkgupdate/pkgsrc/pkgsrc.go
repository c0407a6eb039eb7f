// Package pkgsrc reads the packages of NetBSD, what pkgin would upgrade, and which
// packages the list of vulnerabilities names.
//
//	m := &pkgsrc.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// Since version 0.10 pkgin asks the repositories before it makes a plan, so that is as of
// now, and it wants root for it. NetBSD has no tool that patches the base system, so whether
// that has fixes pending is never known here.
package pkgsrc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	summaries = "/var/db/pkgin/pkgin.db"
	maxHoles  = 64 << 20
)

var vulnerabilities = []string{"/usr/pkg/pkgdb/pkg-vulnerabilities", "/var/db/pkg/pkg-vulnerabilities"}

var databases = []string{"/usr/pkg/pkgdb", "/var/db/pkg"}

// A Manager reads one host. It is a pkgupdate.Manager.
type Manager struct {
	Host host.Host

	// MaxAge is how long ago the lists may have been fetched before what is pending
	// counts as unknown. Zero is pkgupdate.DefaultMaxAge.
	MaxAge time.Duration
}

// Info names the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "pkgin", Type: "pkgsrc", Scheme: version.Pkgsrc,
		Commands: pkgupdate.Commands{
			Refresh: [][]string{{"pkgin", "update"}, {"pkg_admin", "fetch-pkg-vulnerabilities", "-s"}}, Upgrade: [][]string{{"pkgin", "upgrade"}},
			UpgradeAll: [][]string{{"pkgin", "full-upgrade"}}, UpgradeSome: []string{"pkgin", "install"}, Repair: [][]string{{"pkg_admin", "rebuild"}},
		},
	}
}

// Installed lists the folders of the package database.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	return pkgupdate.Folders(ctx, m.Host, m.parseName, databases...)
}

// parseName cuts name-version at the last hyphen.
func (m *Manager) parseName(full string) (pkgupdate.Package, error) {
	i := strings.LastIndexByte(full, '-')
	if i <= 0 || full[0] == '-' || strings.ContainsAny(full, " \t\r\n/") {
		return pkgupdate.Package{}, &pkgupdate.RecordError{Record: "package database", Err: fmt.Errorf("%.80q is no name-version", full)}
	}
	return pkgupdate.Parsed(m.Info(), full[:i], "", full[i+1:])
}

// Pending asks pkgin for its plan, and compares what is installed with the list of
// vulnerabilities.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	holes, made, holeErr := m.holes(ctx, installed.Value)
	var pending pkgupdate.Pending
	out, err := m.Host.Query(ctx, "pkgin", "-n", "full-upgrade")
	var newer, rebuilt map[string]version.Version
	evidence := ""
	if err == nil {
		newer, rebuilt, evidence, err = m.plan(out)
	}
	pending.Sources = m.sources(ctx, made, err == nil && asks(installed.Value))
	for _, p := range installed.Value {
		to, offered := newer[p.Name]
		again := rebuilt[p.Name] == p.Version && !p.Version.IsZero()
		if !offered && holes[p.Name] == nil && !again {
			continue
		}
		if again && holes[p.Name] == nil { // with what it was built with, which may be mended
			to = p.Version
		}
		u := pkgupdate.Upgrade{Pkg: p, Candidate: to}
		switch {
		case holes[p.Name] != nil:
			u.Class, u.Fix, u.Advisories = pkgupdate.Security, to, idsOf(holes[p.Name])
		case holeErr == nil:
			u.Class = pkgupdate.Ordinary
		}
		if holes[p.Name] != nil && (!offered || !fixes(to, holes[p.Name])) {
			u.Fix = version.Version{}
			u.Blocked = "no version with a fix is offered"
		}
		pending.Upgrades = append(pending.Upgrades, u)
	}
	pkgupdate.SortUpgrades(pending.Upgrades)
	if holeErr != nil {
		holeErr = errors.Join(holeErr, pkgupdate.ErrUnclassified)
	}
	if err := errors.Join(installed.Reason, err, holeErr); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(evidence, pending.Sources[0].Fetched)
}

var (
	heading = regexp.MustCompile(`^(\d+) packages? to (upgrade|refresh|install|remove|be upgraded|be refreshed|be installed|be removed)`)
	summary = regexp.MustCompile(`^(?:\d+ to remove, )?(\d+) to refresh, (\d+) to upgrade, (\d+) to install`)
)

// plan reads pkgin's lists of names, each headed by its number, and the summary
// that proves that they are whole; or that there is nothing to do. To refresh is what was
// built anew in the same version.
func (m *Manager) plan(out []byte) (newer, rebuilt map[string]version.Version, evidence string, err error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, nil, "", fmt.Errorf("pkgin: %w", err)
	}
	newer, rebuilt = map[string]version.Version{}, map[string]version.Version{}
	var into map[string]version.Version
	for _, line := range lines {
		f := heading.FindStringSubmatch(line)
		switch {
		case strings.TrimSpace(line) == "nothing to do.", summary.MatchString(line):
			evidence, into = line, nil
		case f != nil:
			into = map[string]map[string]version.Version{"upgrade": newer, "be upgraded": newer, "refresh": rebuilt, "be refreshed": rebuilt}[f[2]]
		case strings.HasPrefix(line, "  ") && into != nil:
			for _, full := range strings.Fields(line) {
				p, err := m.parseName(full)
				if err != nil {
					return newer, rebuilt, "", err
				}
				into[p.Name] = p.Version
			}
		}
	}
	if f := summary.FindStringSubmatch(evidence); f != nil && (f[1] != fmt.Sprint(len(rebuilt)) || f[2] != fmt.Sprint(len(newer))) {
		return newer, rebuilt, "", fmt.Errorf("pkgin: %d upgrades were read, and %d to refresh, and it says %q", len(newer), len(rebuilt), evidence)
	}
	if evidence == "" {
		return newer, rebuilt, "", errors.New("pkgin: the plan has no summary: it is not whole")
	}
	return newer, rebuilt, evidence, nil
}

// holes gives, by package, what the list of vulnerabilities has of it, and when the list
// was made. One that its own checksum does not fit was cut, and hides what it lacks.
func (m *Manager) holes(ctx context.Context, installed []pkgupdate.Package) (map[string][]advisory.Match, time.Time, error) {
	var text []byte
	err := error(fs.ErrNotExist)
	for _, name := range vulnerabilities {
		if text, err = m.Host.ReadFile(ctx, name, maxHoles); err == nil {
			break
		}
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("list of vulnerabilities: %w", err)
	}
	feed, matches := advisory.Parse(ctx, "pkg-vulnerabilities", text, advisory.System{ID: "netbsd", Type: "pkgsrc", Scheme: version.Pkgsrc, Packages: installed})
	err = feed.Err
	if err == nil && (feed.Form != "pkg-vulnerabilities" || feed.Records == 0) {
		err = advisory.ErrForm
	}
	if err != nil {
		err = fmt.Errorf("list of vulnerabilities: %w", err)
	}
	holes := map[string][]advisory.Match{}
	for _, match := range matches {
		if !strings.HasPrefix(match.ID, "eol:") {
			holes[match.Pkg.Name] = append(holes[match.Pkg.Name], match)
		}
	}
	return holes, feed.Date, err
}

// fixes reports whether a version has the fix of each hole, as far as they tell of one.
func fixes(to version.Version, holes []advisory.Match) bool {
	return !slices.ContainsFunc(holes, func(m advisory.Match) bool {
		return !m.Fix.IsZero() && version.Compare(to, m.Fix) == version.Older
	})
}

func idsOf(holes []advisory.Match) []string {
	var ids []string
	for _, m := range holes {
		ids = append(ids, m.IDs()...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// asks reports whether the pkgin that is installed asks the repositories for its plan, and
// fails where one does not answer: so its source has it (update_db), and its list of changes.
func asks(installed []pkgupdate.Package) bool {
	since, err := version.Parse(version.Pkgsrc, "0.10")
	p, ok := pkgupdate.Find(installed, "pkgin")
	return err == nil && ok && version.Compare(p.Version, since) != version.Older
}

// sources are pkgin's summaries, of now where it asked for them, and the list of
// vulnerabilities, made at that time.
func (m *Manager) sources(ctx context.Context, made time.Time, asked bool) []pkgupdate.Source {
	limit := m.MaxAge
	if limit == 0 {
		limit = pkgupdate.DefaultMaxAge
	}
	summary := pkgupdate.Source{ID: "pkgin", Kind: pkgupdate.OfSystem, Fetched: m.Host.Time()}
	if !asked {
		summary.Fetched, summary.Err = m.fetched(ctx)
	}
	holes := pkgupdate.Source{ID: "pkg-vulnerabilities", Kind: pkgupdate.OfSecurity, Date: made}
	for _, name := range vulnerabilities {
		if holes.Fetched, holes.Err = pkgupdate.ModTime(ctx, m.Host, name); holes.Err == nil {
			break
		}
	}
	list := []pkgupdate.Source{summary, holes}
	for i := range list {
		if errors.Is(list[i].Err, fs.ErrNotExist) {
			list[i].Err = pkgupdate.ErrNeverFetched
		}
		list[i].Settle(m.Host.Time(), limit)
	}
	return list
}

// errWritten says that the time of pkgin's database proves nothing.
var errWritten = errors.New("pkgin wrote its database since a change of the packages here: whether it fetched anything is not known")

// fetched is when pkgin fetched its summaries last. It writes its database too at its next
// run after a change of the packages, which comes within a day.
func (m *Manager) fetched(ctx context.Context) (time.Time, error) {
	at, err := pkgupdate.ModTime(ctx, m.Host, summaries)
	if err != nil {
		return at, err
	}
	for _, dir := range databases {
		if changed, err := pkgupdate.ModTime(ctx, m.Host, dir); err == nil {
			if after := at.Sub(changed); after >= 0 && after < 25*time.Hour {
				return time.Time{}, errWritten
			}
			break
		}
	}
	return at, nil
}
