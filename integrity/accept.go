package integrity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// ErrMoved says that a file is no longer what it was when the change was shown.
var ErrMoved = errors.New("changed again since it was looked at")

// Accept moves a baseline file by these changes, and by nothing else: what was
// added or changed is from now on expected as it was scanned, what was removed
// is expected to be gone. Each file is looked at once more; if one differs from
// what the change says, nothing is accepted and the error wraps ErrMoved for
// each such path. The present baseline becomes the previous copy.
func Accept(ctx context.Context, files host.FS, name string, changes []Change) error {
	changes = slices.SortedFunc(slices.Values(changes), func(a, b Change) int { return tree.Compare(a.Path, b.Path) })
	return locked(name, func() error {
		b, err := OpenBaseline(name)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		defer b.Close()
		if err := unmoved(ctx, files, b.Profile, changes); err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		// A damaged file is not made the previous copy: that is the good one.
		return replaceBaseline(name, b.Damaged == nil, b.Head, applied(b.Entries(), changes))
	})
}

// unmoved looks at each changed file again.
func unmoved(ctx context.Context, files host.FS, p Profile, changes []Change) error {
	var errs []error
	for _, c := range changes {
		if c.Kind != Added && c.Kind != Removed && c.Kind != Changed {
			errs = append(errs, fmt.Errorf("%s is %v: what is not known cannot be accepted", c.Path, c.Kind))
			continue
		}
		e, err := tree.Look(ctx, files, c.Path, p.options())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if c.Kind != Removed {
				errs = append(errs, fmt.Errorf("%s: %w", c.Path, ErrMoved))
			}
		case err != nil:
			errs = append(errs, err)
		case c.Kind == Removed || Diff(c.Now, entryOf(&e), FieldsAll) != 0:
			errs = append(errs, fmt.Errorf("%s: %w", c.Path, ErrMoved))
		}
	}
	return errors.Join(errs...)
}

// applied gives the entries with the changes, which are sorted by path.
func applied(old Entries, changes []Change) Entries {
	return func(yield func(Entry, error) bool) {
		rest := changes
		for e, err := range old {
			for err == nil && len(rest) > 0 && tree.Compare(rest[0].Path, e.Path) < 0 {
				if !rest[0].yield(yield) {
					return
				}
				rest = rest[1:]
			}
			if err == nil && len(rest) > 0 && rest[0].Path == e.Path {
				continue // its place is taken before the next entry
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		for _, c := range rest {
			if !c.yield(yield) {
				return
			}
		}
	}
}

// yield yields what is expected from now on at the change's path, if anything.
func (c Change) yield(yield func(Entry, error) bool) bool {
	return c.Kind == Removed || yield(c.Now, nil)
}
