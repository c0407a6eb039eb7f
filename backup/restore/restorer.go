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
	hard   map[string]name         // the first name of each file with several
	done   []Restored
}

// A folder is a directory that is open. What it is to be is set when nothing
// more is written into it.
type folder struct {
	path string
	fd   int
	set  bool
	at   int // in done; -1: nobody asked for it

	side  int    // the directory in it where entries are made; -1: there is none yet
	aside string // its name
}

// made is the name of an entry while it is made.
const made = "made"

// work gives a directory in a folder that nobody else can enter. What is made there
// gets its content, owner and mode before others can lay their hands on it: a folder
// of a user's he may change at any moment.
func (f *folder) work() (int, error) {
	if f.side >= 0 {
		return f.side, nil
	}
	aside := ".restore-" + rand.Text()
	if err := unix.Mkdirat(f.fd, aside, 0o700); err != nil {
		return -1, err
	}
	fd, err := unix.Openat(f.fd, aside, openDir, 0)
	if err != nil {
		return -1, errors.Join(err, removed(f.fd, aside))
	}
	// If it was exchanged meanwhile, it is now root's all the same. Where root is nobody
	// special, as on some network file systems, it stays as it is.
	if err := errors.Join(unix.Fchown(fd, os.Geteuid(), -1), unix.Fchmod(fd, 0o700)); err != nil && !errors.Is(err, fs.ErrPermission) {
		unix.Close(fd)
		return -1, errors.Join(err, removed(f.fd, aside))
	}
	f.side, f.aside = fd, aside
	return fd, nil
}

// close closes a folder, and removes where entries were made in it.
func (f *folder) close() (err error) {
	if f.side >= 0 {
		unix.Close(f.side)
		err = removed(f.fd, f.aside)
		f.side = -1
	}
	return err
}

