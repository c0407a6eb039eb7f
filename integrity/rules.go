package integrity

import (
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// SameRules reports whether two profiles look at the same files in the same way.
func (p Profile) SameRules(q Profile) bool {
	return p.SameChoice(q) && p.Compared() == q.Compared() && p.MaxFileSize == q.MaxFileSize && p.Attrs == q.Attrs
}

// RulesChanged says in words how p differs from an earlier profile, and whether
// anything is looked at less than it was.
func (p Profile) RulesChanged(was Profile) (words []string, less bool) {
	lists := []struct {
		name     string
		now, was []string
		excludes bool
	}{
		{"the folder", slices.Concat(p.Roots, p.Sparse), slices.Concat(was.Roots, was.Sparse), false},
		{"the name", p.Names, was.Names, false},
		{"the exception", p.Exclude, was.Exclude, true},
		{"the allowance for new files", p.AllowNew, was.AllowNew, true},
		{"the allowance for removed files", p.AllowRemoved, was.AllowRemoved, true},
		{"the folder of logs", p.Logs, was.Logs, true},
	}
	for _, l := range lists {
		more, fewer := without(l.now, l.was), without(l.was, l.now)
		if l.name == "the name" && len(p.Sparse) == 0 {
			continue // names do not matter any more
		}
		if len(more) > 0 {
			words = append(words, l.name+" "+prose.List(more, 3)+" is new")
		}
		if len(fewer) > 0 {
			words = append(words, l.name+" "+prose.List(fewer, 3)+" is no longer there")
		}
		less = less || len(more) > 0 && l.excludes || len(fewer) > 0 && !l.excludes
	}
	for _, root := range was.Roots {
		if slices.Contains(p.Sparse, root) && !slices.Contains(p.Roots, root) {
			words, less = append(words, "of "+root+" only some names are looked at"), true
		}
	}
	for _, root := range p.Roots {
		if slices.Contains(was.Sparse, root) && !slices.Contains(was.Roots, root) {
			words = append(words, "of "+root+" all files are looked at")
		}
	}
	if gone := was.Compared() &^ p.Compared(); gone != 0 {
		words, less = append(words, prose.List(gone.Names(), 5)+" is no longer compared"), true
	}
	if more := p.Compared() &^ was.Compared(); more != 0 {
		words = append(words, prose.List(more.Names(), 5)+" is now compared")
	}
	if p.Attrs != was.Attrs {
		words, less = append(words, "access lists and capabilities are "+notIf(!p.Attrs)+"read"), less || !p.Attrs
	}
	if p.CrossFileSystems != was.CrossFileSystems {
		words, less = append(words, "what is mounted below a folder is "+notIf(!p.CrossFileSystems)+"looked at"), less || !p.CrossFileSystems
	}
	if p.MaxFileSize != was.MaxFileSize {
		words = append(words, fmt.Sprintf("files are read up to %s", sizeOrAny(p.MaxFileSize)))
		less = less || p.MaxFileSize != 0 && (was.MaxFileSize == 0 || p.MaxFileSize < was.MaxFileSize)
	}
	return words, less
}

// SameBelow reports whether two profiles look at the same files below a folder.
func (p Profile) SameBelow(top string, q Profile) bool {
	within := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return !tree.Within(name, top) })
	}
	sparse := within(p.Sparse)
	if !sameSet(within(p.Roots), within(q.Roots)) || !sameSet(within(p.Logs), within(q.Logs)) || !sameSet(sparse, within(q.Sparse)) || len(sparse) > 0 && !sameSet(p.Names, q.Names) {
		return false
	}
	rules := func(p Profile) []string { return slices.Concat(p.Exclude, p.AllowNew, p.AllowRemoved) }
	return !slices.ContainsFunc(slices.Concat(without(rules(p), rules(q)), without(rules(q), rules(p))), func(pattern string) bool {
		literal := pattern
		if meta := strings.IndexAny(pattern, `*?[\\`); meta >= 0 {
			literal = path.Dir(pattern[:meta] + "x")
		}
		return tree.Within(literal, top) || tree.Within(top, literal)
	})
}

func notIf(not bool) string {
	if not {
		return "no longer "
	}
	return ""
}

func sizeOrAny(n int64) string {
	if n == 0 {
		return "any size"
	}
	return prose.Bytes(uint64(n))
}

// without gives what is in a and not in b, sorted and each once.
func without(a, b []string) []string {
	out := slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
	slices.Sort(out)
	return slices.Compact(out)
}

// Selected leaves only the entries that p looks at.
func Selected(entries Entries, p Profile) Entries {
	return func(yield func(host.Entry, error) bool) {
		for e, err := range entries {
			if (err != nil || p.Selects(e.Path, e.Stat.IsDir())) && !yield(e, err) {
				return
			}
		}
	}
}

// widened gives what a baseline of other rules expects: of what both look at,
// the old entry, or the new one where that is the same and tells more.
func widened(old, now Entries, was, p Profile) Entries {
	return func(yield func(host.Entry, error) bool) {
		next, stop := iter.Pull2(Selected(old, p))
		defer stop()
		before, err, more := next()
		for e, scanErr := range now {
			for scanErr == nil && err == nil && more && tree.Compare(before.Path, e.Path) < 0 {
				if !yield(before, nil) {
					return
				}
				before, err, more = next()
			}
			switch {
			case scanErr != nil || err != nil:
				yield(host.Entry{}, errorOf(scanErr, err))
				return
			case more && before.Path == e.Path:
				if tree.Diff(&before, &e, p.Compared()) != 0 || before.Hashed() && !e.Hashed() {
					e = before
				}
				before, err, more = next()
			case was.Selects(e.Path, e.Stat.IsDir()):
				continue // new under the old rules too: not accepted with the rules
			}
			if !yield(e, nil) {
				return
			}
		}
		for ; more; before, err, more = next() {
			if !yield(before, err) || err != nil {
				return
			}
		}
	}
}

func errorOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
