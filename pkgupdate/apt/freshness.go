package apt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const (
	listsDir    = "/var/lib/apt/lists"
	stampsDir   = "/var/lib/apt/periodic"
	releaseHead = 16 << 10 // the fields of a Release file stand before its digests
	noTrace     = "a refresh that finds nothing new leaves no trace: touch " + stampsDir + "/update-success-stamp after it"
)

// An index is what apt has fetched of the configured repositories.
type index struct {
	asOf       time.Time // of the last sign that it was refreshed
	security   bool      // a security repository is among them
	fixesDated time.Time // of the newest security repository; zero: not known
}

// freshness looks at the index. The error says which repositories were never
// fetched or have expired, or that it is older than MaxAge.
func (m *Manager) freshness(ctx context.Context) (index, error) {
	repos, err := m.repositories(ctx)
	if err != nil {
		return index{}, err
	}
	entries, err := m.Host.ReadDir(ctx, listsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return index{}, fmt.Errorf("package index: %w", err)
	}
	now := m.Host.Time()
	x := index{asOf: m.stamps(ctx, now, entries)}
	var errs []error
	missing := 0
	for _, repo := range repos {
		r, err := m.release(ctx, entries, repo)
		if err != nil {
			errs = append(errs, err)
			if errors.Is(err, pkgupdate.ErrNeverFetched) {
				missing++
			}
			continue
		}
		x.asOf = later(x.asOf, r.Date, now)
		if isSecurity(r.Label, r.Suite, r.Codename) {
			x.security, x.fixesDated = true, later(x.fixesDated, r.Date, now)
		}
		if !r.ValidUntil.IsZero() && now.After(r.ValidUntil) {
			errs = append(errs, m.stale(repo.uri, now.Sub(r.Date), "it was valid until "+r.ValidUntil.Format(time.DateOnly)))
		}
	}
	if missing == len(repos) {
		return index{}, m.stale("", 0, "")
	}
	if age := now.Sub(x.asOf); age > m.maxAge() {
		errs = append(errs, m.stale("", age, noTrace))
	}
	return x, errors.Join(errs...)
}

func (m *Manager) stale(index string, age time.Duration, note string) error {
	return &pkgupdate.StaleError{Index: index, Age: age, Refresh: m.Info().Commands.Refresh, Note: note}
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

// release reads what apt has of a repository: its InRelease file or, from old
// servers, its Release file.
func (m *Manager) release(ctx context.Context, entries []host.Stat, repo repository) (Release, error) {
	plain := strings.TrimSuffix(repo.file, "InRelease") + "Release"
	for _, e := range entries {
		if e.Name != repo.file && e.Name != plain {
			continue
		}
		text, err := m.Host.ReadFile(ctx, listsDir+"/"+e.Name, releaseHead)
		if err != nil && !errors.Is(err, host.ErrTruncated) {
			return Release{}, fmt.Errorf("package index of %s: %w", repo.uri, err)
		}
		r, err := ParseRelease(text)
		if err != nil {
			return r, fmt.Errorf("package index of %s: %w", repo.uri, err)
		}
		return r, nil
	}
	return Release{}, m.stale(repo.uri, 0, "")
}

// stamps gives the latest time at which a refresh left its mark.
func (m *Manager) stamps(ctx context.Context, now time.Time, entries []host.Stat) time.Time {
	var sign time.Time
	for _, name := range []string{listsDir, stampsDir + "/update-success-stamp", stampsDir + "/update-stamp"} {
		if st, err := m.Host.Lstat(ctx, name); err == nil {
			sign = later(sign, st.ModTime(), now)
		}
	}
	for _, e := range entries {
		if e.Name == "partial" {
			sign = later(sign, e.ModTime(), now)
		}
	}
	return sign
}

// later gives the later of a and b, but nothing that is in the future.
func later(a, b, now time.Time) time.Time {
	if b.After(a) && !b.After(now) {
		return b
	}
	return a
}
