//go:build linux || freebsd || openbsd || netbsd || darwin

package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// files is the FS of Local and of Root, which differ in how they find a name.
type files struct {
	// locate finds the place of a valid name. With follow a link in its last
	// component is followed, either by locate or later by the kernel.
	locate func(name string, follow bool) (place, error)
}

// A place is what the *at calls take: a name relative to an open directory.
type place struct {
	dir    int
	name   string
	follow bool  // the kernel may follow a link in name
	held   []int // descriptors to close when done, dir among them
}

func (p place) close() { closeAll(p.held) }

// noFollow is the open flag that keeps the kernel from following name.
func (p place) noFollow() int {
	if p.follow {
		return 0
	}
	return unix.O_NOFOLLOW
}

func localFiles() FS { return files{locate: locateLocal} }

func locateLocal(name string, follow bool) (place, error) {
	return place{dir: unix.AT_FDCWD, name: name, follow: follow}, nil
}

func (f files) Open(ctx context.Context, name string) (File, error) {
	var file File
	err := f.at(ctx, "open", name, true, func(p place) error {
		fd, err := openRegular(p)
		if err == nil {
			file = regular{os.NewFile(uintptr(fd), name), baseName(name)}
		}
		return err
	})
	return file, err
}

func (f files) Lstat(ctx context.Context, name string) (Stat, error) {
	var st Stat
	err := f.at(ctx, "lstat", name, false, func(p place) (err error) {
		st, err = lstatAt(p.dir, p.name)
		st.Name = baseName(name)
		return err
	})
	if err != nil {
		return Stat{}, err
	}
	return st, nil
}

func (f files) ReadDir(ctx context.Context, name string) ([]Stat, error) {
	var list []Stat
	err := f.at(ctx, "readdir", name, true, func(p place) error {
		dir, err := openDir(p)
		if err != nil {
			return err
		}
		defer dir.Close()
		list, err = readDir(ctx, dir)
		return err
	})
	return list, err
}

// OpenDir opens a directory; see DirOpener.
func (f files) OpenDir(ctx context.Context, name string) (*os.File, error) {
	var dir *os.File
	err := f.at(ctx, "opendir", name, false, func(p place) (err error) {
		dir, err = openDir(p)
		return err
	})
	return dir, err
}

// at calls do with the place of name. Its error says what was done with what.
func (f files) at(ctx context.Context, op, name string, follow bool, do func(place) error) error {
	err := ctx.Err()
	if err == nil && !ValidName(name) {
		err = errBadName
	}
	if err == nil {
		err = f.do(name, follow, do)
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

var errBadName = errors.New("not an absolute path without NUL")

func (f files) do(name string, follow bool, do func(place) error) error {
	if !follow {
		name = trimSlashes(name) // a slash at the end would follow the link before it
	}
	p, err := f.locate(name, follow)
	if err != nil {
		return absent(err)
	}
	defer p.close()
	return absent(do(p))
}

var (
	// errBelowFile says that nothing can be there.
	errBelowFile = fmt.Errorf("%w: %w", fs.ErrNotExist, unix.ENOTDIR)
	// errNoDir says that something is there, but no directory.
	errNoDir = errors.New("not a directory")
)

// absent takes the kernel's answer that a component before the last is no
// directory for what it means.
func absent(err error) error {
	if err == unix.ENOTDIR {
		return errBelowFile
	}
	return err
}

// trimSlashes takes slashes off the end, but for "/" itself.
func trimSlashes(name string) string {
	return name[:1] + strings.TrimRight(name[1:], "/")
}

// baseName is the last component of name; "/" for the root.
func baseName(name string) string {
	name = trimSlashes(name)
	if base := name[strings.LastIndexByte(name, '/')+1:]; base != "" {
		return base
	}
	return "/"
}

// openDirect opens a regular file without waiting for a writer or a modem.
// Where a name can be exchanged for a device between the two looks at it, the
// device is opened and closed again, but never read.
func openDirect(p place) (int, error) {
	st, err := statAt(p.dir, p.name, p.follow)
	if err != nil {
		return -1, err
	}
	if !st.IsRegular() {
		return -1, ErrNotRegular
	}
	fd, err := openAt(p.dir, p.name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|p.noFollow())
	if err != nil {
		return -1, err
	}
	return onlyRegular(fd)
}

// onlyRegular passes on the descriptor of a regular file and closes any other.
func onlyRegular(fd int) (int, error) {
	st, err := statFD(fd)
	if err == nil && !st.IsRegular() {
		err = ErrNotRegular
	}
	if err == nil {
		err = unix.SetNonblock(fd, false) // or os.File would try to poll it
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func openDir(p place) (*os.File, error) {
	fd, err := openAt(p.dir, p.name, unix.O_RDONLY|unix.O_DIRECTORY|p.noFollow())
	if err == unix.ENOTDIR {
		// The kernel says this of any component, so look for the last.
		if _, statErr := statAt(p.dir, p.name, p.follow); statErr == nil {
			err = errNoDir
		}
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), p.name), nil
}

func readDir(ctx context.Context, dir *os.File) ([]Stat, error) {
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	list := make([]Stat, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		st, err := lstatAt(int(dir.Fd()), name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since it was listed
		}
		if err != nil {
			return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
		}
		st.Name = name
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b Stat) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// lstatAt is statAt without following, together with the target of a link.
func lstatAt(dir int, name string) (Stat, error) {
	for tries := 0; ; tries++ {
		st, err := statAt(dir, name, false)
		if err != nil || !st.IsLink() {
			return st, err
		}
		target, err := readLinkAt(dir, name)
		switch {
		case err == nil:
			st.Link = target
			st.Known |= KnownLink
			return st, nil
		case err == unix.EINVAL && tries < 8:
			continue // no link any more
		case err == unix.ENOENT && tries < 8:
			continue // gone, or replaced
		}
		return st, nil // as /proc/1/exe for a user: the target is not known
	}
}

// readLinkAt reads a link of any length; EINVAL when name is none.
func readLinkAt(dir int, name string) (string, error) {
	for size := 256; ; size *= 2 {
		buf := make([]byte, size)
		n, err := retryInt(func() (int, error) { return unix.Readlinkat(dir, name, buf) })
		if err != nil {
			return "", err
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}

// openAt is openat, closed on exec.
func openAt(dir int, name string, flags int) (int, error) {
	return retryInt(func() (int, error) { return unix.Openat(dir, name, flags|unix.O_CLOEXEC, 0) })
}

// retryInt repeats a call that a signal interrupted.
func retryInt(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// regular is an open regular file. It gives no more of the os.File than File has.
type regular struct {
	file *os.File
	name string
}

func (r regular) Read(b []byte) (int, error)              { return r.file.Read(b) }
func (r regular) ReadAt(b []byte, off int64) (int, error) { return r.file.ReadAt(b, off) }
func (r regular) Close() error                            { return r.file.Close() }

func (r regular) Stat() (Stat, error) {
	st, err := statFD(int(r.file.Fd()))
	if err != nil {
		return Stat{}, &fs.PathError{Op: "fstat", Path: r.file.Name(), Err: err}
	}
	st.Name = r.name
	return st, nil
}
