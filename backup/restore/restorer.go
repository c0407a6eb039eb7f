package restore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A restorer writes below one directory, by descriptors alone: each directory on
// the way is opened in the one above it, never through a link.
type restorer struct {
	repo   backup.Repo
	reader *backup.Reader
	snap   backup.Snapshot
	o      Options
	known  map[string]backup.Entry // directories of the snapshot
	stack  []folder                // open ones, the target first
	hard   map[string]name         // where the first name of a file with several is
	done   []Restored
}

// A folder is a directory that is open. What it is to be is set when nothing
// more is written into it.
type folder struct {
	path string
	fd   int
	set  bool
	at   int // in done; -1: nobody asked for it
}

// A name is one that was restored.
type name struct {
	path string
	dev  uint64
	ino  uint64
}

func newRestorer(r backup.Repo, rd *backup.Reader, s backup.Snapshot, into *os.Root, o Options) (*restorer, error) {
	w := &restorer{repo: r, reader: rd, snap: s, o: o, known: map[string]backup.Entry{}, hard: map[string]name{}}
	f, err := into.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	w.stack = []folder{{path: "/", fd: fd, at: -1}}
	return w, nil
}

func (w *restorer) close() {
	for _, f := range w.stack {
		unix.Close(f.fd)
	}
}

const openDir = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// enter opens a directory below the target, and makes what is missing.
func (w *restorer) enter(dir string) (fd int, err error) {
	n := len(w.stack)
	for n > 1 && !tree.Within(dir, w.stack[n-1].path) {
		n--
	}
	w.leave(n)
	var missing []string
	for at := dir; at != w.stack[n-1].path; at = path.Dir(at) {
		missing = append(missing, at)
	}
	for _, at := range slices.Backward(missing) {
		f, err := w.open(w.stack[len(w.stack)-1].fd, at)
		if err != nil {
			return 0, err
		}
		w.stack = append(w.stack, f)
	}
	return w.stack[len(w.stack)-1].fd, nil
}

func (w *restorer) open(above int, at string) (folder, error) {
	made := unix.Mkdirat(above, path.Base(at), 0o700)
	if made != nil && !errors.Is(made, unix.EEXIST) {
		return folder{}, made
	}
	fd, err := unix.Openat(above, path.Base(at), openDir, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		err = fmt.Errorf("%q: %w", at, errSwapped)
	}
	_, known := w.known[at]
	return folder{path: at, fd: fd, set: made == nil && known, at: -1}, err
}

// leave closes directories until n are open, and gives them what the snapshot
// knows of them.
func (w *restorer) leave(n int) {
	for len(w.stack) > n {
		f := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if f.set {
			left, err := w.describe(f.fd, w.known[f.path])
			if f.at >= 0 {
				w.done[f.at].Left = append(w.done[f.at].Left, left...)
				if err != nil {
					w.done[f.at].Err = fmt.Errorf("restore %q: %w", f.path, err)
				}
			}
		}
		unix.Close(f.fd)
	}
}

// write restores an entry.
func (w *restorer) write(ctx context.Context, e backup.Entry, res *Restored) error {
	if e.Type == backup.Dir {
		if _, err := w.enter(e.Path); err != nil {
			return err
		}
		f := &w.stack[len(w.stack)-1]
		f.set, f.at = len(w.stack) > 1, len(w.done)-1
		return nil
	}
	dir, err := w.enter(path.Dir(e.Path))
	if err != nil {
		return err
	}
	tmp := ".restore-" + rand.Text()
	finish, err := w.make(ctx, dir, tmp, e, res)
	if err != nil {
		return errors.Join(err, unlinked(dir, tmp))
	}
	kept, err := w.publish(dir, tmp, path.Base(e.Path))
	if kept {
		res.Kept = e.Path + w.o.Keep
	}
	if err == nil {
		err = w.note(dir, e)
	}
	return errors.Join(err, finish())
}

