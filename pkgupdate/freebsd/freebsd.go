// Package freebsd reads the packages of FreeBSD with pkg(8), what is vulnerable
// among them, and whether an update of the base system waits to be installed.
//
//	m := &freebsd.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// It fetches nothing. "pkg audit" ends with status 1 for what it found and for every
// error, so its JSON is the proof, and nothing else.
package freebsd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	catalogues = "/var/db/pkg/repos"
	vulnerable = "/var/db/pkg/vuln.xml"
	localDB    = "/var/db/pkg/local.sqlite"
	tag        = "/var/db/freebsd-update/tag"
	maxHead    = 256 << 10
)

// A Manager reads one host. It is a pkgupdate.Manager.
type Manager struct {
	Host host.Host

	// MaxAge is how long ago the catalogues may have been fetched before what is
	// pending counts as unknown. Zero is pkgupdate.DefaultMaxAge.
	MaxAge time.Duration
}

// Info names the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "pkg", Type: "freebsd", Scheme: version.FreeBSD,
		Commands: pkgupdate.Commands{
			Refresh: [][]string{{"pkg", "update"}, {"pkg", "audit", "-F"}, {"freebsd-update", "--not-running-from-cron", "fetch"}}, Upgrade: [][]string{{"pkg", "upgrade"}},
			UpgradeSome: []string{"pkg", "upgrade"}, Unhold: []string{"pkg", "unlock"}, Repair: [][]string{{"pkg", "check", "-dan"}},
		},
	}
}

// queryFormat begins each line with a word of ours, so that what does not is noise.
const queryFormat = "upkeep\t%n\t%v\t%q\t%k\t%o"

// Installed asks pkg query.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	if _, err := m.Host.Lstat(ctx, localDB); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = pkgupdate.ErrAbsent
		}
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	out, err := m.Host.Query(ctx, "pkg", "query", "-a", queryFormat)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, fmt.Errorf("pkg query: %w", err))
	}
	var list []pkgupdate.Package
	var errs []error
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) != 6 || f[0] != "upkeep" || !validName(f[1]) {
			errs = append(errs, &pkgupdate.RecordError{Record: "pkg query", Err: fmt.Errorf("line %.80q", line)})
			continue
		}
		p, err := pkgupdate.Parsed(m.Info(), f[1], "", f[2])
		if err != nil {
			errs = append(errs, err)
		}
		p.Held, p.Source = f[4] == "1", f[5]
		list = append(list, p)
	}
	if len(list) == 0 { // pkg itself is a package
		return pkgupdate.Unproven(list, errors.Join(append(errs, errors.New("pkg query lists nothing, not even pkg"))...))
	}
	return pkgupdate.Inventory(list, errs, fmt.Sprintf("%d packages in pkg's database", len(list)), m.Host.Time())
}

func validName(name string) bool {
	return name != "" && name[0] != '-' && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) < 0
}

// Pending compares the packages with the catalogues, marks what the list of
// vulnerabilities names, and adds an update of the base system that was fetched.
// Where that is made of packages, it is among them.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	_, packaged := pkgupdate.Find(installed.Value, basePackage)
	pending := pkgupdate.Pending{Sources: m.sources(ctx, packaged)}
	offered, listed, verErr := m.offered(ctx, installed.Value)
	holes, auditErr := m.audit(ctx)
	for _, p := range installed.Value {
		to, newer := offered[p.Name]
		hole, open := holes[p.Name]
		if !newer && !open {
			continue
		}
		u := pkgupdate.Upgrade{Pkg: p, Candidate: to}
		if auditErr == nil {
			u.Class = pkgupdate.Ordinary
		}
		if newer && ofBase(p) {
			u.Class, u.Fix = baseClass(to), to
		}
		if open {
			u.Class, u.Fix, u.Advisories = pkgupdate.Security, to, hole
		}
		switch {
		case p.Held:
			u.Blocked = pkgupdate.Held
		case !newer:
			u.Blocked = "no version with a fix is offered"
		}
		pending.Upgrades = append(pending.Upgrades, u)
	}
	pkgupdate.SortUpgrades(pending.Upgrades)
	var baseErr error
	if !packaged {
		pending.Patches, baseErr = m.base(ctx)
	}
	if auditErr != nil {
		auditErr = errors.Join(auditErr, pkgupdate.ErrUnclassified)
	}
	if err := errors.Join(installed.Reason, verErr, auditErr, baseErr); err != nil {
		return pending.Unproven(err)
	}
	return pending.Proven(fmt.Sprintf("%d packages were compared with the catalogues", listed), oldest(pending.Sources))
}

