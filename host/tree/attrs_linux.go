package tree

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
)

// fdPath names what a descriptor is open on, so that the calls for extended
// attributes reach it whatever has become of its name.
func fdPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// attrsOf reads all extended attributes of a path. A path of fdPath alone is the
// open file; a name behind it is not followed. Where the file system has none,
// or there is no /proc, nothing is known.
func attrsOf(path string) ([]host.Attr, error) {
	list, get := unix.Llistxattr, unix.Lgetxattr
	if strings.Count(path, "/") == strings.Count(fdPath(0), "/") {
		list, get = unix.Listxattr, unix.Getxattr
	}
	names, err := grown(func(b []byte) (int, error) { return list(path, b) })
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, fs.ErrNotExist) && !procMounted() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for name := range strings.SplitSeq(names, "\x00") {
		if name == "" {
			continue
		}
		value, err := grown(func(b []byte) (int, error) { return get(path, name, b) })
		if errors.Is(err, unix.ENODATA) {
			return nil, ErrUnsteady
		}
		if err != nil {
			return nil, err
		}
		values[name] = value
	}
	return host.XattrsToAttrs(values), nil
}

func procMounted() bool {
	_, err := host.LstatAt(unix.AT_FDCWD, "/proc/self/fd")
	return err == nil
}

// grown calls with a larger buffer until the answer fits.
func grown(call func([]byte) (int, error)) (string, error) {
	for size := 256; ; size *= 4 {
		b := make([]byte, size)
		n, err := retry(func() (int, error) { return call(b) })
		if errors.Is(err, unix.ERANGE) && size < 1<<20 {
			continue
		}
		if err != nil {
			return "", err
		}
		return string(b[:n]), nil
	}
}
