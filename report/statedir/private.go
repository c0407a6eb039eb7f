package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Private reports why a folder of state cannot be trusted: others can write into it,
// or exchange it or one above it. Open asks this by itself.
func Private(dir string) error {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := trusted(filepath.Dir(whole), 0); err != nil {
		return err
	}
	return private(whole)
}

const maxLinks = 8 // links on the way to the folder

// trusted refuses a path whose parts somebody else could exchange: this user or
// root owns each, and none but them can rename in it. A link is followed, and
// the way to its end is looked at alike.
func trusted(path string, links int) error {
	if links > maxLinks {
		return fmt.Errorf("too many links on the way to %s", path)
	}
	for _, part := range prefixes(path) {
		st, err := os.Lstat(part)
		if err != nil {
			return err
		}
		if st.Mode()&fs.ModeSymlink == 0 {
			if err := sound(part, st); err != nil {
				return err
			}
			continue
		}
		if owner := ownerOf(st); owner != 0 && owner != os.Geteuid() {
			return fmt.Errorf("%s, on the way to the state folder, is a link of user id %d", part, owner)
		}
		target, err := os.Readlink(part)
		if err != nil {
			return err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(part), target)
		}
		if err := trusted(target, links+1); err != nil {
			return err
		}
	}
	return nil
}

// prefixes gives a path's folders, from the root on.
func prefixes(path string) []string {
	out := []string{"/"}
	for i, c := range path {
		if c == '/' && i > 0 {
			out = append(out, path[:i])
		}
	}
	if path != "/" {
		out = append(out, strings.TrimRight(path, "/"))
	}
	return out
}

// sound looks at one folder above the state.
func sound(dir string, st fs.FileInfo) error {
	mode, owner := st.Mode(), ownerOf(st)
	switch {
	case !st.IsDir():
		return fmt.Errorf("%s, on the way to the state folder, is no folder", dir)
	case dir != "/" && owner != 0 && owner != os.Geteuid(): // in a name space of its own, nobody owns the root
		return fmt.Errorf("%s, above the state folder, belongs to user id %d, who could exchange what is in it", dir, owner)
	case mode&fs.ModeSticky != 0:
		return nil
	case mode.Perm()&0o002 != 0:
		return fmt.Errorf("everybody can write into %s, above the state folder, and so exchange it; run chmod o-w %s", dir, dir)
	case mode.Perm()&0o020 != 0 && !ownGroup(st):
		return fmt.Errorf("a group can write into %s, above the state folder, and so exchange it; run chmod g-w %s", dir, dir)
	}
	return nil
}

// private refuses a folder of state into which others can write: they could
// make the program read and write what they like.
func private(dir string) error {
	st, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	switch {
	case !st.IsDir():
		return fmt.Errorf("the state folder %s is no folder", dir)
	case st.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others can write into the state folder %s; run chmod 700 %s", dir, dir)
	case ownerOf(st) != os.Geteuid():
		return fmt.Errorf("the state folder %s belongs to user id %d; run as that user", dir, ownerOf(st))
	}
	return nil
}

// ownerOf gives -1 where it is not known, which is nobody's id.
func ownerOf(st fs.FileInfo) int {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return int(sys.Uid)
	}
	return -1
}

// ownGroup reports whether a folder's group is root's, or the user's own.
func ownGroup(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && (sys.Gid == 0 || int(sys.Gid) == os.Getegid())
}

// exists reports whether there is anything under a name.
func exists(name string) (bool, error) {
	_, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
