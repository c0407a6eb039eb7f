//go:build linux || freebsd

package host

import (
	"errors"

	"golang.org/x/sys/unix"
)

// NextData asks the file system. The place of Read stays where it is.
func (r regular) NextData(off int64) int64 {
	fd := int(r.file.Fd())
	here, err := unix.Seek(fd, 0, unix.SEEK_CUR)
	if err != nil {
		return off
	}
	next, err := unix.Seek(fd, off, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) { // nothing but a hole
		next, err = unix.Seek(fd, 0, unix.SEEK_END)
	}
	if _, back := unix.Seek(fd, here, unix.SEEK_SET); err != nil || back != nil {
		return off
	}
	return max(next, off)
}
