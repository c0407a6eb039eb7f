// Package rpm reads the packages of systems that are kept with rpm, and what their
// front end would update: dnf, zypper, urpmi or yum.
//
//	m := &rpm.Manager{Host: host.Local()}
//	pending := m.Pending(ctx)
//
// The inventory needs rpm alone, so it is known of the oldest systems too. The front
// end is the first that is there. Nothing is fetched and nothing is written: the
// front ends are asked for what they have, and how old that is decides whether the
// answer is known.
package rpm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const pkgType = "rpm"

// A Manager reads one host. It is a pkgupdate.Manager.
type Manager struct {
	Host host.Host

	// Family is the system's, as in facts.System: it says which commands a person
	// types ("redhat", "suse", "mandrake"). Another one has none.
	Family string

	// Front is the front end that a person types where that is not the family's newest,
	// as Front gives it: "yum", or "rpm" where there is none. Empty is the newest.
	Front string

	// MaxAge is how long ago the repositories' data may have been fetched before
	// what is pending counts as unknown. Zero is pkgupdate.DefaultMaxAge.
	MaxAge time.Duration

	place place
}

// Info names the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	of := m.Family
	if m.Front != "" {
		of = m.Front
	}
	return pkgupdate.Info{ID: "rpm", Type: pkgType, Scheme: version.RPM, Commands: commands[of]}
}

// commands are those of a family's newest front end, and those of the others by their
// own names.
var commands = map[string]pkgupdate.Commands{
	"redhat": {
		Refresh: [][]string{{"dnf", "makecache", "--refresh"}}, Upgrade: [][]string{{"dnf", "upgrade"}},
		UpgradeSome: []string{"dnf", "upgrade"}, Unhold: []string{"dnf", "versionlock", "delete"}, Repair: [][]string{{"rpm", "--rebuilddb"}},
	},
	"yum": {
		Refresh: [][]string{{"yum", "clean", "expire-cache"}, {"yum", "makecache"}}, Upgrade: [][]string{{"yum", "update"}},
		UpgradeSome: []string{"yum", "update"}, Unhold: []string{"yum", "versionlock", "delete"}, Repair: [][]string{{"rpm", "--rebuilddb"}},
	},
	"rpm": {Repair: [][]string{{"rpm", "--rebuilddb"}}},
	"suse": {
		Refresh: [][]string{{"zypper", "refresh"}}, Upgrade: [][]string{{"zypper", "patch"}, {"zypper", "update"}},
		UpgradeSome: []string{"zypper", "update"}, Unhold: []string{"zypper", "removelock"}, Repair: [][]string{{"zypper", "verify"}},
	},
	"mandrake": {
		Refresh: [][]string{{"urpmi.update", "-a"}}, Upgrade: [][]string{{"urpmi", "--auto-select"}},
		UpgradeSome: []string{"urpmi"}, Repair: [][]string{{"rpm", "--rebuilddb"}},
	},
}

// queryFormat begins each line with a word of ours: what does not is noise. Old rpm
// has no EPOCHNUM.
const (
	queryFormat = "upkeep\t%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n"
	columns     = 7
)

// Installed asks rpm -qa.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	dir, err := m.present(ctx)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	command := []string{"rpm", "-qa", "--queryformat", queryFormat}
	if _, own := commands[m.Family]; !own && m.Family != "" {
		// Debian's rpm looks in the home of who asks, and finds nothing.
		command = append(command, "--dbpath", dir)
	}
	out, err := m.Host.Query(ctx, command...)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, fmt.Errorf("rpm -qa: %w", err))
	}
	var list []pkgupdate.Package
	var errs []error
	for _, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) != columns || f[0] != "upkeep" {
			continue // "RPM should not be used directly", and the like
		}
		if f[1] == "gpg-pubkey" {
			continue
		}
		p, err := m.parse(f[1:])
		if err != nil {
			errs = append(errs, err)
		}
		if p.Name != "" {
			list = append(list, p)
		}
	}
	foreign(list)
	return pkgupdate.Kept(pkgupdate.Inventory(list, errs, fmt.Sprintf("%d packages in rpm's database", len(list)), m.Host.Time()))
}

// present looks for a database before rpm is asked, which would make one. Where rpm
// is a tool among others, there is none. It gives the folder.
func (m *Manager) present(ctx context.Context) (string, error) {
	dir, entries, err := pkgupdate.FirstDir(ctx, m.Host, "/usr/lib/sysimage/rpm", "/var/lib/rpm")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if e.Name == "Packages" || e.Name == "Packages.db" || e.Name == "rpmdb.sqlite" || e.Name == "packages.rpm" {
			return dir, nil
		}
	}
	return "", pkgupdate.ErrAbsent
}

// parse reads name, epoch, version, release, architecture and source.
func (m *Manager) parse(f []string) (pkgupdate.Package, error) {
	if !validName(f[0]) {
		return pkgupdate.Package{}, &pkgupdate.RecordError{Record: "rpm -qa", Err: fmt.Errorf("%.80q is no package name", f[0])}
	}
	p, err := pkgupdate.Parsed(m.Info(), f[0], none(f[4]), evr(f[1], f[2], f[3]))
	if parts := strings.Split(strings.TrimSuffix(none(f[5]), ".src.rpm"), "-"); len(parts) > 2 {
		p.Source = strings.Join(parts[:len(parts)-2], "-")
	}
	return p, err
}

