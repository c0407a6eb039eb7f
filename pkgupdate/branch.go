package pkgupdate

import (
	"context"
	"slices"
	"strings"
)

// A Stray is an installed package of a branch in development, on a system that is a
// release: it has no security support there, and changes without notice.
type Stray struct {
	Pkg    Package
	Branch string // "sid", "rawhide"
}

// A Tracer knows which of the installed packages came from those of the sources that
// have a Branch. A version that a release has too is no stray.
type Tracer interface {
	Strays(ctx context.Context, installed []Package, sources []Source) Answer[[]Stray]
}

// Branch gives the first of some names that is a whole word of an address or a name of a
// source; "" where none is.
func Branch(text string, names ...string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune("/-_: ", r) })
	i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(words, name) })
	if i < 0 {
		return ""
	}
	return names[i]
}

// Unmixed takes the Branch from all sources of a system that has none of a release: there
// it is what the system is.
func Unmixed(sources []Source, release func(Source) bool) {
	if slices.ContainsFunc(sources, func(s Source) bool { return s.Branch == "" && release(s) }) {
		return
	}
	for i := range sources {
		sources[i].Branch = ""
	}
}

// Branched gives the branches of sources by their ID.
func Branched(sources []Source) map[string]string {
	of := map[string]string{}
	for _, s := range sources {
		if s.Branch != "" {
			of[s.ID] = s.Branch
		}
	}
	return of
}
