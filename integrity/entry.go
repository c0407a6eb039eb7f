package integrity

import (
	"encoding/hex"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Digest is a SHA-256, compared in all its bytes.
type Digest [32]byte

// String gives the digest in hexadecimal, as sha256sum does.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// An Entry is what was found of one file of any type.
type Entry struct {
	Path   string    // absolute and clean; any bytes but NUL
	Stat   host.Stat // its mask says what is known; Name is empty
	Digest Digest    // of the content; meaningful when Hashed
	Hashed bool      // the content of a regular file was read to its end

	// Unstable says that the file changed each time it was read: it has no digest.
	Unstable bool

	// Complete says of a directory that all its names are known, so that what
	// does not follow is not there. Without it, nothing is known below.
	Complete bool

	// Err says why the content, or the directory's names, could not be read.
	// It wraps fs.ErrPermission where rights are missing. A baseline does not
	// keep it.
	Err error
}

// Fields are attributes of an entry that can differ.
type Fields uint16

// The attributes. Times are in nanoseconds; the owner is user and group.
const (
	FieldType Fields = 1 << iota
	FieldMode
	FieldOwner
	FieldContent
	FieldSize
	FieldLink
	FieldNlink
	FieldInode
	FieldMtime
	FieldCtime
	FieldBtime
	FieldDevice // the device that a device node stands for

	fieldEnd
)

const (
	// FieldsState are the attributes that say what a file is now, and nothing
	// of how it came to be so. A file that is put back as it was is equal.
	FieldsState = FieldType | FieldMode | FieldOwner | FieldSize | FieldLink | FieldContent | FieldDevice
	// FieldsAll are all attributes: a file that was touched is a difference.
	FieldsAll = fieldEnd - 1
	// fieldsTimes stand in for the content where it could not be read.
	fieldsTimes = FieldMtime | FieldCtime
	// fieldsOfDirs leaves out what changes in a directory whenever its content does.
	fieldsOfDirs = FieldsAll &^ (FieldSize | FieldNlink | FieldMtime | FieldCtime)
)

var fieldNames = [...]string{
	"type", "mode", "owner", "content", "size", "link", "nlink", "inode", "mtime", "ctime", "btime", "device",
}

// Names gives the names of the attributes in f, in a fixed order.
func (f Fields) Names() []string {
	var names []string
	for i, name := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Diff gives the attributes among want in which two entries of one path
// differ. An attribute is compared only where both entries know it. Where a
// content is not known on one side, its times are compared in its place; of a
// directory, size, link count and times are never compared, since they only
// repeat what its entries tell, and neither is the size of a link, which repeats
// its target.
func Diff(was, now Entry, want Fields) Fields {
	if was.Stat.Type() != now.Stat.Type() {
		return FieldType & want
	}
	if now.Stat.IsDir() {
		want &= fieldsOfDirs
	}
	if now.Stat.IsRegular() && want&FieldContent != 0 && !(was.Hashed && now.Hashed) {
		want |= fieldsTimes
	}
	var diff Fields
	for _, c := range comparisons {
		if want&c.field != 0 && c.differs(&was, &now) {
			diff |= c.field
		}
	}
	return diff
}

var comparisons = [...]struct {
	field   Fields
	differs func(a, b *Entry) bool
}{
	{FieldMode, func(a, b *Entry) bool { return a.Stat.Perm() != b.Stat.Perm() }},
	{FieldOwner, func(a, b *Entry) bool {
		return both(a, b, host.KnownOwner) && (a.Stat.UID != b.Stat.UID || a.Stat.GID != b.Stat.GID)
	}},
	{FieldSize, func(a, b *Entry) bool {
		return both(a, b, host.KnownSize) && !both(a, b, host.KnownLink) && a.Stat.Size != b.Stat.Size
	}},
	{FieldLink, func(a, b *Entry) bool { return both(a, b, host.KnownLink) && a.Stat.Link != b.Stat.Link }},
	{FieldContent, func(a, b *Entry) bool { return a.Hashed && b.Hashed && a.Digest != b.Digest }},
	{FieldNlink, func(a, b *Entry) bool { return both(a, b, host.KnownNlink) && a.Stat.Nlink != b.Stat.Nlink }},
	{FieldInode, func(a, b *Entry) bool {
		return both(a, b, host.KnownInode) && (a.Stat.Ino != b.Stat.Ino || a.Stat.Dev != b.Stat.Dev)
	}},
	{FieldMtime, func(a, b *Entry) bool { return both(a, b, host.KnownMtime) && a.Stat.Mtime != b.Stat.Mtime }},
	{FieldCtime, func(a, b *Entry) bool { return both(a, b, host.KnownCtime) && a.Stat.Ctime != b.Stat.Ctime }},
	{FieldBtime, func(a, b *Entry) bool { return both(a, b, host.KnownBtime) && a.Stat.Btime != b.Stat.Btime }},
	{FieldDevice, func(a, b *Entry) bool { return isDevice(a) && both(a, b, host.KnownRdev) && a.Stat.Rdev != b.Stat.Rdev }},
}

func both(a, b *Entry, known host.Known) bool { return (a.Stat.Known & b.Stat.Known).Has(known) }

func isDevice(e *Entry) bool {
	return e.Stat.Type() == host.ModeBlock || e.Stat.Type() == host.ModeChar
}
