package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// Bounds of how many logs are read, since each is followed in its folder.
const (
	Max      = 500   // of those that are found, and as many of those that patterns give
	maxLooks = 2_000 // files of one folder whose front is looked at
	maxNamed = 20    // of those that are left out, in a sentence
)

// A candidate is a log that may be read. Its group is what somebody may fill with
// more: a folder of logs, or what the first wildcard of a pattern stands for.
type candidate struct {
	name, group string
	mtime       int64
}

// fair chooses some of many logs: of each group the first, then of each the second,
// and so on. Within a group those come first that were read before, then those that
// changed last. Who fills a folder takes from that folder alone.
func fair(all []candidate, most int, known func(string) bool) (chosen, left []string) {
	if len(all) <= most {
		most = len(all)
	}
	rank := func(c candidate) int {
		if known != nil && known(c.name) {
			return 0
		}
		return 1
	}
	better := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.mtime, a.mtime), strings.Compare(a.name, b.name))
	}
	all = slices.SortedStableFunc(slices.Values(all), better)
	place, of := map[string]int{}, map[string]int{}
	for _, c := range all {
		place[c.name] = of[c.group]
		of[c.group]++
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(place[a.name], place[b.name]) })
	for i, c := range all {
		if i < most {
			chosen = append(chosen, c.name)
		} else {
			left = append(left, c.name)
		}
	}
	slices.Sort(left)
	return chosen, left
}

// Glob replaces patterns by the regular files that they match, without rotated
// copies. Links are not followed. What there is no room for is an error, beside
// those that are read.
func Glob(ctx context.Context, h host.Host, names []string, known func(string) bool) (out, left []string, err error) {
	var found []candidate
	var errs []error
	for _, name := range names {
		if !isPattern(name) {
			out = append(out, name)
			continue
		}
		logs, err := expand(ctx, h, name)
		found, errs = append(found, logs...), append(errs, err)
	}
	slices.SortFunc(found, func(a, b candidate) int { return strings.Compare(a.name, b.name) })
	found = slices.CompactFunc(found, func(a, b candidate) bool { return a.name == b.name })
	chosen, left := fair(found, Max, known)
	if len(left) > 0 {
		errs = append(errs, tooMany(len(left), "log", left))
	}
	return append(out, chosen...), left, errors.Join(errs...)
}

func isPattern(name string) bool { return strings.ContainsAny(name, "*?[") }

func tooMany(n int, what string, names []string) error {
	return fmt.Errorf("patterns give %s more than are read: %s", prose.Count(n, what), prose.ListOf(names[:min(len(names), maxNamed)], n))
}

// expand gives what a pattern matches.
func expand(ctx context.Context, h host.Host, pattern string) ([]candidate, error) {
	at := []candidate{{name: "/"}}
	parts := strings.Split(strings.Trim(pattern, "/"), "/")
	var errs []error
	for i, part := range parts {
		var next []candidate
		for _, dir := range at {
			found, err := matching(ctx, h, dir, part, i == len(parts)-1)
			next, errs = append(next, found...), append(errs, err)
		}
		if i < len(parts)-1 && len(next) > maxLooks {
			_, left := fair(next, maxLooks, nil)
			errs = append(errs, tooMany(len(left), "folder", left))
			next = slices.DeleteFunc(next, func(c candidate) bool { _, out := slices.BinarySearch(left, c.name); return out })
		}
		at = next
	}
	return at, errors.Join(errs...)
}

// matching gives what a part of a pattern matches in a folder: files at the end
// of the pattern, else folders.
func matching(ctx context.Context, h host.Host, dir candidate, part string, last bool) ([]candidate, error) {
	if !last && !isPattern(part) {
		name := path.Join(dir.name, part)
		st, err := h.Lstat(ctx, name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !st.IsDir() {
			return nil, nil
		}
		return []candidate{{name, dir.group, 0}}, err
	}
	entries, err := h.ReadDir(ctx, dir.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []candidate
	older := follow.Rotated(entries)
	for _, st := range entries {
		ok, bad := path.Match(part, st.Name)
		name := path.Join(dir.name, st.Name)
		switch {
		case bad != nil:
			return nil, fmt.Errorf("pattern %s: %w", part, bad)
		case ok && (!last && st.IsDir() || last && st.IsRegular() && older[st.Name] == ""):
			group := name
			if last {
				group = dir.name
			}
			out = append(out, candidate{name, cmp.Or(dir.group, group), st.Mtime})
		}
	}
	return out, err
}
