package live

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Beneath looks at a process below whatever was mounted over its folder in /proc: in a
// copy of that mount alone, without those upon it. exe is as /proc gives it, with
// " (deleted)" where the file is gone, and sockets are inodes. It takes the rights of root, and
// Linux 5.2; the error wraps errors.ErrUnsupported before that.
func Beneath(pid int) (name, exe string, sockets []uint64, err error) {
	proc, err := unix.OpenTree(unix.AT_FDCWD, "/proc", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if errors.Is(err, unix.ENOSYS) {
		err = errors.ErrUnsupported
	}
	if err != nil {
		return "", "", nil, fmt.Errorf("look below what is mounted on /proc/%d: %w", pid, err)
	}
	defer unix.Close(proc) //nolint:errcheck // it was only read
	dir := strconv.Itoa(pid)
	if exe, err = readlink(proc, dir+"/exe"); err != nil {
		return "", "", nil, fmt.Errorf("process %d: %w", pid, err)
	}
	comm, err := openat(proc, dir+"/comm")
	if err != nil {
		return "", "", nil, fmt.Errorf("process %d: %w", pid, err)
	}
	defer comm.Close() //nolint:errcheck // it was only read
	var text [64]byte
	n, err := comm.Read(text[:])
	if err != nil {
		return "", "", nil, fmt.Errorf("process %d: %w", pid, err)
	}
	sockets, err = socketsOf(proc, dir+"/fd")
	return strings.TrimSuffix(string(text[:n]), "\n"), exe, sockets, err
}

// socketsOf gives the inodes of the sockets that a process has open.
func socketsOf(proc int, dir string) (inodes []uint64, err error) {
	open, err := openat(proc, dir)
	if err != nil {
		return nil, err
	}
	defer open.Close() //nolint:errcheck // it was only read
	names, err := open.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		to, err := readlink(proc, dir+"/"+name)
		if errors.Is(err, unix.ENOENT) {
			continue // it was closed
		}
		if err != nil {
			return nil, err
		}
		var inode uint64
		if n, _ := fmt.Sscanf(to, "socket:[%d]", &inode); n == 1 { //nolint:errcheck // other files do not fit
			inodes = append(inodes, inode)
		}
	}
	return inodes, nil
}

func openat(dir int, name string) (*os.File, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func readlink(dir int, name string) (string, error) {
	var to [4096]byte
	n, err := unix.Readlinkat(dir, name, to[:])
	return string(to[:max(n, 0)]), err
}
