package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// Restore writes one file of a snapshot below into, under its own path: the
// regular file /etc/motd becomes etc/motd. Missing directories are made with
// mode 0700. It follows no link and replaces nothing: where the name is taken
// the error wraps fs.ErrExist. Setuid, setgid and sticky bits are left out; the
// owner is restored where this process may; where it may not, the group is given
// no more rights than everybody. Symbolic links are made as they
// were; other types are errors.ErrUnsupported.
func (r Repo) Restore(ctx context.Context, snap Snapshot, name string, into *os.Root) error {
	e, err := r.entry(ctx, snap, name)
	if err != nil {
		return err
	}
	var content []byte
	if e.Type == Regular {
		if content, err = r.Content(ctx, snap, e); err != nil {
			return err
		}
	}
	dir, err := descend(into, path.Dir(e.Path))
	if err != nil {
		return fmt.Errorf("restore %q: %w", name, err)
	}
	defer dir.Close()
	switch base := path.Base(e.Path); e.Type {
	case Regular:
		err = writeFile(dir, base, e, content)
	case Symlink:
		err = dir.Symlink(e.Link, base)
	default:
		err = fmt.Errorf("type %q: %w", e.Type, errors.ErrUnsupported)
	}
	if err != nil {
		return fmt.Errorf("restore %q: %w", name, err)
	}
	return nil
}

func (r Repo) entry(ctx context.Context, snap Snapshot, name string) (Entry, error) {
	entries, err := r.Entries(ctx, snap)
	if err != nil {
		return Entry{}, err
	}
	i, found := slices.BinarySearchFunc(entries, name, func(e Entry, name string) int { return tree.Compare(e.Path, name) })
	if !found {
		return Entry{}, fmt.Errorf("%q in snapshot %d: %w", name, snap.Seq, fs.ErrNotExist)
	}
	return entries[i], nil
}

var errSwapped = errors.New("a directory on the way is no directory, or was exchanged")

// descend opens the directory name below root, and makes what is missing. Each
// part is opened alone and compared with what was seen, since os.Root follows
// links that stay inside.
func descend(root *os.Root, name string) (*os.Root, error) {
	dir, err := root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		if part == "" {
			continue
		}
		next, err := step(dir, part)
		dir.Close()
		if err != nil {
			return nil, err
		}
		dir = next
	}
	return dir, nil
}

func step(dir *os.Root, part string) (*os.Root, error) {
	if err := dir.Mkdir(part, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	seen, err := dir.Lstat(part)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, fmt.Errorf("%q: %w", part, errSwapped)
	}
	next, err := dir.OpenRoot(part)
	if err != nil {
		return nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = fmt.Errorf("%q: %w", part, errSwapped)
	}
	if err != nil {
		next.Close()
		return nil, err
	}
	return next, nil
}

// writeFile makes the file whole under another name, and then gives it its own
// unless that is taken.
func writeFile(dir *os.Root, base string, e Entry, content []byte) error {
	tmp := ".restore-" + rand.Text()
	f, err := dir.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = fill(f, e, content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = dir.Link(tmp, base)
	}
	return errors.Join(err, dir.Remove(tmp))
}

// fill sets what belongs to the file through its descriptor, the owner before
// the mode.
func fill(f *os.File, e Entry, content []byte) error {
	if _, err := f.Write(content); err != nil {
		return err
	}
	mode := fs.FileMode(e.Mode & 0o777)
	err := f.Chown(int(e.UID), int(e.GID))
	if errors.Is(err, fs.ErrPermission) {
		// It is another group than the one that these rights were for.
		mode, err = mode&^0o070|mode&(mode<<3)&0o070, nil
	}
	if err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	when := unix.NsecToTimeval(e.Mtime)
	if err := unix.Futimes(int(f.Fd()), []unix.Timeval{when, when}); err != nil {
		return err
	}
	return f.Sync()
}
