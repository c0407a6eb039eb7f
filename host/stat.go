package host

import (
	"bytes"
	"strings"
	"time"
)

// Known says which fields of a Stat the system told; the others are unknown,
// not zero.
type Known uint16

// The fields of a Stat beside Name. A Stat without KnownMode knows nothing.
const (
	KnownMode   Known = 1 << iota // Mode, with the file type
	KnownLink                     // Link
	KnownSize                     // Size
	KnownBlocks                   // Blocks
	KnownOwner                    // UID and GID
	KnownInode                    // Dev and Ino
	KnownNlink                    // Nlink
	KnownMtime                    // Mtime
	KnownCtime                    // Ctime
	KnownBtime                    // Btime
	KnownRdev                     // Rdev
	KnownFlags                    // Flags
	KnownMount                    // Mount
)

// Has reports whether all of fields are known.
func (k Known) Has(fields Known) bool { return k&fields == fields }

// File types and permission bits of Stat.Mode, as in POSIX st_mode.
const (
	ModeType    = 0o170000
	ModeSocket  = 0o140000
	ModeSymlink = 0o120000
	ModeRegular = 0o100000
	ModeBlock   = 0o060000
	ModeDir     = 0o040000
	ModeChar    = 0o020000
	ModeFIFO    = 0o010000
	ModeSetUID  = 0o4000
	ModeSetGID  = 0o2000
	ModeSticky  = 0o1000
)

// A Stat describes a directory entry or an open file.
type Stat struct {
	Name   string // last component, any bytes but NUL and '/'
	Link   string // target of a symbolic link
	Mode   uint32 // POSIX st_mode: type and permission bits
	UID    uint32
	GID    uint32
	Size   int64 // bytes
	Blocks int64 // units of 512 bytes
	Dev    uint64
	Ino    uint64
	Nlink  uint64
	Rdev   uint64 // of a device node
	Mtime  int64  // nanoseconds since 1970 UTC; so are Ctime and Btime
	Ctime  int64
	Btime  int64
	Flags  uint32 // of the inode: FlagImmutable, FlagAppend, FlagVerity
	Mount  uint64 // number of the mount it is on, as in /proc/self/mountinfo
	Known  Known
}

// Flags of Stat.Flags: the file cannot be changed at all, or only by appending; the
// kernel holds its content against a digest that was sealed (fs-verity of Linux).
const (
	FlagImmutable = 1 << iota
	FlagAppend
	FlagVerity
)

// Type returns the type bits of the mode.
func (s Stat) Type() uint32 { return s.Mode & ModeType }

// Perm returns the permission bits with setuid, setgid and sticky.
func (s Stat) Perm() uint32 { return s.Mode & 0o7777 }

// IsDir reports whether s is a directory.
func (s Stat) IsDir() bool { return s.Type() == ModeDir }

// IsRegular reports whether s is a regular file.
func (s Stat) IsRegular() bool { return s.Type() == ModeRegular }

// IsLink reports whether s is a symbolic link.
func (s Stat) IsLink() bool { return s.Type() == ModeSymlink }

// ModTime is Mtime as a time in UTC; the zero time when it is not known.
func (s Stat) ModTime() time.Time {
	if !s.Known.Has(KnownMtime) {
		return time.Time{}
	}
	return time.Unix(0, s.Mtime).UTC()
}

// SameFile reports whether a and b are the same file by device and inode, and
// whether that can be said at all.
func SameFile(a, b Stat) (same, known bool) {
	if !a.Known.Has(KnownInode) || !b.Known.Has(KnownInode) {
		return false, false
	}
	return a.Dev == b.Dev && a.Ino == b.Ino, true
}

// ValidName reports whether name may be given to an FS: absolute and without NUL.
func ValidName(name string) bool {
	return strings.HasPrefix(name, "/") && !strings.Contains(name, "\x00")
}

func joinPath(dirs []string) string { return strings.Join(dirs, ":") }

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	if len(line) > 200 {
		line = line[:200]
	}
	return string(line)
}

// LinuxDevice is makedev(3) of Linux: what Dev and Rdev hold there.
func LinuxDevice(major, minor uint64) uint64 {
	return minor&0xff | major&0xfff<<8 | minor&^0xff<<12 | major&^0xfff<<32
}