// oldest is when all sources were current.
func oldest(list []pkgupdate.Source) time.Time {
	var at time.Time
	for _, s := range list {
		if at.IsZero() || s.Fetched.Before(at) {
			at = s.Fetched
		}
	}
	return at
}

// offered asks pkg version for all packages, those that are up to date as well, and
// gives the newer versions. A package of no catalogue is marked '?'.
func (m *Manager) offered(ctx context.Context, installed []pkgupdate.Package) (map[string]version.Version, int, error) {
	lines, err := m.compared(ctx)
	if err != nil {
		return nil, 0, err
	}
	newer, listed := map[string]version.Version{}, 0
	var errs []error
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) < 2 || len(f[1]) != 1 || !strings.Contains("<=>?!", f[1]) {
			continue // what pkg says of its catalogues
		}
		listed++
		i := strings.LastIndexByte(f[0], '-')
		if f[1] != "<" || i < 0 {
			continue
		}
		text := between(line, "(remote has ", ")")
		v, err := version.Parse(version.FreeBSD, text)
		if err != nil {
			errs = append(errs, &pkgupdate.RecordError{Record: "pkg version: " + f[0], Err: err})
			continue
		}
		newer[f[0][:i]] = v
	}
	if listed < len(installed) || listed == 0 {
		return newer, listed, fmt.Errorf("pkg version: %d of %d packages are listed", listed, len(installed))
	}
	return newer, listed, errors.Join(errs...)
}

// fetched is what pkg says of a catalogue that is as it should be.
var fetched = regexp.MustCompile(`^(Updating \S+ repository catalogue\.\.\.|\S+ repository (is up-to-date|update completed).*|All repositories are up-to-date\.)$`)

// compared is what pkg version says. It goes on without a catalogue that it cannot open,
// and complains beside its list.
func (m *Manager) compared(ctx context.Context) ([]string, error) {
	out, err := m.Host.Run(ctx, host.Command{Args: []string{"pkg", "version", "-vUR"}})
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out.Stdout)
	if err = errors.Join(err, out.Err()); err != nil {
		return nil, fmt.Errorf("pkg version: %w", err)
	}
	for _, line := range append(strings.Split(string(out.Stderr), "\n"), lines...) {
		if strings.HasPrefix(line, "pkg: ") || strings.Contains(line, "epository") && !fetched.MatchString(line) {
			return nil, fmt.Errorf("pkg version: %w: %.200s", pkgupdate.ErrIncomplete, line)
		}
	}
	return lines, nil
}

