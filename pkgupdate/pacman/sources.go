package pacman

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// config is what pacman-conf(8) says: the files that pacman reads may include others.
type config struct {
	repos  []pkgupdate.Source // in the order in which packages are taken from them
	ignore []string           // patterns of what the administrator keeps back

	sandboxed bool // it fetches as another user
}

func (m *Manager) configuration(ctx context.Context) (config, error) {
	out, err := m.Host.Query(ctx, "pacman-conf")
	if err != nil {
		return config{}, err
	}
	return parseConfig(out)
}

// parseConfig reads "[section]" and "Name = value". A section that is not options is
// a repository.
func parseConfig(out []byte) (config, error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return config{}, fmt.Errorf("pacman-conf: %w", err)
	}
	var c config
	signature := pkgupdate.Signature("")
	for _, line := range lines {
		name, isSection := strings.CutPrefix(line, "[")
		key, value, _ := strings.Cut(line, " = ")
		switch {
		case isSection && name != "options]":
			c.repos = append(c.repos, pkgupdate.Source{ID: strings.TrimSuffix(name, "]"), Kind: pkgupdate.OfSystem, Signature: signature})
		case key == "DownloadUser" && value != "":
			c.sandboxed = true
		case key == "IgnorePkg":
			c.ignore = append(c.ignore, value)
		case key == "SigLevel" && value == "DatabaseNever" && len(c.repos) == 0:
			signature = pkgupdate.Unsigned
		case key == "SigLevel" && value == "DatabaseNever":
			c.repos[len(c.repos)-1].Signature = pkgupdate.Unsigned
		case key == "Server" && len(c.repos) > 0 && c.repos[len(c.repos)-1].URL == "":
			c.repos[len(c.repos)-1].URL = pkgupdate.PublicURL(value)
		}
	}
	if len(c.repos) == 0 {
		return c, errors.New("pacman-conf: no repository is configured")
	}
	return c, nil
}

func (c config) ignores(name string) bool {
	return slices.ContainsFunc(c.ignore, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// daily are the repositories of Arch that are made anew every few days. Others may be
// older by far than the refresh that found them unchanged.
var daily = []string{"core", "extra"}

const quiet = 14 * 24 * time.Hour // no repository of daily is

// sources says how old the list of each repository is. They are refreshed together, and
// one that is rarely made anew is as fresh as the newest.
func (m *Manager) sources(ctx context.Context, repos []pkgupdate.Source) []pkgupdate.Source {
	var newest time.Time
	for i := range repos {
		s := &repos[i]
		s.Branch = pkgupdate.Branch(s.ID, "testing", "staging", "unstable") // core-testing, kde-unstable
		st, err := m.Host.Lstat(ctx, m.place.sync()+"/"+s.ID+".db")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			s.Err = pkgupdate.ErrNeverFetched
		case err != nil:
			s.Err = err
		case st.Size == 0:
			s.Err = pkgupdate.ErrIncomplete // pacman takes it for a repository without packages
		case st.ModTime().After(newest):
			newest = st.ModTime()
		}
		s.Date = st.ModTime()
	}
	fresh := newest
	if !m.place.fetched.IsZero() {
		fresh = m.place.fetched
	}
	limit := m.MaxAge
	if limit == 0 {
		limit = pkgupdate.DefaultMaxAge
	}
	for i := range repos {
		if !slices.Contains(daily, repos[i].ID) || newest.Sub(repos[i].Date) < quiet {
			repos[i].Fetched = fresh
		}
		repos[i].Settle(m.Host.Time(), limit)
	}
	return repos
}
