package backup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/tree"
)

// ChangeKind says what happened to one path. The zero value is invalid.
type ChangeKind uint8

// The kinds of changes.
const (
	Added    ChangeKind = iota + 1
	Modified            // another content, link target, type or device
	Deleted
	Metadata // the same content with another mode, owner, group or time
)

// String gives "added", "modified", "deleted" or "metadata".
func (k ChangeKind) String() string {
	return [...]string{"unknown", "added", "modified", "deleted", "metadata"}[min(k, Metadata)]
}

// A Change is the difference of two snapshots in one path.
type Change struct {
	Kind   ChangeKind
	Path   string
	Before Entry // zero of Added
	After  Entry // zero of Deleted

	// Silent says that the content is another although size, times and inode are
	// as they were: the disk, or somebody who hides it. Only a commit sees it.
	Silent bool
}

// Fields names what differs: content, link, type, device, mode, owner, group, time,
// attributes, flags.
func (c Change) Fields() []string {
	if c.Kind == Added || c.Kind == Deleted {
		return nil
	}
	a, b := c.Before, c.After
	var out []string
	for _, f := range []struct {
		name   string
		differ bool
	}{
		{"type", a.Type != b.Type},
		{"content", otherContent(a, b)},
		{"link", a.Link != b.Link},
		{"device", a.Rdev != b.Rdev},
		{"mode", a.Mode != b.Mode},
		{"owner", a.UID != b.UID},
		{"group", a.GID != b.GID},
		{"time", a.Mtime != b.Mtime},
		{"attributes", !slices.Equal(a.Attrs, b.Attrs)},
		{"flags", a.Flags != b.Flags},
	} {
		if f.differ {
			out = append(out, f.name)
		}
	}
	return out
}

// otherContent compares by digests. Where a divided content has none, its parts
// tell.
func otherContent(a, b Entry) bool {
	if a.Type == Dir || b.Type == Dir {
		return false
	}
	if a.Object == "" && b.Object == "" {
		return a.List != b.List
	}
	return a.Object != b.Object
}

// String is one line for people, with the path quoted as Go does.
func (c Change) String() string {
	s := fmt.Sprintf("%-8s %q", c.Kind, c.Path)
	fields := c.Fields()
	for i, f := range fields {
		switch f {
		case "mode":
			fields[i] = fmt.Sprintf("mode %04o to %04o", c.Before.Mode, c.After.Mode)
		case "owner":
			fields[i] = fmt.Sprintf("owner %d to %d", c.Before.UID, c.After.UID)
		case "group":
			fields[i] = fmt.Sprintf("group %d to %d", c.Before.GID, c.After.GID)
		case "time":
			fields[i] = fmt.Sprintf("time %s to %s", stamp(c.Before.Mtime), stamp(c.After.Mtime))
		}
	}
	if len(fields) > 0 {
		s += " (" + strings.Join(fields, ", ") + ")"
	}
	return s
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02 15:04:05 MST") }

// Compare gives the changes from before to after, which are in the order of
// manifests. What could not be captured on one side is no change but for what
// is known. The time of a directory alone is none: it follows its entries.
func Compare(before, after []Entry) []Change {
	var out []Change
	for len(before) > 0 || len(after) > 0 {
		switch order := compareHeads(before, after); {
		case order < 0:
			out = append(out, Change{Kind: Deleted, Path: before[0].Path, Before: before[0]})
			before = before[1:]
		case order > 0:
			out = append(out, Change{Kind: Added, Path: after[0].Path, After: after[0]})
			after = after[1:]
		default:
			if c, differ := compareEntries(before[0], after[0]); differ {
				out = append(out, c)
			}
			before, after = before[1:], after[1:]
		}
	}
	return out
}

func compareHeads(a, b []Entry) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return tree.Compare(a[0].Path, b[0].Path)
}

func compareEntries(a, b Entry) (Change, bool) {
	if b.Error != "" || a.Error != "" && !a.HasContent() {
		return Change{}, false
	}
	c := Change{Path: b.Path, Before: a, After: b}
	for _, f := range c.Fields() {
		switch f {
		case "type", "content", "link", "device":
			c.Kind = Modified
			return c, true
		case "time":
			if b.Type == Dir {
				continue
			}
		}
		c.Kind = Metadata
	}
	return c, c.Kind != 0
}
