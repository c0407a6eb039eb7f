package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
)

// byPath reads the directory dir of any file system. Open follows links, so
// only what the open file says of itself tells whether it is the listed one.
type byPath struct {
	files host.FS
	dir   string
}

func (p byPath) list(ctx context.Context, into *listing) error {
	stats, err := p.files.ReadDir(ctx, p.dir)
	for _, st := range stats {
		into.addStat(st)
	}
	return err
}

func (p byPath) enter(ctx context.Context, name string) (reader, host.Stat, error) {
	st, err := p.stat(ctx, name)
	if err == nil && !st.IsDir() {
		err = ErrUnsteady
	}
	return byPath{p.files, join(p.dir, name)}, st, err
}

func (p byPath) stat(ctx context.Context, name string) (host.Stat, error) {
	st, err := p.files.Lstat(ctx, join(p.dir, name))
	if err == nil && !st.Known.Has(host.KnownMode) {
		err = fmt.Errorf("type not told: %w", errors.ErrUnsupported)
	}
	return st, err
}

func (p byPath) content(ctx context.Context, w *worker, s *slot) error {
	return p.read(ctx, s.Name, s.Stat, func(f io.Reader) (err error) {
		if err = w.take(ctx, f, s.Size); err == nil && w.opts.WantsAttrs(s.Stat) {
			s.Attrs, err = p.attrs(ctx, s.Name)
		}
		return err
	})
}

func (p byPath) attrs(ctx context.Context, name string) ([]host.Attr, error) {
	reader, ok := p.files.(host.AttrReader)
	if !ok {
		return nil, nil
	}
	full := p.dir
	if name != "" {
		full = join(p.dir, name)
	}
	return reader.Attrs(ctx, full)
}

// read calls do with the regular file that st describes. The error is
// ErrUnsteady when that is not what is there, before or after.
func (p byPath) read(ctx context.Context, name string, st host.Stat, do func(io.Reader) error) error {
	f, err := p.files.Open(ctx, join(p.dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, host.ErrNotRegular):
		return ErrUnsteady
	case err != nil:
		return err
	}
	defer f.Close()
	if err := stillIs(f, st); err != nil {
		return err
	}
	if err := do(f); err != nil {
		return err
	}
	return stillIs(f, st)
}

func (byPath) close() {}

// stillIs reports by its error whether the open file is no longer what st describes.
func stillIs(f host.File, st host.Stat) error {
	now, err := f.Stat()
	if err == nil && !SameVersion(st, now) {
		err = ErrUnsteady
	}
	return err
}
