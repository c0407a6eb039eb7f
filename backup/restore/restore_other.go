//go:build !linux

package restore

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
)

func makeFIFO(int, string) error { return errors.ErrUnsupported }

func makeDevice(int, string, backup.Entry) error { return errors.ErrUnsupported }

func chmodName(dir int, name string, mode uint32) error {
	return unix.Fchmodat(dir, name, mode, unix.AT_SYMLINK_NOFOLLOW)
}

// exchange puts what was made in the place of a file that has another name as well.
func exchange(side, dir int, base, _ string) error { return unix.Renameat(side, made, dir, base) }

func setTimes(fd int, _ int64, when unix.Timeval) error {
	return unix.Futimes(fd, []unix.Timeval{when, when})
}

func setAttrs(_ int, e backup.Entry, _ bool) (left []string) {
	for _, a := range e.Attrs {
		left = append(left, a.Name)
	}
	return left
}

func setAttrsName(_ int, _ string, e backup.Entry) []string { return setAttrs(-1, e, false) }

func setFlags(int, uint32) error { return errors.ErrUnsupported }

func clearFlags(int) error { return errors.ErrUnsupported }
