package restore

import (
	"errors"
	"io/fs"
	"iter"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
)

func parts(dir string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
			if part != "" && !yield(part) {
				return
			}
		}
	}
}

// describeName sets what belongs to what is no regular file and cannot be opened.
func (w *restorer) describeName(dir int, name string, e backup.Entry, left []string) ([]string, error) {
	err := unix.Fchownat(dir, name, int(e.UID), int(e.GID), unix.AT_SYMLINK_NOFOLLOW)
	mode := e.Mode
	if errors.Is(err, fs.ErrPermission) {
		left, mode, err = append(left, "owner"), ownerless(mode), nil
	}
	if err == nil && e.Type != backup.Symlink {
		err = chmodName(dir, name, mode)
	}
	if err != nil {
		return left, err
	}
	left = append(left, setAttrsName(dir, name, e)...)
	when := unix.NsecToTimespec(e.Mtime)
	return left, unix.UtimesNanoAt(dir, name, []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW)
}
