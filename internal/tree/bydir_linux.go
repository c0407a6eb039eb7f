package tree

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
)

const (
	openFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	statFlags = unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT
	statMask  = unix.STATX_BASIC_STATS | unix.STATX_BTIME
	largeFile = 1 << 20 // from here on the kernel is told to read ahead
)

func opensDirs(files host.FS) bool {
	_, ok := files.(host.DirOpener)
	return ok
}

// openRoot gives the reader of the directory at which a walk begins.
func openRoot(ctx context.Context, files host.FS, root string, st host.Stat) (reader, host.Stat, error) {
	opener, ok := files.(host.DirOpener)
	if !ok {
		return byPath{files, root}, st, nil
	}
	f, err := opener.OpenDir(ctx, root)
	if err != nil {
		return nil, st, fmt.Errorf("open %s: %w", root, err)
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, st, fmt.Errorf("open %s: %w", root, err)
	}
	now, err := statFD(fd)
	if err != nil || !now.IsDir() {
		unix.Close(fd)
		return nil, st, errors.Join(fmt.Errorf("open %s: no directory any more", root), err)
	}
	now.Name = st.Name
	return &byDir{fd, uint32(os.Geteuid())}, now, nil
}

// byDir reads a directory through its descriptor, and names in it as single
// components: nothing that happens to the directories above leads elsewhere.
type byDir struct {
	fd   int
	euid uint32 // decides where the access time may be left alone
}

func (d *byDir) close() { unix.Close(d.fd) }

func (d *byDir) list(ctx context.Context, into *listing) error {
	if into.buf == nil {
		into.buf = make([]byte, 64<<10)
	}
	buf := into.buf
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := retry(func() (int, error) { return unix.ReadDirent(d.fd, buf) })
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if err := parseDirents(buf[:n], into); err != nil {
			return err
		}
	}
}

// parseDirents reads struct linux_dirent64: inode (8 bytes), offset (8), length
// of the record (2), type (1), name up to a NUL.
func parseDirents(b []byte, into *listing) error {
	const head = 19
	for len(b) > 0 {
		if len(b) < head {
			return io.ErrUnexpectedEOF
		}
		length := int(binary.NativeEndian.Uint16(b[16:]))
		if length < head || length > len(b) {
			return io.ErrUnexpectedEOF
		}
		name := b[head:length]
		for i, c := range name {
			if c == 0 {
				name = name[:i]
				break
			}
		}
		if s := string(name); s != "." && s != ".." {
			into.add(name, direntKind(b[18]))
		}
		b = b[length:]
	}
	return nil
}

func direntKind(t byte) kind {
	switch t {
	case unix.DT_UNKNOWN:
		return kindUnknown
	case unix.DT_DIR:
		return kindDir
	}
	return kindOther
}

func (d *byDir) enter(_ context.Context, name string) (reader, host.Stat, error) {
	fd, err := openAt(d.fd, name, unix.O_DIRECTORY|d.noatime(0))
	if err != nil {
		return nil, host.Stat{}, err
	}
	st, err := statFD(fd)
	if err != nil {
		unix.Close(fd)
		return nil, st, err
	}
	return &byDir{fd, d.euid}, st, nil
}

func (d *byDir) stat(_ context.Context, name string) (host.Stat, error) {
	st, err := statAt(d.fd, name, statFlags)
	if err == nil && st.IsLink() {
		st.Link, err = readLink(d.fd, name)
		st.Known |= host.KnownLink
	}
	if errors.Is(err, unix.EINVAL) {
		err = errUnsteady // no link any more
	}
	return st, err
}

func (d *byDir) digest(ctx context.Context, w *worker, name string, st host.Stat) (sum [32]byte, err error) {
	fd, err := openAt(d.fd, name, d.noatime(st.UID))
	if err != nil {
		return sum, err
	}
	defer unix.Close(fd)
	if st.Size >= largeFile {
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL) // advice: works without
	}
	sum, err = w.sum(ctx, descriptor(fd), st.Size)
	// One look is enough: what is now the very file that st describes, with the
	// same times, was so when it was opened. Whatever else was opened gave an
	// error at once, or no more bytes than st says.
	if changed := stillIsFD(fd, st); changed != nil {
		return sum, changed
	}
	return sum, err
}

// noatime is the flag for a file of uid where this process may use it.
func (d *byDir) noatime(uid uint32) int {
	if d.euid == 0 || d.euid == uid {
		return unix.O_NOATIME
	}
	return 0
}

// openAt opens a name in a directory, without links. What shows that the name
// is no longer what it was is errUnsteady.
func openAt(dir int, name string, flags int) (int, error) {
	open := func() (int, error) { return unix.Openat(dir, name, openFlags|flags, 0) }
	fd, err := retry(open)
	if errors.Is(err, unix.EPERM) && flags&unix.O_NOATIME != 0 {
		flags &^= unix.O_NOATIME // root without the capability
		fd, err = retry(open)
	}
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ENXIO):
		return -1, errUnsteady
	case errors.Is(err, fs.ErrNotExist) && flags&unix.O_DIRECTORY == 0:
		return -1, errUnsteady
	}
	return fd, err
}

func stillIsFD(fd int, st host.Stat) error {
	now, err := statFD(fd)
	if err == nil && !sameVersion(st, now) {
		err = errUnsteady
	}
	return err
}

// descriptor reads a file that belongs to somebody else.
type descriptor int

func (d descriptor) Read(p []byte) (int, error) {
	n, err := retry(func() (int, error) { return unix.Read(int(d), p) })
	return max(n, 0), err // read(2) gives -1 with an error
}

func statFD(fd int) (host.Stat, error) { return statAt(fd, "", unix.AT_EMPTY_PATH) }

func statAt(dir int, name string, flags int) (host.Stat, error) {
	var sx unix.Statx_t
	_, err := retry(func() (int, error) { return 0, unix.Statx(dir, name, flags, statMask, &sx) })
	if err != nil {
		return host.Stat{}, err
	}
	st := host.Stat{
		Mode: uint32(sx.Mode), UID: sx.Uid, GID: sx.Gid,
		Size: int64(sx.Size), Blocks: int64(sx.Blocks),
		Dev: unix.Mkdev(sx.Dev_major, sx.Dev_minor), Ino: sx.Ino, Nlink: uint64(sx.Nlink),
		Rdev:  unix.Mkdev(sx.Rdev_major, sx.Rdev_minor), // zero but for a device
		Mtime: nanoseconds(sx.Mtime), Ctime: nanoseconds(sx.Ctime),
		Known: host.KnownMode | host.KnownSize | host.KnownBlocks | host.KnownOwner | host.KnownInode |
			host.KnownNlink | host.KnownMtime | host.KnownCtime,
	}
	if st.Type() == host.ModeChar || st.Type() == host.ModeBlock {
		st.Known |= host.KnownRdev
	}
	if sx.Mask&unix.STATX_BTIME != 0 {
		st.Btime = nanoseconds(sx.Btime)
		st.Known |= host.KnownBtime
	}
	return st, nil
}

func nanoseconds(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

// readLink grows its buffer until the whole target fits.
func readLink(dir int, name string) (string, error) {
	for size := 256; ; size *= 4 {
		buf := make([]byte, size)
		n, err := unix.Readlinkat(dir, name, buf)
		if err != nil {
			return "", err
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}

// retry calls again what a signal has interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