// Orphans are what pkg version marks with '?': no catalogue has the package.
func (m *Manager) Orphans(ctx context.Context, installed []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	lines, err := m.compared(ctx)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	mark := map[string]string{}
	for _, line := range lines {
		if f := strings.Fields(line); len(f) > 1 && len(f[1]) == 1 && strings.Contains("<=>?!", f[1]) {
			mark[f[0]] = f[1]
		}
	}
	var list []pkgupdate.Package
	for _, p := range installed {
		switch mark[p.Name+"-"+p.Version.String()] {
		case "":
			return pkgupdate.Unproven(list, fmt.Errorf("pkg version does not list %s", p.Name))
		case "?":
			list = append(list, p)
		}
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packages were compared with the catalogues", len(mark)), m.Host.Time())
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

// report is the JSON of pkg audit.
type auditReport struct {
	Count    *int `json:"pkg_count"`
	Packages map[string]struct {
		Issues []struct {
			CVE []string `json:"cve"`
			URL string   `json:"url"`
		} `json:"issues"`
	} `json:"packages"`
}

// audit gives the advisories by package, from the list that was fetched last. With -q
// pkg looks no further than the first of a package.
func (m *Manager) audit(ctx context.Context) (map[string][]string, error) {
	out, err := m.Host.Run(ctx, host.Command{Args: []string{"pkg", "audit", "-R", "json-compact"}})
	if err != nil {
		return nil, err
	}
	var r auditReport
	if err := json.Unmarshal(out.Stdout, &r); err != nil || r.Count == nil || out.Truncated || *r.Count != len(r.Packages) {
		return nil, fmt.Errorf("pkg audit gives no report (%w)", errors.Join(err, out.Err()))
	}
	holes := map[string][]string{}
	for name, p := range r.Packages {
		holes[name] = []string{}
		for _, issue := range p.Issues {
			switch id := issue.URL[strings.LastIndexByte(issue.URL, '/')+1:]; {
			case len(issue.CVE) > 0:
				holes[name] = append(holes[name], issue.CVE...)
			case id != "":
				holes[name] = append(holes[name], "VuXML:"+strings.TrimSuffix(id, ".html"))
			}
		}
	}
	return holes, nil
}

// sources are the catalogues, the list of vulnerabilities, and what freebsd-update has
// of the base system, if that is not made of packages.
func (m *Manager) sources(ctx context.Context, packaged bool) []pkgupdate.Source {
	limit := m.MaxAge
	if limit == 0 {
		limit = pkgupdate.DefaultMaxAge
	}
	var list []pkgupdate.Source
	entries, err := m.Host.ReadDir(ctx, catalogues)
	branches, _ := m.branches(ctx) //nolint:errcheck // Strays says so
	for _, e := range entries {
		s := pkgupdate.Source{ID: e.Name, Kind: pkgupdate.OfSystem, Branch: branches[e.Name]}
		s.Fetched, s.Err = pkgupdate.ModTime(ctx, m.Host, catalogues+"/"+e.Name+"/db")
		s.Date = s.Fetched // pkg gives it the time that the server has
		list = append(list, s)
	}
	if len(list) == 0 {
		list = append(list, pkgupdate.Source{ID: "catalogues", Kind: pkgupdate.OfSystem, Err: err})
	}
	s := pkgupdate.Source{ID: "vuln.xml", Kind: pkgupdate.OfSecurity}
	if s.Fetched, s.Err = pkgupdate.ModTime(ctx, m.Host, vulnerable); s.Err == nil {
		s.Date, s.Err = m.entered(ctx)
	}
	list = append(list, s)
	if !packaged {
		s := pkgupdate.Source{ID: "freebsd-update", Kind: pkgupdate.OfSecurity}
		s.Fetched, s.Err = pkgupdate.ModTime(ctx, m.Host, tag)
		list = append(list, s)
	}
	for i := range list {
		if errors.Is(list[i].Err, fs.ErrNotExist) {
			list[i].Err = pkgupdate.ErrNeverFetched
		}
		list[i].Settle(m.Host.Time(), limit)
	}
	return list
}

var entered = regexp.MustCompile(`<(?:entry|modified)>\s*(\d{4}-\d\d-\d\d)\s*</`)

// entered is the newest day in the head of the list of vulnerabilities, in which the
// newest stand first. Zero: it names none.
func (m *Manager) entered(ctx context.Context) (time.Time, error) {
	f, err := m.Host.Open(ctx, vulnerable)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, maxHead))
	var newest time.Time
	for _, day := range entered.FindAllSubmatch(head, -1) {
		if at, err := time.Parse(time.DateOnly, string(day[1])); err == nil && at.After(newest) && !at.After(m.Host.Time()) {
			newest = at
		}
	}
	return newest, err
}

