package tree

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
)

const (
	openFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
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
	now, err := host.StatFD(fd)
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
	st, err := host.StatFD(fd)
	if err != nil {
		unix.Close(fd)
		return nil, st, err
	}
	return &byDir{fd, d.euid}, st, nil
}

func (d *byDir) stat(_ context.Context, name string) (host.Stat, error) {
	return host.LstatAt(d.fd, name)
}

func (d *byDir) content(ctx context.Context, w *worker, s *slot) error {
	fd, err := openAt(d.fd, s.Name, d.noatime(s.UID))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if s.Size >= largeFile {
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL) // advice: works without
	}
	from := newSource(fd, s.Stat)
	err = w.take(ctx, from, s.Size)
	from.close()
	if err == nil && w.opts.WantsAttrs(s.Stat) {
		s.Attrs, err = attrsOfFD(fd, w.buf)
	}
	// One look is enough: what is now the very file that the slot describes, with
	// the same times, was so when it was opened. Whatever else was opened gave an
	// error at once, or no more bytes than it says.
	if changed := stillIsFD(fd, s.Stat); changed != nil {
		return changed
	}
	return err
}

func (d *byDir) attrs(_ context.Context, name string) ([]host.Attr, error) {
	if name == "" {
		return attrsOfFD(d.fd, make([]byte, 256))
	}
	return attrsIn(d.fd, name, make([]byte, 256))
}

// noatime is the flag for a file of uid where this process may use it.
func (d *byDir) noatime(uid uint32) int {
	if d.euid == 0 || d.euid == uid {
		return unix.O_NOATIME
	}
	return 0
}

// openAt opens a name in a directory, without links. What shows that the name
// is no longer what it was is ErrUnsteady.
func openAt(dir int, name string, flags int) (int, error) {
	open := func() (int, error) { return openName(dir, name, openFlags|flags) }
	fd, err := retry(open)
	if errors.Is(err, unix.EPERM) && flags&unix.O_NOATIME != 0 {
		flags &^= unix.O_NOATIME // root without the capability
		fd, err = retry(open)
	}
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ENXIO):
		return -1, ErrUnsteady
	case errors.Is(err, fs.ErrNotExist) && flags&unix.O_DIRECTORY == 0:
		return -1, ErrUnsteady
	}
	return fd, err
}

// openName is openat(2) without a copy of the name on the heap for each file.
func openName(dir int, name string, flags int) (int, error) {
	var b [unix.NAME_MAX + 1]byte
	if len(name) >= len(b) || strings.IndexByte(name, 0) >= 0 {
		return unix.Openat(dir, name, flags, 0)
	}
	copy(b[:], name)
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&b[0])), uintptr(flags|unix.O_LARGEFILE), 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func stillIsFD(fd int, st host.Stat) error {
	now, err := host.StatFD(fd)
	if err == nil && !SameVersion(st, now) {
		err = ErrUnsteady
	}
	return err
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
