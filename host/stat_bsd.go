//go:build freebsd || openbsd || netbsd || darwin

package host

import "golang.org/x/sys/unix"

// searchDir opens a directory to walk through it. Not all of these systems have
// a flag for that alone, so the right to read it is needed.
const searchDir = unix.O_RDONLY

func openRegular(p place) (int, error) { return openDirect(p) }

func statAt(dir int, name string, follow bool) (Stat, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	var raw unix.Stat_t
	_, err := retryInt(func() (int, error) { return 0, unix.Fstatat(dir, name, &raw, flags) })
	if err != nil {
		return Stat{}, err
	}
	return fromStat(&raw), nil
}

func statFD(fd int) (Stat, error) {
	var raw unix.Stat_t
	_, err := retryInt(func() (int, error) { return 0, unix.Fstat(fd, &raw) })
	if err != nil {
		return Stat{}, err
	}
	return fromStat(&raw), nil
}

func fromStat(raw *unix.Stat_t) Stat {
	st := Stat{
		Mode: uint32(raw.Mode), UID: raw.Uid, GID: raw.Gid,
		Size: raw.Size, Blocks: raw.Blocks, Nlink: uint64(raw.Nlink),
		Dev: uint64(raw.Dev), Ino: raw.Ino,
		Mtime: nanoseconds(raw.Mtim.Unix()),
		Ctime: nanoseconds(raw.Ctim.Unix()),
		Known: knownStat,
	}
	return withRdev(withFlags(withBtime(st, raw), raw.Flags), uint64(raw.Rdev))
}

// withFlags takes the flags of chflags(2), the owner's and the superuser's alike.
func withFlags(st Stat, flags uint32) Stat {
	const userImmutable, userAppend, superImmutable, superAppend = 0x2, 0x4, 0x20000, 0x40000
	st.Known |= KnownFlags
	if flags&(userImmutable|superImmutable) != 0 {
		st.Flags |= FlagImmutable
	}
	if flags&(userAppend|superAppend) != 0 {
		st.Flags |= FlagAppend
	}
	return st
}
