package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sync/atomic"

	"github.com/pugetsoundtech/upkeep/host"
)

// A reader reads one directory. Names are single components.
type reader interface {
	// list reads all names.
	list(ctx context.Context, into *listing) error
	// enter opens a directory in this one, never through a link.
	enter(ctx context.Context, name string) (reader, host.Stat, error)
	// stat describes a file, with the target of a link.
	stat(ctx context.Context, name string) (host.Stat, error)
	// content gives the regular file of a slot to the worker, and reads its
	// attributes where they are wanted. The error is ErrUnsteady when it does not
	// find what the slot's Stat describes, before or after.
	content(ctx context.Context, w *worker, s *slot) error
	// attrs reads the attributes of a name, not followed; "" is the directory
	// itself. It gives none where the file system tells none.
	attrs(ctx context.Context, name string) ([]host.Attr, error)
	close()
}

// ErrUnsteady is the error of Sum, and the reason of a Sink, when a file changed or was replaced while it was looked at.
var ErrUnsteady = errors.New("changes while it is read")

// A folder is a reader that is open for as long as a slot needs it.
type folder struct {
	reader
	path string
	refs atomic.Int32
	left chan struct{} // where it is counted since the listing has left it
}

func newFolder(r reader, path string) *folder {
	f := &folder{reader: r, path: path}
	f.refs.Store(1)
	return f
}

func (f *folder) retain() *folder {
	f.refs.Add(1)
	return f
}

func (f *folder) release() {
	if f != nil && f.refs.Add(-1) == 0 {
		f.close()
		if f.left != nil {
			<-f.left
		}
	}
}

// leave releases a folder whose listing has ended, as soon as few enough of
// those before it are still open: their number is not to exceed that of the
// descriptors a process may have.
func (w *walk) leave(f *folder) {
	defer f.release()
	select {
	case w.left <- struct{}{}:
		f.left = w.left
		return
	default:
		w.flush() // nobody lets go of what is not on its way
	}
	select {
	case w.left <- struct{}{}:
		f.left = w.left
	case <-w.ctx.Done():
	}
}

// A listing holds the names of one directory, all in one buffer.
type listing struct {
	names []byte
	items []item
	stats []host.Stat // of the items, where the reader has them for nothing
	buf   []byte      // of the reader
}

type item struct {
	start, end uint32 // in names: a large directory has many items
	stat       int32  // index in stats; -1 is none
	kind       kind
}

// kind is what a listing tells of an entry's type.
type kind uint8

const (
	kindUnknown kind = iota
	kindDir
	kindOther
)

func (l *listing) reset() { l.names, l.items, l.stats = l.names[:0], l.items[:0], l.stats[:0] }

func (l *listing) add(name []byte, k kind) {
	start := uint32(len(l.names))
	l.names = append(l.names, name...)
	l.items = append(l.items, item{start: start, end: uint32(len(l.names)), kind: k, stat: -1})
}

// addStat adds a name with all that is known of it.
func (l *listing) addStat(st host.Stat) {
	k := kindOther
	switch {
	case !st.Known.Has(host.KnownMode):
		k = kindUnknown
	case st.IsDir():
		k = kindDir
	}
	l.add([]byte(st.Name), k)
	l.items[len(l.items)-1].stat = int32(len(l.stats))
	l.stats = append(l.stats, st)
}

func (l *listing) name(i item) []byte { return l.names[i.start:i.end] }

func (l *listing) sort() {
	slices.SortFunc(l.items, func(a, b item) int { return bytes.Compare(l.name(a), l.name(b)) })
}

// level gives the listing of a depth, which its siblings have used before.
func (w *walk) level(depth int) *listing {
	if depth == len(w.listings) {
		w.listings = append(w.listings, new(listing))
	}
	w.listings[depth].reset()
	return w.listings[depth]
}

