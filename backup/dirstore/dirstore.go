// Package dirstore keeps a backup store in a directory of this machine.
//
//	repo := backup.Repo{Store: dirstore.Dir("/var/lib/upkeep/backup")}
//
// Files have mode 0600 in directories of mode 0700. The package changes no file
// and deletes none, but for what a killed writer left in tmp/.
//
// # Design
//
// A file is written under another name, synced, and then linked to its own: a
// link never replaces, so of two writers one wins, and whoever sees the name
// sees the whole file. File and directory are synced before Create returns.
package dirstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/internal/atomicfile"
	"github.com/pugetsoundtech/upkeep/internal/lock"
)

// Dir is the path of the directory; it is made with the first file.
type Dir string

const tmpDir = "tmp"

// String is the path.
func (d Dir) String() string { return string(d) }

// Lock keeps other writers out until release, and clears tmp/. While another
// process has the lock the error says which. A directory that other users can
// write is refused: they could exchange every file.
func (d Dir) Lock() (release func() error, err error) {
	if err := d.mkdir(tmpDir); err != nil {
		return nil, err
	}
	if err := d.private(); err != nil {
		return nil, err
	}
	l, err := lock.Acquire(d.path("lock"))
	if err != nil {
		return nil, fmt.Errorf("backup store: %w", err)
	}
	left, err := os.ReadDir(d.path(tmpDir))
	for _, e := range left {
		err = errors.Join(err, os.Remove(d.path(tmpDir+"/"+e.Name())))
	}
	if err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l.Release, nil
}

func (d Dir) private() error {
	st, err := os.Stat(string(d))
	if err == nil && st.Mode()&0o022 != 0 {
		err = fmt.Errorf("backup store %s: other users can write into it (mode %04o); take that right away with chmod go-w", d, st.Mode().Perm())
	}
	return err
}

func (d Dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

// Create is backup.Store.Create.
func (d Dir) Create(ctx context.Context, name string, data []byte) error {
	if err := check(ctx, name); err != nil {
		return fmt.Errorf("create %.80q: %w", name, err)
	}
	return d.create(name, data, func(string) error { return nil })
}

// create calls step before each system call that changes the disk; an error of
// it is taken for one of the call.
func (d Dir) create(name string, data []byte, step func(string) error) error {
	final := d.path(name)
	for _, dir := range []string{tmpDir, filepath.ToSlash(filepath.Dir(name))} {
		if err := errors.Join(step("mkdir"), d.mkdir(dir)); err != nil {
			return fmt.Errorf("create %s: %w", name, err)
		}
	}
	tmp, err := d.writeTemp(data, step)
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	defer os.Remove(tmp) //nolint:errcheck // the next Lock clears what is left
	if err = step("link"); err == nil {
		err = os.Link(tmp, final)
	}
	if errors.Is(err, fs.ErrExist) {
		err = d.compare(name, data)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return errors.Join(step("sync directory"), atomicfile.SyncDir(filepath.Dir(final)), step("unlink"))
}

// compare says whether an existing file has these bytes.
func (d Dir) compare(name string, data []byte) error {
	old, err := d.Read(context.Background(), name, int64(len(data)))
	if errors.Is(err, backup.ErrTooLarge) || err == nil && !bytes.Equal(old, data) {
		err = backup.ErrExists
	}
	return err
}

// mkdir makes a directory and the ones above it, each durable in its parent.
func (d Dir) mkdir(name string) error {
	dir := d.path(name)
	if st, err := os.Lstat(dir); err == nil && st.IsDir() {
		return nil
	}
	if name == "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	} else {
		if err := d.mkdir(filepath.ToSlash(filepath.Dir(name))); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return atomicfile.SyncDir(filepath.Dir(dir))
}

func (d Dir) writeTemp(data []byte, step func(string) error) (name string, err error) {
	if err := step("open"); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(d.path(tmpDir), "new-") // mode 0600, O_EXCL
	if err != nil {
		return "", err
	}
	half := len(data) / 2
	err = step("write")
	for _, part := range [][]byte{data[:half], data[half:]} {
		if err == nil {
			_, err = f.Write(part)
		}
		if err == nil {
			err = step("write more")
		}
	}
	if err == nil {
		// An error here says that bytes may be lost, and that once only: the
		// file is given up.
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Read is backup.Store.Read.
func (d Dir) Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	if err := check(ctx, name); err != nil {
		return nil, fmt.Errorf("read %.80q: %w", name, err)
	}
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", backup.ErrTooLarge, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

// open opens a regular file; what else somebody has put there, such as a FIFO on
// which a reader waits for ever, is damage.
func (d Dir) open(name string) (*os.File, error) {
	st, err := os.Lstat(d.path(name))
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: no regular file: %w", name, backup.ErrDamaged)
	}
	return os.OpenFile(d.path(name), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
}

// List is backup.Store.List.
func (d Dir) List(ctx context.Context, prefix string) ([]backup.Info, error) {
	out := []backup.Info{}
	// The slash leads through a link, by which a store often lies on another disk.
	top := filepath.Clean(string(d)) + "/"
	err := filepath.WalkDir(top, func(p string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if p == top && errors.Is(err, fs.ErrNotExist) {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(string(d), p)
		name := filepath.ToSlash(rel)
		if err != nil || e.IsDir() {
			if name == tmpDir {
				return fs.SkipDir
			}
			return err
		}
		if name == "lock" || !strings.HasPrefix(name, prefix) || !backup.ValidName(name) {
			return nil
		}
		info, err := e.Info()
		if err == nil {
			out = append(out, backup.Info{Name: name, Size: info.Size()})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", d, err)
	}
	slices.SortFunc(out, func(a, b backup.Info) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func check(ctx context.Context, name string) error {
	if !backup.ValidName(name) || name == "lock" || strings.HasPrefix(name, tmpDir+"/") {
		return fs.ErrInvalid
	}
	return ctx.Err()
}
