package integrity

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// Kind says what happened to a file. The zero value is no kind.
type Kind uint8

// The kinds of changes.
const (
	Added      Kind = iota + 1 // not in the old stream
	Removed                    // known not to be there any more
	Changed                    // Fields differ
	Unstable                   // changed each time it was read: its content is unknown
	Unreadable                 // content or names are unknown now, and so is all below
	Unknown                    // content or names were not known in the old stream, or it is below such a directory
)

var kindNames = [...]string{"no change", "added", "removed", "changed", "unstable", "unreadable", "unknown"}

// String gives the kind as a word, such as "added".
func (k Kind) String() string { return kindNames[min(int(k), len(kindNames)-1)] }

// A Change is a difference between two streams, at one path.
type Change struct {
	Kind   Kind
	Path   string
	Fields tree.Fields // of Changed: what differs
	Was    host.Entry  // zero for Added
	Now    host.Entry  // zero for Removed
}

// Compare calls fn for each difference between two streams, in their order,
// and holds no more of them than one entry each. An entry of the old stream is
// Removed only if the new one is known to be complete where it would stand:
// below a directory that could not be listed nothing is said but that. Likewise
// what is below a directory that the old one could not list is Unknown, and not
// Added. A file that
// is Unreadable may be Changed as well, in what is known of it. That attributes are
// not known any more, as without /proc, is told once, of the first file. The error
// is that of a stream, or fn's; entries behind it were not compared.
func Compare(old, now Entries, want tree.Fields, fn func(Change) error) error {
	next, stop := iter.Pull2(old)
	defer stop()
	c := comparison{next: next, want: want, fn: fn}
	c.advance()
	for e, err := range now {
		if err == nil {
			err = c.take(e)
		}
		if err != nil {
			return err
		}
	}
	return c.rest()
}

type comparison struct {
	next  func() (host.Entry, error, bool)
	want  tree.Fields
	fn    func(Change) error
	was   host.Entry // the next old entry, while more
	more  bool
	err   error  // of the old stream
	last  string // path of the last new entry
	above above  // the last new entry
	old   above  // the last old entry before it
	blind bool   // it was told that attributes are not known any more
}

// above are the directories around the last entry of a stream, and itself where it is one.
type above []folder

// A folder is a directory, and whether it is known what is in it.
type folder struct {
	path  string
	known bool
}

// enter takes the next entry.
func (a *above) enter(e host.Entry) {
	for n := len(*a); n > 0 && !tree.Within(e.Path, (*a)[n-1].path); n-- {
		*a = (*a)[:n-1]
	}
	if known := complete(e); !known || e.Stat.IsDir() {
		*a = append(*a, folder{e.Path, known})
	}
}

// know reports whether it is known that there is nothing at a path behind the last entry:
// the innermost directory around it decides.
func (a above) know(path string) bool {
	for _, dir := range slices.Backward(a) {
		if tree.Within(path, dir.path) {
			return dir.known
		}
	}
	return true
}

// errBlind is why attributes cannot be compared.
var errBlind = errors.New("access lists and other attributes were known, and are not any more: from here on nobody sees whether they changed")

func (c *comparison) advance() {
	previous, had := c.was.Path, c.more
	c.was, c.err, c.more = c.next()
	if c.err == nil && c.more && had && tree.Compare(previous, c.was.Path) >= 0 {
		c.err = fmt.Errorf("compare: old entries are out of order at %q", c.was.Path)
	}
	if c.err != nil {
		c.more = false
	}
}

// take compares one new entry with the old ones up to its path.
func (c *comparison) take(now host.Entry) error {
	if c.last != "" && tree.Compare(c.last, now.Path) >= 0 {
		return fmt.Errorf("compare: new entries are out of order at %q", now.Path)
	}
	c.last = now.Path
	for c.more && tree.Compare(c.was.Path, now.Path) < 0 {
		if err := c.removed(); err != nil {
			return err
		}
	}
	if c.err != nil {
		return c.err
	}
	c.above.enter(now)
	if now.Err != nil {
		if err := c.fn(Change{Kind: Unreadable, Path: now.Path, Now: now}); err != nil {
			return err
		}
	}
	if !c.more || c.was.Path != now.Path {
		return c.added(now)
	}
	was := c.was
	c.advance()
	c.old.enter(was)
	return c.pair(was, now)
}

// complete reports whether it is known what is below an entry: all but a
// directory have nothing there.
func complete(e host.Entry) bool {
	return e.Complete || e.Stat.Known != 0 && !e.Stat.IsDir()
}

func (c *comparison) added(now host.Entry) error {
	if now.Stat.Known == 0 {
		return nil // nobody knows whether it is there
	}
	if !c.old.know(now.Path) {
		return c.fn(Change{Kind: Unknown, Path: now.Path, Now: now}) // nobody knows whether it was there
	}
	return c.fn(Change{Kind: Added, Path: now.Path, Now: now})
}

func (c *comparison) pair(was, now host.Entry) error {
	if !complete(was) && complete(now) || c.contentUnknown(was, now) {
		if err := c.fn(Change{Kind: Unknown, Path: now.Path, Was: was, Now: now}); err != nil {
			return err
		}
	}
	if was.Stat.Known == 0 || now.Stat.Known == 0 {
		return nil
	}
	if now.Unstable {
		return c.fn(Change{Kind: Unstable, Path: now.Path, Was: was, Now: now})
	}
	if !c.blind && now.Err == nil && tree.Lost(&was, &now, c.want) != 0 {
		c.blind = true
		lost := now
		lost.Err = errBlind
		if err := c.fn(Change{Kind: Unreadable, Path: now.Path, Now: lost}); err != nil {
			return err
		}
	}
	if diff := tree.Diff(&was, &now, c.want); diff != 0 {
		return c.fn(Change{Kind: Changed, Path: now.Path, Fields: diff, Was: was, Now: now})
	}
	return nil
}

// contentUnknown reports whether a content is known now and was not: there is
// nothing to compare it with.
func (c *comparison) contentUnknown(was, now host.Entry) bool {
	return c.want&tree.FieldContent != 0 && was.Stat.IsRegular() && now.Stat.IsRegular() && !was.Hashed() && now.Hashed()
}

// removed tells of the old entry for which there is no new one.
func (c *comparison) removed() error {
	was := c.was
	c.advance()
	c.old.enter(was)
	if was.Stat.Known == 0 || !c.above.know(was.Path) {
		return nil
	}
	return c.fn(Change{Kind: Removed, Path: was.Path, Was: was})
}

// rest ends the comparison after the last new entry.
func (c *comparison) rest() error {
	for c.more {
		if err := c.removed(); err != nil {
			return err
		}
	}
	return c.err
}
