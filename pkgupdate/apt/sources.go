package apt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const (
	listsDir     = "/var/lib/apt/lists"
	successStamp = "/var/lib/apt/periodic/update-success-stamp"
	maxRelease   = 8 << 20 // bytes of a Release file
)

// An index is what apt has fetched of the configured repositories.
type index struct {
	sources []pkgupdate.Source
	asOf    time.Time // of the last proof that it was refreshed
	fixes   time.Time // when the newest security repository was made; zero: not known

	targets  []target        // the lists that are there
	releases []Release       // of the sources, in their order; zero: not known
	vouched  map[string]bool // labels of repositories of a maker whose security repository is known
}

// index looks at what apt has of each configured repository. An attempt is no
// success: apt touches the folder of the lists at each. What proves a refresh is
// the stamp that is set when all were fetched, or that a repository which is made
// anew each day, as those of security fixes are, is of this day.
func (m *Manager) index(ctx context.Context, targets []target, arch string) (index, error) {
	repos, err := m.repositories(ctx)
	if err != nil {
		return index{}, err
	}
	entries, err := m.Host.ReadDir(ctx, m.place.lists())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return index{}, fmt.Errorf("package index: %w", err)
	}
	refused := m.refused(ctx)
	now := m.Host.Time()
	var x index
	refreshed := m.refreshed(ctx, now)
	sources, releases, err := m.sources(ctx, entries, repos)
	if err != nil {
		return index{}, err
	}
	for i, repo := range repos {
		s, r := sources[i], releases[i]
		if s.Err == nil && refused(repo.file) {
			s.Signature, s.Err = pkgupdate.Refused, pkgupdate.ErrUnverified
		}
		s.Fetched = refreshed
		x.sources, x.releases = append(x.sources, s), append(x.releases, r)
	}
	x.targets = resolve(targets, m.place.lists(), entries, repos, releases)
	x.branches()
	x.name()
	x.incomplete(repos, targets, arch)
	x.age(now, m.maxAge())
	x.judge(now)
	return x, nil
}

// branches says which sources are of a branch in development, where the same maker has
// one of a release.
func (x *index) branches() {
	released := map[string]bool{}
	for _, r := range x.releases {
		if r.branch() == "" {
			released[r.Origin] = true
		}
	}
	for i, r := range x.releases {
		if released[r.Origin] {
			x.sources[i].Branch = r.branch()
		}
	}
}

// name says which sources hold the security fixes of the release that the other
// repositories of the same maker are for.
func (x *index) name() {
	releases := map[string]bool{}
	for _, r := range x.releases {
		if !r.security() {
			releases[r.Origin+"/"+r.of()] = true
		}
	}
	fixed := map[string]bool{}
	for i, r := range x.releases {
		if r.security() && (len(releases) == 0 || releases[r.Origin+"/"+r.of()]) {
			x.sources[i].Kind, fixed[r.Origin] = pkgupdate.OfSecurity, true
		}
	}
	for i, r := range x.releases {
		if r.security() && !fixed[r.Origin] && x.sources[i].Err == nil {
			x.sources[i].Err = pkgupdate.ErrOtherRelease
		}
	}
}

// incomplete finds sources of which a list is missing that is configured, or that is
// there of another source of the same maker, and not empty in this one. Where no list is
// there at all, it is the one that every system has. Lists of what all architectures
// share, apt takes from few makers.
func (x *index) incomplete(repos []repository, configured []target, arch string) {
	wanted, there := map[string]map[string]bool{}, make([]map[string]bool, len(repos))
	for i, repo := range repos {
		there[i] = map[string]bool{}
		for _, t := range x.targets {
			if list, ok := t.of(repo); ok {
				there[i][list] = true
			}
		}
		maker := x.releases[i].Origin
		if wanted[maker] == nil {
			wanted[maker] = map[string]bool{"main/binary-" + arch + "/Packages": true}
		}
		maps.Copy(wanted[maker], there[i])
	}
	for i, r := range x.releases {
		lists := maps.Clone(wanted[r.Origin])
		for _, t := range configured {
			if list, ok := t.of(repos[i]); ok && !strings.Contains(list, "/binary-all/") {
				lists[list] = true
			}
		}
		for list := range lists {
			if x.sources[i].Err == nil && r.Lists[list] > 0 && !there[i][list] {
				x.sources[i].Err = pkgupdate.ErrIncomplete
			}
		}
	}
}

// age says which sources are out of date. One that is made anew when there is
// something new, as a release's own is, is as fresh as the security fixes beside
// it: both are fetched by one command. Where that leaves a stamp when it took all,
// the stamp has to say so.
func (x *index) age(now time.Time, limit time.Duration) {
	fresh := false
	for i := range x.sources {
		s := &x.sources[i]
		if s.Err == nil && (s.Kind == pkgupdate.OfSecurity || !s.ValidUntil.IsZero()) {
			s.Settle(now, limit)
		}
		fresh = fresh || s.Kind == pkgupdate.OfSecurity && s.Err == nil
		x.asOf = later(x.asOf, later(s.Date, s.Fetched, now), now)
	}
	for i, r := range x.releases {
		s := &x.sources[i]
		if s.Err == nil && (!fresh || !s.Fetched.IsZero()) {
			s.Settle(now, limit)
		}
		if s.Kind == pkgupdate.OfSecurity {
			x.asOf = later(later(time.Time{}, r.Date, now), s.Fetched, now)
		}
	}
}

