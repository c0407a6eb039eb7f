package integrity

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// ErrMoved says that a file is no longer what it was when the change was shown.
var ErrMoved = errors.New("changed again since it was looked at")

// Accept is Acceptor.Accept with no other journal than the one beside the baseline.
func Accept(ctx context.Context, files host.FS, name string, changes []Change) error {
	return Acceptor{Files: files, Baseline: name}.Accept(ctx, changes)
}

// An Acceptor moves a baseline by what people accept. Each act is a record that
// leads from one root of the baseline to the next, in the file beside it
// (AcceptedPath), which the check reads, and in Journal.
type Acceptor struct {
	Files    host.FS
	Baseline string     // name of the file
	Journal  Journal    // gets a record as well before the baseline moves; nil: nobody else keeps one
	Says     Acceptance // Time, By and Comment of the records
	Mounts   []Mounted  // of the head from now on; nil: as they were

	// See gives what stands at these paths now, of those that are still there;
	// nil: Again, by the profile of the baseline. An inventory sets it.
	See func(ctx context.Context, paths []string) (map[string]host.Entry, error)
}

// Accept moves a baseline file by these changes, and by nothing else: what was
// added or changed is from now on expected as it was scanned, what was removed
// is expected to be gone. Each file is looked at once more; if one differs from
// what the change says, nothing is accepted and the error wraps ErrMoved for
// each such path. Likewise nothing is accepted when the content of one is not
// known now and was before. The present baseline becomes the previous copy. The
// journal has the record first: without it the baseline does not move.
func (a Acceptor) Accept(ctx context.Context, changes []Change) error {
	changes = slices.SortedFunc(slices.Values(changes), func(a, b Change) int { return tree.Compare(a.Path, b.Path) })
	// A path may be Changed in what was known of it, and Unknown in the rest.
	changes = slices.CompactFunc(changes, func(a, b Change) bool { return a.Path == b.Path })
	return a.move(ctx, func(b *Baseline) (Head, Entries, []Change, error) {
		head := b.Head
		if a.Mounts != nil {
			head.Mounts = a.Mounts
		}
		return head, applied(b.Entries(), changes), changes, a.unmoved(ctx, b.Profile, changes)
	})
}

// AcceptProfile moves a baseline to other rules: what only they look at is from
// now on expected as it is now, and what they look at no longer is forgotten.
// What both look at stays as it was.
func (a Acceptor) AcceptProfile(ctx context.Context, p Profile) error {
	return a.move(ctx, func(b *Baseline) (Head, Entries, []Change, error) {
		head := b.Head
		p.Digests = b.Profile.Digests
		head.Profile = p
		return head, widened(b.Entries(), Scan(ctx, a.Files, p, nil), b.Profile, p), nil, p.Validate()
	})
}

// move replaces the baseline by what next makes of it.
func (a Acceptor) move(ctx context.Context, next func(*Baseline) (Head, Entries, []Change, error)) error {
	return locked(a.Baseline, func() error {
		b, err := OpenBaseline(a.Baseline)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		defer b.Close()
		head, entries, changes, err := next(b)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		head.Previous = b.Root.String()
		// A damaged file is not made the previous copy: that is the good one.
		r := replacement{name: a.Baseline, keep: b.Damaged == nil}
		r.commit = func(to Digest) error { return a.record(ctx, b.Root.String(), to, changes) }
		return r.write(head, entries)
	})
}

// Anew takes a new baseline in the place of one that is lost, damaged, replaced
// or no longer wanted. All that changed before is from now on expected, so the
// record says that the baseline was begun anew, and the check tells of it.
func (a Acceptor) Anew(ctx context.Context, head Head, entries Entries) error {
	return locked(a.Baseline, func() error {
		from := ""
		if b, err := OpenBaseline(a.Baseline); err == nil {
			from = b.Root.String()
			b.Close()
		}
		a.Says.Anew, head.Previous = true, from
		r := replacement{name: a.Baseline}
		r.commit = func(to Digest) error { return a.record(ctx, from, to, nil) }
		if err := r.write(head, entries); err != nil {
			return err
		}
		return copyBaseline(a.Baseline)
	})
}

// unmoved looks at each changed file again.
func (a Acceptor) unmoved(ctx context.Context, p Profile, changes []Change) error {
	paths := make([]string, len(changes))
	for i, c := range changes {
		paths[i] = c.Path
	}
	see := a.See
	if see == nil {
		see = func(ctx context.Context, paths []string) (map[string]host.Entry, error) {
			return entriesAgain(ctx, a.Files, p, paths)
		}
	}
	seen, err := see(ctx, paths)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range changes {
		if err := c.acceptable(); err != nil {
			errs = append(errs, err)
			continue
		}
		now, there := seen[c.Path]
		if there == (c.Kind == Removed) || there && tree.Diff(&c.Now, &now, tree.FieldsAll) != 0 {
			errs = append(errs, fmt.Errorf("%s: %w", c.Path, ErrMoved))
		}
	}
	return errors.Join(errs...)
}

func entriesAgain(ctx context.Context, files host.FS, p Profile, paths []string) (map[string]host.Entry, error) {
	seen, err := Again(ctx, files, p, paths, Look{})
	out := map[string]host.Entry{}
	for name, s := range seen {
		out[name] = s.Entry
	}
	return out, err
}

// acceptable reports why a change cannot be accepted, whatever is there now.
func (c Change) acceptable() error {
	switch {
	case c.Kind == Unknown && complete(c.Now) && c.Now.Err == nil && !c.Now.Unstable:
		return nil // what it was nobody knows; what it is from now on is known
	case c.Kind != Added && c.Kind != Removed && c.Kind != Changed:
		return fmt.Errorf("%s is %v: what is not known cannot be accepted", c.Path, c.Kind)
	case c.Kind == Changed && c.Was.Hashed() && c.Now.Stat.IsRegular() && !c.Now.Hashed():
		return fmt.Errorf("%s: its content was known, and is not now: that cannot be accepted", c.Path)
	}
	return nil
}

// applied gives the entries with the changes, which are sorted by path.
func applied(old Entries, changes []Change) Entries {
	return func(yield func(host.Entry, error) bool) {
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
func (c Change) yield(yield func(host.Entry, error) bool) bool {
	return c.Kind == Removed || yield(c.Now, nil)
}
