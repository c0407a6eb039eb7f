package host

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// searchDir opens a directory to walk through it, which needs no right to read it.
const searchDir = unix.O_PATH

// openRegular opens what it has looked at: the descriptor of an O_PATH open is
// opened again through /proc, so no exchange of the name can make it open a
// device, which may have effects (a tape rewinds, a watchdog starts).
func openRegular(p place) (int, error) {
	path, err := openAt(p.dir, p.name, unix.O_PATH|p.noFollow())
	if err != nil {
		return -1, err
	}
	defer unix.Close(path)
	st, err := statFD(path)
	if err != nil {
		return -1, err
	}
	if !st.IsRegular() {
		return -1, ErrNotRegular
	}
	fd, err := openAt(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(path), unix.O_RDONLY|unix.O_NONBLOCK)
	if err == unix.ENOENT || err == unix.ENOTDIR {
		return openDirect(p) // no /proc here
	}
	if err != nil {
		return -1, err
	}
	return onlyRegular(fd)
}

// LstatAt describes a name in an open directory, not followed, with the target
// of a link. Name is left empty.
func LstatAt(dir int, name string) (Stat, error) { return lstatAt(dir, name) }

// StatFD describes an open file of any type. Name is left empty.
func StatFD(fd int) (Stat, error) { return statFD(fd) }

func statAt(dir int, name string, follow bool) (Stat, error) {
	flags := unix.AT_NO_AUTOMOUNT
	if !follow {
		flags |= unix.AT_SYMLINK_NOFOLLOW
	}
	return statx(dir, name, flags)
}

func statFD(fd int) (Stat, error) { return statx(fd, "", unix.AT_EMPTY_PATH) }

func statx(dir int, name string, flags int) (Stat, error) {
	var sx unix.Statx_t
	_, err := retryInt(func() (int, error) {
		return 0, unix.Statx(dir, name, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME|unix.STATX_MNT_ID, &sx)
	})
	if err == unix.ENOSYS || err == unix.EPERM { // kernel before 4.11, or a filter that does not know it
		return fstatat(dir, name, flags)
	}
	if err != nil {
		return Stat{}, err
	}
	return fromStatx(&sx), nil
}

// statxKnown pairs the bits in which the kernel says what it has filled.
var statxKnown = [...]struct {
	mask  uint32
	known Known
}{
	{unix.STATX_TYPE | unix.STATX_MODE, KnownMode},
	{unix.STATX_SIZE, KnownSize},
	{unix.STATX_BLOCKS, KnownBlocks},
	{unix.STATX_UID | unix.STATX_GID, KnownOwner},
	{unix.STATX_INO, KnownInode},
	{unix.STATX_NLINK, KnownNlink},
	{unix.STATX_MTIME, KnownMtime},
	{unix.STATX_CTIME, KnownCtime},
	{unix.STATX_BTIME, KnownBtime},
	{unix.STATX_MNT_ID, KnownMount},
}

func fromStatx(sx *unix.Statx_t) Stat {
	st := Stat{
		Mode: uint32(sx.Mode), UID: sx.Uid, GID: sx.Gid,
		Size: int64(sx.Size), Blocks: int64(sx.Blocks), Nlink: uint64(sx.Nlink),
		Dev: unix.Mkdev(sx.Dev_major, sx.Dev_minor), Ino: sx.Ino,
		Mtime: nanoseconds(sx.Mtime.Sec, int64(sx.Mtime.Nsec)),
		Ctime: nanoseconds(sx.Ctime.Sec, int64(sx.Ctime.Nsec)),
	}
	for _, k := range statxKnown {
		if sx.Mask&k.mask == k.mask {
			st.Known |= k.known
		}
	}
	if st.Known.Has(KnownBtime) {
		st.Btime = nanoseconds(sx.Btime.Sec, int64(sx.Btime.Nsec))
	}
	if st.Known.Has(KnownMount) {
		st.Mount = sx.Mnt_id
	}
	return withRdev(withFlags(st, sx), unix.Mkdev(sx.Rdev_major, sx.Rdev_minor))
}

// withFlags sets Flags where the file system has immutable and append; a file system
// that knows nothing of verity has no file with it.
func withFlags(st Stat, sx *unix.Statx_t) Stat {
	const both = unix.STATX_ATTR_IMMUTABLE | unix.STATX_ATTR_APPEND
	if sx.Attributes_mask&both != both {
		return st
	}
	st.Known |= KnownFlags
	if sx.Attributes&unix.STATX_ATTR_IMMUTABLE != 0 {
		st.Flags |= FlagImmutable
	}
	if sx.Attributes&unix.STATX_ATTR_APPEND != 0 {
		st.Flags |= FlagAppend
	}
	if sx.Attributes&unix.STATX_ATTR_VERITY != 0 {
		st.Flags |= FlagVerity
	}
	return st
}

func fstatat(dir int, name string, flags int) (Stat, error) {
	var raw unix.Stat_t
	_, err := retryInt(func() (int, error) { return 0, unix.Fstatat(dir, name, &raw, flags) })
	if err != nil {
		return Stat{}, err
	}
	return fromStat(&raw), nil
}

func fromStat(raw *unix.Stat_t) Stat {
	st := Stat{
		Mode: raw.Mode, UID: raw.Uid, GID: raw.Gid,
		Size: raw.Size, Blocks: raw.Blocks, Nlink: uint64(raw.Nlink),
		Dev: uint64(raw.Dev), Ino: raw.Ino,
		Mtime: nanoseconds(raw.Mtim.Unix()),
		Ctime: nanoseconds(raw.Ctim.Unix()),
		Known: knownStat,
	}
	return withRdev(st, uint64(raw.Rdev))
}
