//go:build linux || freebsd || openbsd || netbsd || darwin

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	maxLinks = 40  // as in the Linux kernel
	maxDepth = 255 // directories, each an open descriptor for the time of a call
)

// rootFiles walks from dir by itself, one component at a time from directory
// descriptor to directory descriptor, and lets the kernel follow no link. So a
// name can lead out of dir at no moment, whatever others rename meanwhile.
func rootFiles(dir string) FS {
	return files{locate: func(name string, follow bool) (place, error) {
		w := walk{follow: follow, rest: strings.Split(name, "/")}
		if err := w.enter(dir); err != nil {
			return place{}, rootError(dir, err)
		}
		return w.run()
	}}
}

// rootError says why a root cannot be entered. That it is missing does not mean
// that a name in it is not there, so of reasons only missing rights are wrapped.
func rootError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("root %s: %w", dir, err)
	}
	return fmt.Errorf("root %s: %v", dir, err)
}

// A walk resolves one name inside a root.
type walk struct {
	follow bool
	dirs   []int    // descriptors from the root to where the walk is
	rest   []string // components still to do
	links  int      // followed so far
}

func (w *walk) enter(root string) error {
	fd, err := openAt(unix.AT_FDCWD, root, searchDir|unix.O_DIRECTORY)
	if err == nil {
		w.dirs = []int{fd}
	}
	return err
}

// here is the directory that the walk has come to.
func (w *walk) here() int { return w.dirs[len(w.dirs)-1] }

// run returns the place where the walk ends; it holds the descriptors.
func (w *walk) run() (place, error) {
	for len(w.rest) > 0 {
		name := w.rest[0]
		w.rest = w.rest[1:]
		done, err := w.step(name)
		if err != nil {
			closeAll(w.dirs)
			return place{}, err
		}
		if done {
			return place{dir: w.here(), name: name, held: w.dirs}, nil
		}
	}
	return place{dir: w.here(), name: ".", held: w.dirs}, nil
}

// step takes one component; done says that it is the place, so not entered.
func (w *walk) step(name string) (done bool, err error) {
	switch {
	case name == "" || name == ".":
		return false, nil
	case name == "..":
		w.up()
		return false, nil
	case len(w.rest) > 0:
		return false, w.down(name)
	case !w.follow:
		return true, nil
	}
	target, err := readLinkAt(w.here(), name)
	if err == unix.EINVAL {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, w.followLink(target)
}

// up goes to the parent; that of the root is the root.
func (w *walk) up() {
	if top := len(w.dirs) - 1; top > 0 {
		unix.Close(w.dirs[top])
		w.dirs = w.dirs[:top]
	}
}

// down enters a directory, or what a link to one says.
func (w *walk) down(name string) error {
	if len(w.dirs) > maxDepth {
		return unix.ENAMETOOLONG
	}
	fd, err := openAt(w.here(), name, searchDir|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err == nil {
		w.dirs = append(w.dirs, fd)
		return nil
	}
	// Systems differ in what they answer for a link, so ask.
	if target, linkErr := readLinkAt(w.here(), name); linkErr == nil {
		return w.followLink(target)
	}
	return err
}

func (w *walk) followLink(target string) error {
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	if target == "" {
		return unix.ENOENT
	}
	if target[0] == '/' {
		closeAll(w.dirs[1:])
		w.dirs = w.dirs[:1]
	}
	w.rest = append(strings.Split(target, "/"), w.rest...)
	return nil
}
