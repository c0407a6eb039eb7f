package restore

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
)

func makeFIFO(dir int, name string) error { return unix.Mkfifoat(dir, name, 0o600) }

func makeDevice(dir int, name string, e backup.Entry) error {
	kind := uint32(unix.S_IFBLK)
	if e.Type == backup.Char {
		kind = unix.S_IFCHR
	}
	return unix.Mknodat(dir, name, kind|0o600, int(e.Rdev))
}

// chmodName sets the mode of the very file that has the name now.
func chmodName(dir int, name string, mode uint32) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode)
}

// exchange puts what was made in the place of a file that has the name kept as well.
// Where somebody has put another one there since, that one stays.
func exchange(side, dir int, base, kept string) error {
	err := unix.Renameat2(side, made, dir, base, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // not on this file system
		return unix.Renameat(side, made, dir, base)
	}
	if err != nil {
		return err
	}
	var old, known unix.Stat_t
	err = errors.Join(unix.Fstatat(side, made, &old, unix.AT_SYMLINK_NOFOLLOW), unix.Fstatat(dir, kept, &known, unix.AT_SYMLINK_NOFOLLOW))
	if err == nil && (old.Dev != known.Dev || old.Ino != known.Ino) {
		err = errExchanged
	}
	if err != nil {
		return errors.Join(err, unix.Renameat2(side, made, dir, base, unix.RENAME_EXCHANGE))
	}
	return nil
}

func setTimes(fd int, ns int64, _ unix.Timeval) error {
	when := unix.NsecToTimespec(ns)
	return unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), []unix.Timespec{when, when}, 0)
}

// xattrNames are the kernel's names of attributes that have one of their own.
var xattrNames = map[string]string{
	host.AttrACL: "system.posix_acl_access", host.AttrDefaultACL: "system.posix_acl_default",
	host.AttrCapabilities: "security.capability", host.AttrSELinux: "security.selinux",
}

// setAttrs gives the names of what could not be set. Without rights it sets none by
// which a program may do more than who runs it.
func setAttrs(fd int, e backup.Entry, rights bool) []string {
	return eachAttr(e, func(name string, value []byte) error {
		if !rights && strings.HasPrefix(name, "security.") {
			return unix.EPERM
		}
		return unix.Fsetxattr(fd, name, value, 0)
	})
}

// setAttrsName sets what belongs to what cannot be opened, and is no link's target.
func setAttrsName(dir int, base string, e backup.Entry) []string {
	at := fmt.Sprintf("/proc/self/fd/%d/%s", dir, base)
	return eachAttr(e, func(name string, value []byte) error { return unix.Lsetxattr(at, name, value, 0) })
}

func eachAttr(e backup.Entry, set func(name string, value []byte) error) (left []string) {
	for _, a := range e.Attrs {
		all := map[string]string{xattrNames[a.Name]: a.Value}
		if a.Name == host.AttrXattrs {
			all, _ = host.Xattrs(a.Value)
		}
		for name, value := range all {
			if set(name, []byte(value)) != nil {
				left = append(left, name)
			}
		}
	}
	return left
}

// The flags of ioctl_iflags(2).
const (
	immutable  = 0x10
	appendOnly = 0x20
)

// clearFlags lets a file be changed and removed.
func clearFlags(fd int) error {
	n, err := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
	if err != nil || n&(immutable|appendOnly) == 0 {
		return err
	}
	return unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, n&^(immutable|appendOnly))
}

// setFlags makes a file immutable or append-only.
func setFlags(fd int, flags uint32) error {
	n, err := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	if flags&host.FlagImmutable != 0 {
		n |= immutable
	}
	if flags&host.FlagAppend != 0 {
		n |= appendOnly
	}
	return unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, n)
}