func removed(dir int, name string) error {
	if err := unix.Unlinkat(dir, name, unix.AT_REMOVEDIR); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// A name is one that was restored, and what the file was then.
type name struct {
	path string
	file unix.Stat_t
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
	w.stack = []folder{{path: "/", fd: fd, at: -1, side: -1}}
	return w, nil
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
	return folder{path: at, fd: fd, set: made == nil && known, at: -1, side: -1}, err
}

// leave closes directories until n are open, and gives them what the snapshot
// knows of them. Of one that nobody asked for it is said as well what it lacks, but
// for what only root can give.
func (w *restorer) leave(n int) {
	for len(w.stack) > n {
		f := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		var left []string
		err := f.close()
		if f.set {
			var described error
			left, described = w.describe(f.fd, w.known[f.path])
			err = errors.Join(err, described)
		}
		unix.Close(f.fd)
		if f.at < 0 && (err != nil || len(left) > 0 && !OnlyRoots(left)) {
			f.at = len(w.done)
			w.done = append(w.done, Restored{Entry: w.folder(f.path)})
		}
		if f.at < 0 {
			continue
		}
		w.done[f.at].Left = append(w.done[f.at].Left, left...)
		if err != nil {
			w.done[f.at].Err = fmt.Errorf("restore %q: %w", f.path, err)
		}
	}
}

// folder is what is known of a directory.
func (w *restorer) folder(path string) backup.Entry {
	if e, known := w.known[path]; known {
		return e
	}
	return backup.Entry{Path: path, Type: backup.Dir, Partly: true}
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
	side, err := w.stack[len(w.stack)-1].work()
	if err != nil {
		return err
	}
	finish, err := w.make(ctx, side, e, res)
	if err == nil {
		err = w.note(side, e)
	}
	if err != nil {
		return errors.Join(err, unlinked(side))
	}
	kept, err := w.publish(side, dir, path.Base(e.Path))
	if kept != "" {
		res.Kept = path.Join(path.Dir(e.Path), kept)
	}
	return errors.Join(err, unlinked(side), finish())
}

// unlinked removes what was made from where it was.
func unlinked(side int) error {
	if err := unix.Unlinkat(side, made, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	return nil
}

// mostKept are the old files of one name that are kept.
const mostKept = 100

// publish gives what was made its own name. What has that name stays under
// another, where that is wanted; what an earlier restore kept stays too.
func (w *restorer) publish(side, dir int, base string) (kept string, err error) {
	err = unix.Linkat(side, made, dir, base, 0)
	if err == nil || w.o.Keep == "" || !errors.Is(err, unix.EEXIST) {
		return "", err
	}
	aside := w.o.Kept(base)
	for n := 2; ; n++ {
		if err = unix.Linkat(dir, base, dir, aside, 0); !errors.Is(err, unix.EEXIST) || n > mostKept {
			break
		}
		aside = fmt.Sprintf("%s.%d", w.o.Kept(base), n)
	}
	if err == nil {
		kept = aside
		err = exchange(side, dir, base, aside)
	}
	if err != nil {
		err = fmt.Errorf("keep the old file as %s: %w", aside, err)
	}
	return kept, err
}

// note remembers the first name of a file that has several.
func (w *restorer) note(side int, e backup.Entry) error {
	if _, known := w.hard[e.Hard]; known || e.Hard == "" {
		return nil
	}
	n := name{path: e.Path}
	err := unix.Fstatat(side, made, &n.file, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil {
		w.hard[e.Hard] = n
	}
	return err
}

// is reports whether a file is the one that was restored: one that was put in its
// place has another number or, if it got the number that became free, another owner,
// unless that one may write into it anyway.
func (n name) is(now *unix.Stat_t) bool {
	was := n.file
	return was.Dev == now.Dev && was.Ino == now.Ino && was.Mode == now.Mode && was.Uid == now.Uid && was.Gid == now.Gid && was.Size == now.Size
}

func nothingMore() error { return nil }

// make makes an entry. finish ends it when it has its name.
func (w *restorer) make(ctx context.Context, side int, e backup.Entry, res *Restored) (finish func() error, err error) {
	if first, ok := w.hard[e.Hard]; ok && e.Hard != "" {
		return nothingMore, w.link(side, first)
	}
	switch e.Type {
	case backup.Regular:
		return w.file(ctx, side, e, res)
	case backup.Symlink:
		err = unix.Symlinkat(e.Link, side, made)
	case backup.FIFO:
		err = makeFIFO(side, made)
	case backup.Block, backup.Char:
		if w.repo.Keys.Verifier == nil {
			return nil, fmt.Errorf("a device, and nobody has verified the snapshot: %w", errors.ErrUnsupported)
		}
		err = makeDevice(side, made, e)
	default:
		err = fmt.Errorf("type %q: %w", e.Type, errors.ErrUnsupported)
	}
	if err == nil {
		res.Left, err = w.describeName(side, made, e, res.Left)
	}
	return nothingMore, err
}

// link gives a file one more name.
func (w *restorer) link(side int, first name) error {
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
	if err := unix.Linkat(fd, path.Base(first.path), side, made, 0); err != nil {
		return err
	}
	var now unix.Stat_t
	err = unix.Fstatat(side, made, &now, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil && !first.is(&now) {
		err = fmt.Errorf("%q, which is the same file: %w", first.path, errExchanged)
	}
	return err
}

// file writes a regular file. Its flags come last: they may forbid to name it.
func (w *restorer) file(ctx context.Context, side int, e backup.Entry, res *Restored) (finish func() error, err error) {
	fd, err := unix.Openat(side, made, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), made)
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
	left = append(left, setAttrs(fd, e, w.repo.Keys.Verifier != nil && !slices.Contains(left, "owner"))...)
	if e.Partly {
		return left, nil // its time was never asked
	}
	when := unix.NsecToTimeval(e.Mtime)
	return left, setTimes(fd, e.Mtime, when)
}

// ownerless is the mode of a file that got another owner and group: the rights
// of the group were for another one, and the program was to run as another.
func ownerless(mode uint32) uint32 { return mode&^0o6070 | mode&(mode<<3)&0o070 }
