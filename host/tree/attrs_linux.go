package tree

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
)

// noAttrs are those of most files: all are known, and none is set. Nobody writes to
// them.
var noAttrs = host.XattrsToAttrs(nil)

// attrsOfFD reads all extended attributes of what a descriptor is open on. Where the
// file system has none, nothing is known.
func attrsOfFD(fd int, buf []byte) ([]host.Attr, error) {
	list := func(b []byte) (int, error) { return unix.Flistxattr(fd, b) }
	get := func(name string, b []byte) (int, error) { return unix.Fgetxattr(fd, name, b) }
	attrs, err := readAttrs(buf, list, get)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) {
		return nil, nil
	}
	return attrs, err
}

// attrsIn does so of a name in an open directory, which is neither followed nor opened:
// by way of /proc, so that the call reaches it whatever has become of the directory's
// own name. Where there is no /proc, nothing is known.
func attrsIn(dir int, name string, buf []byte) ([]host.Attr, error) {
	path := "/proc/self/fd/" + strconv.Itoa(dir) + "/" + name
	list := func(b []byte) (int, error) { return unix.Llistxattr(path, b) }
	get := func(attr string, b []byte) (int, error) { return unix.Lgetxattr(path, attr, b) }
	attrs, err := readAttrs(buf, list, get)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, fs.ErrNotExist) && !procMounted() {
		return nil, nil
	}
	return attrs, err
}

// readAttrs lists the names of attributes into buf, or a larger buffer, and gets their
// values.
func readAttrs(buf []byte, list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]host.Attr, error) {
	names, err := grown(buf, list)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return slices.Clip(noAttrs), nil
	}
	values := map[string]string{}
	for name := range strings.SplitSeq(string(names), "\x00") {
		if name == "" {
			continue
		}
		value, err := grown(make([]byte, 256), func(b []byte) (int, error) { return get(name, b) })
		if errors.Is(err, unix.ENODATA) {
			return nil, ErrUnsteady
		}
		if err != nil {
			return nil, err
		}
		values[name] = string(value)
	}
	return host.XattrsToAttrs(values), nil
}

func procMounted() bool {
	_, err := host.LstatAt(unix.AT_FDCWD, "/proc/self/fd")
	return err == nil
}

// grown calls with b, and with a larger buffer until the answer fits.
func grown(b []byte, call func([]byte) (int, error)) ([]byte, error) {
	for ; ; b = make([]byte, len(b)*4) {
		n, err := retry(func() (int, error) { return call(b) })
		if errors.Is(err, unix.ERANGE) && len(b) < 1<<20 {
			continue
		}
		if err != nil {
			return nil, err
		}
		return b[:n], nil
	}
}
