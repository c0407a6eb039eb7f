// Package apk reads the packages of Alpine Linux and what apk would upgrade.
//
//	m := &apk.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// The installed packages come from apk's database, so they are known of a mounted
// image too. The indexes do not say which upgrade fixes a hole: the classes of what
// is pending are not known from them.
package apk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	database     = "/lib/apk/db/installed"
	repositories = "/etc/apk/repositories"
	maxText      = 64 << 20
)

// A Manager reads apk of one host. It is a pkgupdate.Manager.
type Manager struct {
	Host host.Host

	// MaxAge is how old the newest index may be before what is pending counts as
	// unknown. Zero is pkgupdate.DefaultMaxAge.
	MaxAge time.Duration

	fetched time.Time // when what is asked was fetched for this Manager alone
}

// Info names the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "apk", Type: "apk", Scheme: version.APK,
		Commands: pkgupdate.Commands{
			Refresh: [][]string{{"apk", "update"}}, Upgrade: [][]string{{"apk", "upgrade"}},
			UpgradeSome: []string{"apk", "add", "--upgrade"}, Repair: [][]string{{"apk", "fix"}},
		},
	}
}

// Installed reads the database.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	text, err := m.Host.ReadFile(ctx, database, maxText)
	if errors.Is(err, fs.ErrNotExist) {
		err = pkgupdate.ErrAbsent
	}
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	list, errs := ParseDatabase(m.Info(), text)
	at, err := pkgupdate.ModTime(ctx, m.Host, database)
	if err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Kept(pkgupdate.Inventory(list, errs, fmt.Sprintf("%d packages in %s", len(list), database), at))
}

// ParseDatabase reads records that empty lines separate: P is the name, V the
// version, A the architecture, o the package that it was built from.
func ParseDatabase(info pkgupdate.Info, text []byte) ([]pkgupdate.Package, []error) {
	var list []pkgupdate.Package
	var errs []error
	for record := range bytes.SplitSeq(text, []byte("\n\n")) {
		field := map[byte]string{}
		for line := range bytes.Lines(record) {
			if len(line) > 2 && line[1] == ':' && field[line[0]] == "" {
				field[line[0]] = strings.TrimSpace(string(line[2:]))
			}
		}
		if len(bytes.TrimSpace(record)) == 0 {
			continue
		}
		if !validName(field['P']) {
			errs = append(errs, &pkgupdate.RecordError{Record: database, Err: fmt.Errorf("%.80q is no package name", field['P'])})
			continue
		}
		p, err := pkgupdate.Parsed(info, field['P'], field['A'], field['V'])
		if err != nil {
			errs = append(errs, err)
		}
		if field['o'] != field['P'] {
			p.Source = field['o']
		}
		for _, f := range faults {
			if strings.Contains(field['f'], f.mark) {
				p.Fault = f.what
			}
		}
		list = append(list, p)
	}
	return list, errs
}

// faults are the marks of a package that "apk fix" mends, the worst last (src/database.c).
var faults = []struct{ mark, what string }{
	{"x", "attributes of its files could not be set"}, {"s", "one of its scripts failed"}, {"f", "its files could not be written"},
}

// Audit gives the packages that the database marks as broken.
func (m *Manager) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	installed := m.Installed(ctx)
	return pkgupdate.Faults(installed, installed.AsOf, m.Host.Time())
}

func validName(name string) bool {
	return name != "" && name[0] != '-' && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) < 0
}

// Pending asks apk what it would upgrade from the indexes that it has. Nothing is
// fetched.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	source := m.source(ctx)
	pending := pkgupdate.Pending{Sources: []pkgupdate.Source{source}}
	out, err := m.Host.Run(ctx, m.simulation())
	if err == nil {
		err = errors.Join(out.Err(), complaints(out.Stdout, out.Stderr))
	}
	var evidence string
	if err == nil || len(out.Stdout) > 0 {
		var parseErr error
		pending.Upgrades, evidence, parseErr = m.parse(out.Stdout, installed.Value)
		err = errors.Join(err, parseErr)
	}
	if len(pending.Upgrades) > 0 {
		err = errors.Join(err, fmt.Errorf("%w: apk's indexes do not say", pkgupdate.ErrUnclassified))
	}
	if err := errors.Join(installed.Reason, err); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(evidence, later(source.Date, source.Fetched))
}

// simulation asks for what apk would do, from the indexes that the system has or from
// those that it fetches for this answer.
func (m *Manager) simulation() host.Command {
	from := "--no-network"
	if !m.fetched.IsZero() {
		from = "--no-cache"
	}
	return host.Command{Args: []string{"apk", from, "--simulate", "upgrade"}}
}

// Refreshed gives a Manager for which apk fetches the indexes at each question, and keeps
// them nowhere: no folder is made. It is a pkgupdate.Refresher.
func (m *Manager) Refreshed(ctx context.Context, _ string) (pkgupdate.Manager, error) {
	fresh := &Manager{Host: m.Host, MaxAge: m.MaxAge, fetched: m.Host.Time()}
	out, err := m.Host.Run(ctx, fresh.simulation())
	if err == nil {
		err = errors.Join(out.Err(), complaints(out.Stdout, out.Stderr))
	}
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	return fresh, nil
}

