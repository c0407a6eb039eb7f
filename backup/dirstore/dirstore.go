// Package dirstore keeps a backup store in a directory of this machine.
//
//	repo := backup.Repo{Store: dirstore.Dir("/var/lib/upkeep/backup")}
//
// Files have mode 0600 in directories of mode 0700. The package changes no file.
// It deletes what a killed writer left in tmp/, and by Purge what Trash has put
// aside.
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
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/internal/durable"
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
	if err := durable.MkdirAll(d.path(tmpDir)); err != nil {
		return nil, err
	}
	if err := d.private(); err != nil {
		return nil, err
	}
	l, err := durable.Acquire(d.path("lock"))
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

// Durability says that file and name survive when Create has returned nil.
func (d Dir) Durability() backup.Durability { return backup.FileAndDir }

// Create is backup.Store.Create.
func (d Dir) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if err := check(ctx, name); err != nil {
		return fmt.Errorf("create %.80q: %w", name, err)
	}
	data, held := body.(backup.Held)
	if !held || int64(len(data)) != size {
		data = make([]byte, size)
		if n, err := body.ReadAt(data, 0); n < len(data) {
			return fmt.Errorf("create %s: %w", name, err)
		}
	}
	return d.create(name, data, func(string) error { return nil })
}

// create calls step before each system call that changes the disk; an error of
// it is taken for one of the call.
func (d Dir) create(name string, data []byte, step func(string) error) error {
	final := d.path(name)
	for _, dir := range []string{d.path(tmpDir), filepath.Dir(final)} {
		if err := errors.Join(step("mkdir"), durable.MkdirAll(dir)); err != nil {
			return fmt.Errorf("create %s: %w", name, err)
		}
	}
	err := durable.File{Name: final, Temp: d.path(tmpDir), Step: step}.Create(data)
	if errors.Is(err, fs.ErrExist) {
		return d.settled(name, data)
	}
	return err
}

// settled says whether an existing file has these bytes, durably: its writer may
// have died before the folder was synced.
func (d Dir) settled(name string, data []byte) error {
	if err := d.compare(name, data); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return durable.SyncDir(filepath.Dir(d.path(name)))
}

// compare says whether an existing file has these bytes.
func (d Dir) compare(name string, data []byte) error {
	old, err := backup.Read(context.Background(), d, name, int64(len(data)))
	if errors.Is(err, backup.ErrTooLarge) || err == nil && !bytes.Equal(old, data) {
		err = backup.ErrExists
	}
	return err
}

// Open is backup.Store.Open.
func (d Dir) Open(ctx context.Context, name string) (backup.Blob, error) {
	if err := check(ctx, name); err != nil {
		return nil, fmt.Errorf("open %.80q: %w", name, err)
	}
	f, err := os.OpenFile(d.path(name), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO):
		return nil, noFile(name)
	case errors.Is(err, unix.ENOTDIR):
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	case err != nil:
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = noFile(name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return blob{ctx, f, st.Size()}, nil
}

// noFile is the error of what somebody has put in a file's place, such as a FIFO
// on which a reader would wait for ever.
func noFile(name string) error {
	return fmt.Errorf("open %s: no regular file: %w", name, backup.ErrDamaged)
}

type blob struct {
	ctx context.Context
	*os.File
	size int64
}

func (b blob) Size() int64 { return b.size }

func (b blob) ReadAt(p []byte, off int64) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.File.ReadAt(p, off)
}

// List is backup.Store.List. A file's time is that of its last change, which is
// when it was made.
func (d Dir) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		infos, err := d.list(ctx, prefix)
		if err != nil {
			yield(backup.Info{}, fmt.Errorf("list %s: %w", d, err))
			return
		}
		for _, info := range infos {
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (d Dir) list(ctx context.Context, prefix string) (out []backup.Info, err error) {
	// The slash leads through a link, by which a store often lies on another disk.
	top := filepath.Clean(string(d)) + "/"
	err = filepath.WalkDir(top, func(p string, e fs.DirEntry, err error) error {
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
			if name == tmpDir || name == trashDir || name != "." && !related(name+"/", prefix) {
				return fs.SkipDir
			}
			return err
		}
		if name == "lock" || !strings.HasPrefix(name, prefix) || !backup.ValidName(name) {
			return nil
		}
		info, err := e.Info()
		if err == nil {
			out = append(out, backup.Info{Name: name, Size: info.Size(), Time: info.ModTime()})
		}
		return err
	})
	slices.SortFunc(out, func(a, b backup.Info) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// related reports whether names in dir may have the prefix.
func related(dir, prefix string) bool {
	return strings.HasPrefix(dir, prefix) || strings.HasPrefix(prefix, dir)
}

func check(ctx context.Context, name string) error {
	if !backup.ValidName(name) || name == "lock" || strings.HasPrefix(name, tmpDir+"/") || strings.HasPrefix(name, trashDir+"/") {
		return fs.ErrInvalid
	}
	return ctx.Err()
}