// list is the listing goroutine.
func (w *walk) list(root string, st host.Stat) error {
	defer w.flush()
	w.device = st.Dev
	if !st.IsDir() {
		dir := newFolder(byPath{w.files, path.Dir(root)}, path.Dir(root))
		defer dir.release()
		return w.file(dir, []byte(path.Base(root)), nil)
	}
	r, st, err := openRoot(w.ctx, w.files, root, st)
	if err != nil {
		st.Name = path.Base(root)
		return w.directory(root, st, false, err)
	}
	w.device = st.Dev
	return w.into(r, root, st, 0)
}

// into lists a directory just opened, and all below it. It closes r.
func (w *walk) into(r reader, name string, st host.Stat, depth int) error {
	dir := newFolder(r, name)
	defer w.leave(dir)
	l := w.level(depth)
	err := dir.list(w.ctx, l)
	if errors.Is(err, fs.ErrNotExist) && depth > 0 {
		w.vanished.Add(1)
		return nil
	}
	if err != nil {
		return w.directory(name, st, false, fmt.Errorf("list %s: %w", name, err))
	}
	l.sort()
	if err := w.opened(dir, name, st); err != nil {
		return err
	}
	for _, it := range l.items {
		if err := w.item(dir, l, it, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) item(dir *folder, l *listing, it item, depth int) error {
	var known *host.Stat
	if it.stat >= 0 {
		known = &l.stats[it.stat]
	}
	if it.kind == kindOther {
		return w.file(dir, l.name(it), known)
	}
	name := string(l.name(it))
	st, err := dir.stat(w.ctx, name)
	if err != nil || !st.IsDir() {
		return w.file(dir, l.name(it), nil)
	}
	return w.descend(dir, name, st, depth+1)
}

// descend goes into a directory that st describes.
func (w *walk) descend(dir *folder, name string, st host.Stat, depth int) error {
	full := join(dir.path, name)
	if w.opts.Leaves(full, st) {
		return nil
	}
	if w.opts.OneFileSystem && st.Dev != w.device {
		return w.otherFileSystem(full, st)
	}
	if depth > maxDepth {
		return w.directory(full, st, false, fmt.Errorf("%s: %w", full, ErrTooDeep))
	}
	r, inside, err := dir.enter(w.ctx, name)
	switch {
	case err == nil && w.opts.OneFileSystem && inside.Dev != w.device:
		r.close()
		return w.otherFileSystem(full, inside)
	case err == nil:
		return w.into(r, full, inside, depth)
	case errors.Is(err, fs.ErrNotExist):
		w.vanished.Add(1)
		return nil
	case errors.Is(err, ErrUnsteady):
		return w.file(dir, []byte(name), nil)
	}
	return w.directory(full, st, false, fmt.Errorf("open %s: %w", full, err))
}

// opened adds the entry of a directory of which all names are known.
func (w *walk) opened(dir *folder, name string, st host.Stat) error {
	if !w.opts.WantsAttrs(st) {
		return w.directory(name, st, true, nil)
	}
	attrs, err := dir.attrs(w.ctx, "")
	if err != nil {
		err = fmt.Errorf("attributes of %s: %w", name, err)
	}
	return w.directory(name, st, true, err, attrs...)
}

// directory adds the entry of a directory, for which no worker is needed.
func (w *walk) directory(name string, st host.Stat, complete bool, err error, attrs ...host.Attr) error {
	if ctxErr := w.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	s, addErr := w.add(name, nil)
	if addErr != nil {
		return addErr
	}
	s.Stat, s.Complete, s.Err, s.Attrs = st, complete, err, attrs
	w.added()
	return nil
}

func (w *walk) otherFileSystem(name string, st host.Stat) error {
	return w.directory(name, st, false, fmt.Errorf("%s: %w", name, host.ErrOtherFileSystem))
}

// file adds an entry that a worker looks at.
func (w *walk) file(dir *folder, name []byte, known *host.Stat) error {
	s, err := w.add(dir.path, name)
	if err != nil {
		return err
	}
	s.dir = dir.retain()
	if known != nil {
		s.Stat, s.listed = *known, true
	}
	w.added()
	return nil
}