// quiet is how long no branch of Alpine is: an index that is older by so much than the
// newest was not fetched with it.
const quiet = 14 * 24 * time.Hour

// source judges the indexes by the newest, since a branch rests on some days; each
// repository that is not on this system needs one.
func (m *Manager) source(ctx context.Context) pkgupdate.Source {
	s := pkgupdate.Source{ID: repositories, Kind: pkgupdate.OfSystem}
	text, err := m.Host.ReadFile(ctx, repositories, maxText)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Err = err
	}
	lines := repositoryLines(text)
	want := 0
	for _, f := range lines {
		if strings.Contains(f[len(f)-1], "://") {
			want++
		}
	}
	s.Branch = branchOf(lines)
	if !m.fetched.IsZero() {
		s.Fetched = m.fetched
		s.Settle(m.Host.Time(), m.maxAge())
		return s
	}
	byName := map[string]time.Time{} // one folder may be a link to another
	for _, dir := range []string{"/etc/apk/cache", "/var/cache/apk", "/var/lib/apk"} {
		entries, err := m.Host.ReadDir(ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.Err = err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name, "APKINDEX.") {
				byName[e.Name] = e.ModTime()
			}
		}
	}
	dates := slices.SortedFunc(maps.Values(byName), func(a, b time.Time) int { return b.Compare(a) })
	if len(dates) > 0 {
		s.Date = dates[0]
	}
	if len(dates) >= want && want > 0 { // others are left over
		if last := dates[want-1]; s.Date.Sub(last) > quiet {
			s.Date = last
		}
	} else if len(dates) > 0 && s.Err == nil {
		s.Err = fmt.Errorf("%w: %d of %d", pkgupdate.ErrIncomplete, len(dates), want)
	}
	s.Settle(m.Host.Time(), m.maxAge())
	return s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (m *Manager) maxAge() time.Duration {
	if m.MaxAge > 0 {
		return m.MaxAge
	}
	return pkgupdate.DefaultMaxAge
}

// complaints are what apk says of a repository that it passes over, in the middle of a
// plan that it calls OK.
func complaints(outputs ...[]byte) error {
	var errs []error
	for _, out := range outputs {
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "WARNING: ") && !strings.HasPrefix(line, "ERROR: ") || strings.Contains(line, "apk-tools is OLD") {
				continue
			}
			errs = append(errs, fmt.Errorf("apk: %w: %.200s", pkgupdate.ErrIncomplete, strings.TrimSpace(line)))
		}
	}
	return errors.Join(errs...)
}

// A step has its number, aligned since apk-tools 3; what is done, in some words; and a name,
// with the tag of the repository behind it where it has one (print_change in src/commit.c).
var step = regexp.MustCompile(`^\( *(\d+)/(\d+)\) (\S.*?) ([^ @]+)(?:@\S+)? \(([^ ]+)(?: -> ([^ ]+))?\)$`)

// parse reads "(1/7) Upgrading busybox (1.36.1-r28 -> 1.36.1-r29)". The line that
// begins with OK proves that the plan is whole, together with its numbers.
func (m *Manager) parse(out []byte, installed []pkgupdate.Package) (list []pkgupdate.Upgrade, evidence string, err error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, "", fmt.Errorf("apk: %w", err)
	}
	steps, all := 0, "0"
	for _, line := range lines {
		if strings.HasPrefix(line, "OK: ") {
			evidence = line
		}
		f := step.FindStringSubmatch(line)
		if f == nil {
			continue
		}
		steps, all = steps+1, f[2]
		u, err := m.upgrade(f, installed)
		if err != nil {
			return list, "", err
		}
		if u != nil {
			list = append(list, *u)
		}
	}
	if evidence == "" || fmt.Sprint(steps) != all {
		return list, "", fmt.Errorf("apk: the plan is not whole: %d of %s steps, and %q", steps, all, evidence)
	}
	pkgupdate.SortUpgrades(list)
	return list, evidence, nil
}

// upgrade makes an upgrade of a step; nil: the step is something else.
func (m *Manager) upgrade(f []string, installed []pkgupdate.Package) (*pkgupdate.Upgrade, error) {
	verb, name, from, to := f[3], f[4], f[5], f[6]
	u := &pkgupdate.Upgrade{New: verb == "Installing"}
	switch {
	case !validName(name):
		return nil, fmt.Errorf("apk: %.80q is no package name", name)
	case verb == "Installing":
		u.Pkg, to = pkgupdate.Package{Type: "apk", Name: name}, from
	case verb == "Upgrading":
		p, ok := pkgupdate.Find(installed, name)
		if !ok || p.Version.String() != from {
			return nil, fmt.Errorf("apk: %s %s is not what the database holds: it changed meanwhile", name, from)
		}
		u.Pkg = p
	default: // Replacing, Downgrading, Purging, Updating pinning
		return nil, nil
	}
	var err error
	if u.Candidate, err = version.Parse(version.APK, to); err != nil {
		return nil, &pkgupdate.RecordError{Record: "apk: " + name, Err: err}
	}
	return u, nil
}