// evr joins epoch, version and release; an epoch of none is 0.
func evr(epoch, ver, release string) string {
	if epoch = none(epoch); epoch == "" || epoch == "0" {
		return ver + "-" + release
	}
	return epoch + ":" + ver + "-" + release
}

func none(s string) string {
	if s == "(none)" {
		return ""
	}
	return s
}

func validName(name string) bool {
	return name != "" && name[0] != '-' && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }) < 0
}

// foreign marks the packages of other architectures than the usual one.
func foreign(list []pkgupdate.Package) {
	count := map[string]int{}
	native := ""
	for _, p := range list {
		if p.Arch == "noarch" || p.Arch == "" {
			continue
		}
		if count[p.Arch]++; count[p.Arch] > count[native] || count[p.Arch] == count[native] && p.Arch > native {
			native = p.Arch
		}
	}
	for i := range list {
		list[i].Foreign = list[i].Arch != native && list[i].Arch != "noarch" && list[i].Arch != ""
	}
}

// A front is a program that knows repositories.
type front struct {
	program string
	pending func(m *Manager, ctx context.Context, installed []pkgupdate.Package) (pkgupdate.Pending, string, error)
}

var fronts = []front{{"dnf", (*Manager).dnf}, {"zypper", (*Manager).zypper}, {"urpmq", (*Manager).urpmi}, {"yum", (*Manager).yum}}

var (
	// errNoFront says that only the inventory is known here.
	errNoFront = errors.New("neither dnf, zypper, urpmi nor yum is on this system: what is pending is not known")
	// errUntold says that the front end which is here, such as yum, does not tell.
	errUntold = errors.New("no front end of rpm that is here tells it")
)

// Pending asks the first front end that is there.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	installed := m.Installed(ctx)
	for _, f := range fronts {
		pending, evidence, err := f.pending(m, ctx, installed.Value)
		if errors.Is(err, exec.ErrNotFound) {
			continue
		}
		pkgupdate.SortUpgrades(pending.Upgrades)
		if err := errors.Join(installed.Reason, err); err != nil {
			return pending.Unproven(err)
		}
		return pending.Proven(evidence, oldest(pending.Sources))
	}
	return pkgupdate.Pending{}.Unproven(errors.Join(installed.Reason, errNoFront))
}

// oldest is when all sources were current that change.
func oldest(list []pkgupdate.Source) time.Time {
	var at time.Time
	for _, s := range list {
		if s.Kind != pkgupdate.OnMedium && (at.IsZero() || s.Fetched.Before(at)) {
			at = s.Fetched
		}
	}
	return at
}

// newest gives the installed package of a name and architecture that is the newest:
// of kernels there are several.
func newest(list []pkgupdate.Package, name, arch string) (pkgupdate.Package, bool) {
	var best pkgupdate.Package
	found := false
	for _, p := range list {
		if p.Name == name && (p.Arch == arch || arch == "" || p.Arch == "noarch" || arch == "noarch") && (!found || version.Compare(p.Version, best.Version) == version.Newer) {
			best, found = p, true
		}
	}
	return best, found
}

// offer makes an upgrade to a version; false: it is none, since what is installed is
// as new.
func (m *Manager) offer(installed []pkgupdate.Package, name, arch, to string) (pkgupdate.Upgrade, bool, error) {
	if !validName(name) {
		return pkgupdate.Upgrade{}, false, fmt.Errorf("%.80q is no package name", name)
	}
	v, err := version.Parse(version.RPM, to)
	if err != nil {
		return pkgupdate.Upgrade{}, false, &pkgupdate.RecordError{Record: name, Err: err}
	}
	p, ok := newest(installed, name, arch)
	if !ok {
		return pkgupdate.Upgrade{New: true, Pkg: pkgupdate.Package{Type: pkgType, Name: name, Arch: arch}, Candidate: v}, true, nil
	}
	return pkgupdate.Upgrade{Pkg: p, Candidate: v}, version.Compare(p.Version, v) == version.Older, nil
}

// fetched gives when the data of a repository was fetched: the newest of the files.
func (m *Manager) fetched(ctx context.Context, names ...string) (time.Time, error) {
	var at time.Time
	for _, name := range names {
		t, err := pkgupdate.ModTime(ctx, m.Host, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return at, err
		case t.After(at):
			at = t
		}
	}
	if !at.IsZero() && m.place.caches != nil { // what is not new is not fetched again
		at = m.place.fetched
	}
	return at, nil
}

var made = regexp.MustCompile(`<timestamp>(\d{1,12})(?:\.\d+)?</timestamp>`)

const maxIndex = 4 << 20

// made is when the index of a repository was made: by the newest of its lists. Zero: it
// does not say.
func (m *Manager) made(ctx context.Context, names ...string) time.Time {
	var at time.Time
	for _, name := range names {
		text, err := m.Host.ReadFile(ctx, name, maxIndex)
		if err != nil {
			continue // that it is there is told by fetched
		}
		for _, f := range made.FindAllSubmatch(text, -1) {
			if n, err := strconv.ParseInt(string(f[1]), 10, 64); err == nil && time.Unix(n, 0).After(at) {
				at = time.Unix(n, 0).UTC()
			}
		}
	}
	return at
}

func (m *Manager) maxAge() time.Duration {
	if m.MaxAge > 0 {
		return m.MaxAge
	}
	return pkgupdate.DefaultMaxAge
}