func unlinked(dir int, name string) error {
	if err := unix.Unlinkat(dir, name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// publish gives what was made its own name. What has that name stays under
// another, where that is wanted.
func (w *restorer) publish(dir int, tmp, base string) (kept bool, err error) {
	err = unix.Linkat(dir, tmp, dir, base, 0)
	if err == nil {
		return false, unlinked(dir, tmp)
	}
	if w.o.Keep == "" || !errors.Is(err, unix.EEXIST) {
		return false, errors.Join(err, unlinked(dir, tmp))
	}
	if err = unix.Linkat(dir, base, dir, base+w.o.Keep, 0); err == nil {
		kept = true
		err = unix.Renameat(dir, tmp, dir, base)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("keep the old file as %s: %w", base+w.o.Keep, err), unlinked(dir, tmp))
	}
	return kept, err
}

// note remembers the first name of a file that has several.
func (w *restorer) note(dir int, e backup.Entry) error {
	if _, known := w.hard[e.Hard]; known || e.Hard == "" {
		return nil
	}
	var st unix.Stat_t
	err := unix.Fstatat(dir, path.Base(e.Path), &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil {
		w.hard[e.Hard] = name{e.Path, uint64(st.Dev), uint64(st.Ino)} //nolint:unconvert // the types differ by system
	}
	return err
}

func nothingMore() error { return nil }

// make makes an entry under a temporary name. finish ends it when it has its own.
func (w *restorer) make(ctx context.Context, dir int, tmp string, e backup.Entry, res *Restored) (finish func() error, err error) {
	if first, ok := w.hard[e.Hard]; ok && e.Hard != "" {
		return nothingMore, w.link(dir, tmp, first)
	}
	switch e.Type {
	case backup.Regular:
		return w.file(ctx, dir, tmp, e, res)
	case backup.Symlink:
		err = unix.Symlinkat(e.Link, dir, tmp)
	case backup.FIFO:
		err = makeFIFO(dir, tmp)
	case backup.Block, backup.Char:
		if w.repo.Keys.Verifier == nil {
			return nil, fmt.Errorf("a device, and nobody has verified the snapshot: %w", errors.ErrUnsupported)
		}
		err = makeDevice(dir, tmp, e)
	default:
		err = fmt.Errorf("type %q: %w", e.Type, errors.ErrUnsupported)
	}
	if err == nil {
		res.Left, err = w.describeName(dir, tmp, e, res.Left)
	}
	return nothingMore, err
}

// link gives a file one more name.
func (w *restorer) link(dir int, tmp string, first name) error {
	fd, err := unix.FcntlInt(uintptr(w.stack[0].fd), unix.F_DUPFD_CLOEXEC, 0)
	for part := range parts(path.Dir(first.path)) {
		if err != nil {
			return err
		}
		var next int
		next, err = unix.Openat(fd, part, openDir, 0)
		unix.Close(fd)
		fd = next
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Linkat(fd, path.Base(first.path), dir, tmp, 0); err != nil {
		return err
	}
	var st unix.Stat_t
	err = unix.Fstatat(dir, tmp, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && (uint64(st.Dev) != first.dev || uint64(st.Ino) != first.ino) { //nolint:unconvert // the types differ by system
		err = errSwapped
	}
	return err
}

// file writes a regular file. Its flags come last: they may forbid to name it.
func (w *restorer) file(ctx context.Context, dir int, tmp string, e backup.Entry, res *Restored) (finish func() error, err error) {
	fd, err := unix.Openat(dir, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), tmp)
	err = w.fill(ctx, f, e)
	if err == nil {
		res.Left, err = w.describeInto(fd, e, res.Left)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil || e.Flags == 0 {
		return nothingMore, errors.Join(err, f.Close())
	}
	return func() error {
		if err := setFlags(fd, e.Flags); err != nil {
			res.Left = append(res.Left, "flags")
		}
		return f.Close()
	}, nil
}

func (w *restorer) fill(ctx context.Context, f *os.File, e backup.Entry) error {
	to := &holes{f: f, sparse: e.Sparse}
	if err := w.reader.Content(ctx, w.snap, e, to); err != nil {
		return err
	}
	return f.Truncate(to.at)
}

// holes leaves out blocks of zeros.
type holes struct {
	f      io.WriterAt
	sparse bool
	at     int64
}

var zeros [4096]byte

func (h *holes) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		k := len(b)
		if h.sparse {
			k = min(k, len(zeros)-int(h.at%int64(len(zeros))))
		}
		if !h.sparse || string(b[:k]) != string(zeros[:k]) {
			if _, err := h.f.WriteAt(b[:k], h.at); err != nil {
				return 0, err
			}
		}
		h.at, b = h.at+int64(k), b[k:]
	}
	return n, nil
}

// describe gives a directory what belongs to it.
func (w *restorer) describe(fd int, e backup.Entry) (left []string, err error) {
	left, err = w.describeInto(fd, e, nil)
	if err == nil && e.Flags != 0 && setFlags(fd, e.Flags) != nil {
		left = append(left, "flags")
	}
	return left, err
}

// describeInto sets what belongs to an open file, the owner before the mode and
// the times last. left grows by what could not be set.
func (w *restorer) describeInto(fd int, e backup.Entry, left []string) ([]string, error) {
	mode := e.Mode
	err := unix.Fchown(fd, int(e.UID), int(e.GID))
	switch {
	case errors.Is(err, fs.ErrPermission):
		var st unix.Stat_t
		if unix.Fstat(fd, &st) != nil || st.Uid != e.UID || st.Gid != e.GID {
			left, mode = append(left, "owner"), ownerless(mode)
		}
	case err != nil:
		return left, err
	case mode&0o6000 != 0 && e.Type != backup.Dir && w.repo.Keys.Verifier == nil:
		left, mode = append(left, "set-id bits"), mode&^0o6000
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return left, err
	}
	left = append(left, setAttrs(fd, e)...)
	if e.Partly {
		return left, nil // its time was never asked
	}
	when := unix.NsecToTimeval(e.Mtime)
	return left, setTimes(fd, e.Mtime, when)
}

// ownerless is the mode of a file that got another owner and group: the rights
// of the group were for another one, and the program was to run as another.
func ownerless(mode uint32) uint32 { return mode&^0o6070 | mode&(mode<<3)&0o070 }