// basePackage is there wherever the base system is made of packages, and freebsd-update
// refuses to work on it.
const basePackage = "FreeBSD-runtime"

func ofBase(p pkgupdate.Package) bool { return strings.HasPrefix(p.Name, "FreeBSD-") }

// baseClass: after a release come the corrections of its advisories and errata alone, as
// in 15.0p3. A snapshot does not say what it is for.
func baseClass(to version.Version) pkgupdate.Class {
	if strings.Contains(to.String(), "snap") {
		return pkgupdate.Unclassified
	}
	return pkgupdate.Security
}

// base asks whether an update of the base system was fetched and not installed. That none
// was is no proof that none is due: freebsd-update puts its tag in place, which is verified
// and names the newest patch level, before it fetches the files. So that level is compared.
func (m *Manager) base(ctx context.Context) ([]pkgupdate.Patch, error) {
	at, err := pkgupdate.ModTime(ctx, m.Host, tag)
	if err != nil {
		return nil, nil // its source says so
	}
	out, err := m.Host.Run(ctx, host.Command{Args: []string{"freebsd-update", "updatesready"}})
	if err == nil && out.Exit != 0 && out.Exit != 2 {
		err = errors.Join(fmt.Errorf("freebsd-update updatesready: status %s", strconv.Itoa(out.Exit)), out.Err())
	}
	if err != nil {
		return nil, err
	}
	newest, behind, err := m.behind(ctx)
	title := "an update of the base system was fetched"
	switch {
	case out.Exit == 0 && strings.Contains(string(out.Stdout), "There are updates available to install."): // how it is used ends with 0 too
	case err != nil:
		return nil, err
	case !behind:
		return nil, nil
	default:
		title = newest + " of the base system is out"
	}
	return []pkgupdate.Patch{{Type: "freebsd", ID: "freebsd-update", Title: title, Reboot: true, Offer: pkgupdate.Offer{
		Class: pkgupdate.Security, Offered: at, Remedy: &report.Remedy{Do: [][]string{{"freebsd-update", "fetch", "install"}}},
	}}}, nil
}

var (
	// tagged is the text of the tag: "freebsd-update|amd64|14.1-RELEASE|5|HASH|1743465599".
	tagged = regexp.MustCompile(`^freebsd-update\|[^|\n]+\|([^|\n]{1,40})\|(\d{1,6})\|[0-9a-f]{64}\|\d{10}\n?$`)
	level  = regexp.MustCompile(`^([^\n]{1,40}?)(?:-p(\d{1,6}))?$`)
)

// behind reports whether neither the userland nor the kernel has the patch level of the
// tag, which it names.
func (m *Manager) behind(ctx context.Context) (newest string, behind bool, err error) {
	text, err := m.Host.ReadFile(ctx, tag, 4<<10)
	if err != nil {
		return "", false, err
	}
	f := tagged.FindStringSubmatch(string(text))
	if f == nil {
		return "", false, fmt.Errorf("%s: %w: %.80q", tag, pkgupdate.ErrIncomplete, text)
	}
	newest = f[1] + "-p" + f[2]
	want, _ := strconv.Atoi(f[2])
	for _, part := range []string{"-u", "-k"} { // a jail has no kernel, and the first is the higher one
		out, err := m.Host.Query(ctx, "freebsd-version", part)
		if err != nil {
			return newest, false, err
		}
		is := level.FindStringSubmatch(strings.TrimSpace(string(out)))
		if is == nil || is[1] != f[1] {
			return newest, false, fmt.Errorf("freebsd-update fetched for %s, and this is %.80q: %w", f[1], strings.TrimSpace(string(out)), pkgupdate.ErrIncomplete)
		}
		if has, _ := strconv.Atoi(is[2]); has >= want { // zero: as it was released
			return newest, false, nil
		}
	}
	return newest, true, nil
}
