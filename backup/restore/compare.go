package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A Difference is a path that is not as a snapshot has it.
type Difference struct {
	Path   string   `json:"path"`
	Fields []string `json:"fields"` // Missing or More alone, or what differs: "content", "mode" …
}

// What a Difference says of a path that is on one side only.
const (
	Missing = "missing" // the snapshot has it
	More    = "more"    // the snapshot does not have it, nor what lies below
)

// Silent reports whether the content is another one, and neither size nor time
// tells it: no write to the file since the snapshot explains that.
func (d Difference) Silent() bool {
	return slices.Contains(d.Fields, "content") && !slices.Contains(d.Fields, "size") && !slices.Contains(d.Fields, "time")
}

// A Comparison says what is compared. The zero value is all, and that nothing more is
// there.
type Comparison struct {
	Want func(backup.Entry) bool // what of the snapshot; of other files nothing is said; nil: all
	Skip func(path string) bool  // what may be there as well; nil: nothing
}

// others gives the paths that are not looked at where some entries are compared.
func others(some []backup.Entry, skip func(string) bool) func(string) bool {
	chosen := map[string]bool{}
	for _, e := range some {
		chosen[e.Path] = true
	}
	return func(path string) bool { return !chosen[path] || skip != nil && skip(path) }
}

// Compare holds what h has now to a snapshot: every entry with all that is known
// of it, and every byte.
// What the snapshot itself could not capture is not compared. The differences are
// in the order of paths; the error says what could not be looked at.
func Compare(ctx context.Context, r backup.Repo, snap backup.Snapshot, h host.Host, o Comparison) ([]Difference, error) {
	entries, err := backup.NewReader(r).Entries(ctx, snap)
	if err != nil {
		return nil, err
	}
	if o.Want != nil {
		entries = slices.DeleteFunc(entries, func(e backup.Entry) bool { return !o.Want(e) })
		o.Skip = others(entries, o.Skip)
	}
	c := newComparison(h, entries)
	for _, root := range c.roots {
		if err := c.walk(ctx, root, o.Skip); err != nil {
			c.errs = append(c.errs, fmt.Errorf("compare: %w", err))
		}
	}
	for path, e := range c.want {
		switch {
		case e.Partly:
			c.parent(ctx, e)
		case e.Error == "":
			c.differ(path, Missing)
		}
	}
	slices.SortFunc(c.out, func(a, b Difference) int { return tree.Compare(a.Path, b.Path) })
	return c.out, errors.Join(append(c.errs, ctx.Err())...)
}

// A comparison is under way: what was not met yet, and what was found.
type comparison struct {
	host  host.Host
	want  map[string]backup.Entry // by path
	roots []string
	files map[string]inode // by the mark of a file with several names
	marks map[inode]string
	more  string // the directory below which nothing more is said
	out   []Difference
	errs  []error
}

type inode struct{ dev, ino uint64 }

func newComparison(h host.Host, entries []backup.Entry) *comparison {
	c := &comparison{host: h, want: map[string]backup.Entry{}, files: map[string]inode{}, marks: map[inode]string{}}
	for _, e := range entries {
		if e.Type == backup.State || e.Type == backup.Socket {
			continue // neither is a file that a restore gives back
		}
		c.want[e.Path] = e
		if n := len(c.roots); !e.Partly && (n == 0 || !tree.Within(e.Path, c.roots[n-1])) {
			c.roots = append(c.roots, e.Path)
		}
	}
	return c
}

func (c *comparison) differ(path string, fields ...string) {
	if len(fields) > 0 {
		c.out = append(c.out, Difference{path, fields})
	}
}

func (c *comparison) walk(ctx context.Context, root string, skip func(string) bool) error {
	o := host.WalkOptions{OneFileSystem: true, Attrs: true, Digests: []string{"sha256"}}
	if skip != nil {
		o.Skip = func(name string, _ host.Stat) bool { return skip(name) }
	}
	_, err := tree.Walk(ctx, c.host.Files, root, o, func(e *host.Entry) error {
		c.met(e)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is missing, with all below it
	}
	return err
}

// met compares one entry that is there.
func (c *comparison) met(e *host.Entry) {
	was, had := c.want[e.Path]
	delete(c.want, e.Path)
	switch {
	case !had && e.Type() == host.ModeSocket, c.more != "" && tree.Within(e.Path, c.more):
	case had && (was.Error != "" || was.Unstable && e.Unstable): // the snapshot says so
	case !had:
		c.more = e.Path
		c.differ(e.Path, More)
	case e.Err != nil || e.Unstable:
		c.errs = append(c.errs, fmt.Errorf("compare %q: %w", e.Path, errors.Join(e.Err, errUnread)))
	default:
		c.differ(e.Path, c.fields(was, e)...)
	}
}

var errUnread = errors.New("what it is now could not be read")

// parent compares a directory on the way, of which a snapshot knows little.
func (c *comparison) parent(ctx context.Context, was backup.Entry) {
	now, err := c.host.Lstat(ctx, was.Path)
	switch {
	case was.Path == "/" || was.Error != "": // a restore begins below it
	case errors.Is(err, fs.ErrNotExist):
		c.differ(was.Path, Missing)
	case err != nil:
		c.errs = append(c.errs, fmt.Errorf("compare: %w", err))
	default:
		c.differ(was.Path, rights(was, now)...)
	}
}

// rights are the fields that every entry has.
func rights(was backup.Entry, now host.Stat) (fields []string) {
	for name, same := range map[string]bool{
		"type": backup.TypeOf(now) == was.Type, "mode": now.Perm() == was.Mode, "owner": now.UID == was.UID, "group": now.GID == was.GID,
	} {
		if !same && !(name == "mode" && was.Type == backup.Symlink) {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

func (c *comparison) fields(was backup.Entry, now *host.Entry) []string {
	out := rights(was, now.Stat)
	add := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	if was.Path != "/" {
		add("time", was.Mtime != now.Mtime)
	}
	add("link", was.Link != now.Link)
	add("attributes", !slices.Equal(was.Attrs, setOnes(now.Attrs)))
	add("flags", was.Flags != now.Flags)
	switch was.Type {
	case backup.Block, backup.Char:
		add("device", was.Rdev != now.Rdev)
	case backup.Regular:
		add("size", was.Size != now.Size)
		sum, _ := now.Digest("sha256")
		add("content", was.Object != "" && was.Object != sum.Hex())
		add("holes", was.Sparse && now.Known.Has(host.KnownBlocks) && now.Blocks*512 >= now.Size)
	}
	add("names", c.otherFile(was, inode{now.Dev, now.Ino}))
	return out
}

// setOnes are the attributes that have a value.
func setOnes(attrs []host.Attr) []host.Attr {
	return slices.DeleteFunc(slices.Clone(attrs), func(a host.Attr) bool { return a.Value == "" })
}

// otherFile reports whether names that were of one file are of several, or the
// other way round.
func (c *comparison) otherFile(was backup.Entry, now inode) bool {
	if was.Hard == "" {
		return false
	}
	file, known := c.files[was.Hard]
	mark, taken := c.marks[now]
	c.files[was.Hard], c.marks[now] = now, was.Hard
	return known && file != now || taken && mark != was.Hard
}
