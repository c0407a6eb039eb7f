package backup

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// A Source is what is backed up: files of one system.
type Source struct {
	Host  host.Host
	Paths []string // absolute; nil: /etc. A path that does not exist has no entries
	// Skip leaves files out, a directory with all below it; nil: SkipGenerated.
	Skip func(path string) bool
}

// SkipGenerated leaves out what programs write anew by themselves, and the
// working files of editors.
func SkipGenerated(name string) bool {
	base := path.Base(name)
	return slices.Contains(generated, name) || strings.HasSuffix(base, "~") ||
		strings.HasPrefix(base, ".") && (strings.HasSuffix(base, ".swp") || strings.HasSuffix(base, ".swo"))
}

var generated = []string{
	"/etc/mtab", "/etc/ld.so.cache", "/etc/adjtime", "/etc/.pwd.lock", "/etc/blkid.tab", "/etc/blkid.tab.old",
	"/etc/udev/hwdb.bin", "/etc/lvm/cache", "/etc/lvm/archive", "/etc/apparmor.d/cache", "/etc/fake-hwclock.data",
	"/etc/cups/subscriptions.conf", "/etc/cups/subscriptions.conf.O",
}

// capture is the state of a source at one time.
type capture struct {
	entries []Entry
	unread  []string // directories whose names could not all be read
}

var errLinkedRoot = errors.New("it is a link, and what it leads to is not backed up")

var errUnstable = errors.New("changed each time it was read")

func (s Source) capture(ctx context.Context) (capture, error) {
	skip := s.Skip
	if skip == nil {
		skip = SkipGenerated
	}
	opts := tree.Options{
		OneFileSystem: true, Digest: true, MaxFileSize: maxFile,
		Skip: func(name string, _ host.Stat) bool { return skip(name) },
	}
	users, groups := s.names(ctx, "/etc/passwd"), s.names(ctx, "/etc/group")
	var c capture
	roots, err := s.roots()
	if err != nil {
		return capture{}, err
	}
	for _, root := range roots {
		_, err := tree.Walk(ctx, s.Host.Files, root, opts, func(e *tree.Entry) error {
			entry := entryOf(e)
			entry.User, entry.Group = users[e.UID], groups[e.GID]
			if e.Path == root && entry.Type == Symlink {
				entry.Error = errLinkedRoot.Error()
			}
			c.entries = append(c.entries, entry)
			if e.IsDir() && e.Err != nil {
				c.unread = append(c.unread, e.Path)
			}
			return nil
		})
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist):
		case ctx.Err() != nil:
			return capture{}, ctx.Err()
		case len(c.entries) > 0 && tree.Within(c.entries[len(c.entries)-1].Path, root):
			return capture{}, err // it broke off, and nobody knows where
		default:
			c.entries = append(c.entries, Entry{Path: root, Error: reason(err)})
			c.unread = append(c.unread, root)
		}
	}
	return c, nil
}

// roots gives the paths in the order of a walk, none inside another.
func (s Source) roots() ([]string, error) {
	if s.Paths == nil {
		return []string{"/etc"}, nil
	}
	sorted := make([]string, len(s.Paths))
	for i, p := range s.Paths {
		if !host.ValidName(p) {
			return nil, fmt.Errorf("%.200q is no absolute path: %w", p, fs.ErrInvalid)
		}
		sorted[i] = path.Clean(p)
	}
	slices.SortFunc(sorted, tree.Compare)
	var out []string
	for _, p := range sorted {
		if len(out) == 0 || !tree.Within(p, out[len(out)-1]) {
			out = append(out, p)
		}
	}
	return out, nil
}

func entryOf(e *tree.Entry) Entry {
	entry := Entry{
		Path: e.Path, Type: typeOf(e.Stat), Mode: e.Perm(), UID: e.UID, GID: e.GID, Mtime: e.Mtime, Link: e.Link,
	}
	if e.IsRegular() {
		entry.Size = e.Size
	}
	if entry.Type == Block || entry.Type == Char {
		entry.Rdev = e.Rdev
	}
	switch {
	case e.Err != nil:
		entry.Error = reason(e.Err)
	case e.Unstable:
		entry.Error = errUnstable.Error()
	case e.Hashed:
		entry.Object = hex.EncodeToString(e.Digest[:])
	case e.IsRegular():
		entry.Error = "not read"
	}
	return entry
}

// permissionDenied is the text by which a manifest says that rights were
// missing, so that every system's own words compare equal.
const permissionDenied = "permission denied"

func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return permissionDenied
	case errors.Is(err, tree.ErrTooLarge), errors.Is(err, ErrTooLarge), errors.Is(err, host.ErrTruncated):
		return fmt.Sprintf("larger than %d MiB", maxFile>>20)
	}
	return err.Error()
}

// names reads the names of users or groups by number. Where they cannot be
// read, entries have none.
func (s Source) names(ctx context.Context, file string) map[uint32]string {
	data, err := s.Host.ReadFile(ctx, file, 0)
	if err != nil {
		return nil
	}
	names := map[uint32]string{}
	for _, l := range bytes.Split(data, []byte("\n")) {
		f := strings.SplitN(string(l), ":", 4)
		if len(f) < 4 {
			continue
		}
		id, err := strconv.ParseUint(f[2], 10, 32)
		if _, taken := names[uint32(id)]; err == nil && !taken {
			names[uint32(id)] = f[0]
		}
	}
	return names
}

// content reads what an entry was found to hold. A file that has changed since
// is looked at again; e then becomes what it is now.
func (s Source) content(ctx context.Context, e *Entry) ([]byte, error) {
	for range 3 {
		data, err := s.Host.ReadFile(ctx, e.Path, maxFile)
		if err != nil {
			return nil, err
		}
		if hashOf(data) == e.Object {
			return data, nil
		}
		look, err := tree.Look(ctx, s.Host.Files, e.Path, tree.Options{Digest: true, MaxFileSize: maxFile})
		if err != nil {
			return nil, err
		}
		fresh := entryOf(&look)
		fresh.User, fresh.Group = e.User, e.Group
		*e = fresh
		if e.Type != Regular || e.Error != "" {
			return nil, errUnstable
		}
	}
	return nil, errUnstable
}
