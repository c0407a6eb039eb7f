package integrity

import (
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/internal/automaton"
)

// A choice says of each path of a walk whether a profile leaves it out. It carries
// what it knows of a folder to all that is in it, so that a path costs the same
// with any number of patterns and roots.
type choice struct {
	p              Profile
	exclude, names *globs
	roots          map[string]bool // of both kinds

	mu   sync.Mutex
	dir  string // of the last path
	only bool   // in it only files of certain names are looked at
}

func newChoice(p Profile) *choice {
	c := &choice{p: p, exclude: newGlobs(p.Exclude), names: newGlobs(p.Names), roots: map[string]bool{}}
	for _, root := range slices.Concat(p.Roots, p.Sparse) {
		c.roots[root] = true
	}
	return c
}

// skips is excludes and passesOver for a walk.
func (c *choice) skips(name string, st host.Stat) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	dir, base := path.Split(name)
	if c.exclude.match(dir, base) {
		return true
	}
	if len(c.p.Sparse) == 0 || st.IsDir() || c.roots[name] || c.names.match("", base) {
		return false
	}
	if dir != c.dir {
		c.dir, c.only = dir, c.p.OnlyNamed(path.Clean(dir))
	}
	return c.only
}

// globs are patterns of path.Match, asked at once as far as they have no other
// signs than stars; those that have, in which a sign stands for a character and
// not for a byte, one by one.
type globs struct {
	set    *automaton.Set
	others []string

	dir    string
	behind *automaton.State
}

func newGlobs(patterns []string) *globs {
	g := &globs{}
	var expressions []string
	for _, p := range patterns {
		if strings.ContainsAny(p, `?[\`) {
			g.others = append(g.others, p)
			continue
		}
		var b strings.Builder
		for i := range len(p) {
			switch c := p[i]; {
			case c == '*':
				b.WriteString("[^/]*")
			case strings.IndexByte(`.+()|]{}^$`, c) >= 0:
				b.WriteByte('\\')
				fallthrough
			default:
				b.WriteByte(c)
			}
		}
		expressions = append(expressions, b.String()+`\z`)
	}
	var err error
	if g.set, err = automaton.New(expressions); err != nil {
		g.others, g.set = patterns, nil
	} else if len(expressions) == 0 {
		g.set = nil
	}
	return g
}

// match reports whether a pattern matches all of dir and base.
func (g *globs) match(dir, base string) bool {
	if g.set != nil {
		if g.behind == nil || dir != g.dir {
			g.dir, g.behind = dir, g.set.Start().Next(dir)
		}
		if len(g.behind.Next(base).Matches()) > 0 {
			return true
		}
	}
	return len(g.others) > 0 && matchesAny(dir+base, g.others)
}