// judge says which sources are Known, and what they are for.
func (x *index) judge(now time.Time) {
	secured := map[string]bool{}
	for i, r := range x.releases {
		s := &x.sources[i]
		if s.Err == nil {
			s.State = pkgupdate.Known
		}
		if s.Kind != pkgupdate.OfSecurity {
			continue
		}
		x.fixes = later(x.fixes, r.Date, now)
		if s.State == pkgupdate.Known {
			secured[r.Origin] = true
		}
	}
	x.vouched = map[string]bool{}
	for i, r := range x.releases {
		s := &x.sources[i]
		if s.Kind == "" && !r.Date.IsZero() {
			s.Kind = pkgupdate.OfOthers
			if secured[r.Origin] && !r.security() {
				s.Kind = pkgupdate.OfSystem
			}
		}
		if s.Kind == pkgupdate.OfSystem || s.Kind == pkgupdate.OfSecurity {
			x.vouched[r.Label] = true
		}
	}
}

// serves reports whether a list holds the security fixes of this release.
func (x *index) serves(t target) bool {
	if len(x.releases) == 0 {
		return t.security()
	}
	for i, r := range x.releases {
		if x.sources[i].Kind == pkgupdate.OfSecurity && r.Label == t.label && r.Suite == t.suite && r.Codename == t.codename {
			return true
		}
	}
	return false
}

// says reports whether all origins of an update say which of theirs fix a hole.
// Where none is named, it may be any.
func (x *index) says(origins []string) bool {
	for _, r := range x.releases {
		if len(origins) == 0 && !x.vouched[r.Label] {
			return false
		}
	}
	return !slices.ContainsFunc(origins, func(o string) bool { return !x.vouched[label(o)] })
}

// secure reports whether there is a security repository of this release; what
// it holds may not be known.
func (x *index) secure() bool {
	for _, s := range x.sources {
		if s.Kind == pkgupdate.OfSecurity {
			return true
		}
	}
	return false
}

// unread reports whether a source, which may be any, was never fetched.
func (x *index) unread() bool {
	for _, s := range x.sources {
		if errors.Is(s.Err, pkgupdate.ErrNeverFetched) {
			return true
		}
	}
	return false
}

// repositories asks apt for what is configured; nothing is fetched.
func (m *Manager) repositories(ctx context.Context) ([]repository, error) {
	out, err := m.run(ctx, host.Command{Args: []string{"apt-get", "update", "--print-uris", "-o", "Debug::NoLocking=1"}})
	if err != nil {
		return nil, err
	}
	list := parseURIs(out)
	if len(list) == 0 {
		return nil, errors.New("no package repository is configured")
	}
	return list, nil
}

// sources reads what apt has of each repository: its InRelease file or, from old
// servers, its Release file.
func (m *Manager) sources(ctx context.Context, entries []host.Stat, repos []repository) ([]pkgupdate.Source, []Release, error) {
	sources, releases := make([]pkgupdate.Source, len(repos)), make([]Release, len(repos))
	var asks []host.Ask
	var of []int // the repository of each ask
	for i, repo := range repos {
		s := &sources[i]
		*s = pkgupdate.Source{ID: repo.uri, URL: repo.uri, Signature: pkgupdate.Unsigned}
		if name := fetched(s, entries, repo); name != "" {
			asks, of = append(asks, host.Ask{Op: host.OpRead, Name: m.place.lists() + "/" + name, Limit: maxRelease}), append(of, i)
		}
	}
	err := m.Host.Batch(ctx, asks, func(n int, a host.Answer) error {
		s := &sources[of[n]]
		r, err := Release{}, a.Err
		if err == nil {
			r, err = ParseRelease(a.Data)
		}
		if s.Err = err; err == nil {
			s.Date, s.ValidUntil, releases[of[n]] = r.Date, r.ValidUntil, r
		}
		return nil
	})
	return sources, releases, err
}

// fetched finds the file of a repository among those that apt has, and says whether
// it is signed. What was never fetched has none.
func fetched(s *pkgupdate.Source, entries []host.Stat, repo repository) (name string) {
	plain := strings.TrimSuffix(repo.file, "InRelease") + "Release"
	for _, e := range entries {
		switch e.Name {
		case repo.file: // apt keeps it only once it verified
			name, s.Signature = e.Name, pkgupdate.Signed
		case plain:
			name = e.Name
		case plain + ".gpg":
			s.Signature = pkgupdate.Signed
		}
	}
	if name == "" {
		s.Signature, s.Err = "", pkgupdate.ErrNeverFetched
	}
	return name
}

// refused tells the index files that apt fetched and did not take. Only root
// may look there: to others it is not known.
func (m *Manager) refused(ctx context.Context) func(file string) bool {
	left, err := m.Host.ReadDir(ctx, m.place.lists()+"/partial")
	return func(file string) bool {
		for _, e := range left {
			if err == nil && strings.HasPrefix(e.Name, file) {
				return true
			}
		}
		return false
	}
}

// refreshed gives the time at which a refresh of all sources left its mark.
func (m *Manager) refreshed(ctx context.Context, now time.Time) time.Time {
	if !m.place.fetched.IsZero() {
		return later(time.Time{}, m.place.fetched, now)
	}
	st, err := m.Host.Lstat(ctx, successStamp)
	if err != nil {
		return time.Time{}
	}
	return later(time.Time{}, st.ModTime(), now)
}

// later gives the later of a and b, but nothing that is in the future.
func later(a, b, now time.Time) time.Time {
	if b.After(a) && !b.After(now) {
		return b
	}
	return a
}
