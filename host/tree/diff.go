package tree

import "github.com/pugetsoundtech/upkeep/host"

// Fields are attributes of an entry that can differ.
type Fields uint32

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
	FieldFlags  // immutable, append only
	FieldACL
	FieldDefaultACL
	FieldCapabilities
	FieldSELinux
	FieldXattrs // all other extended attributes
	FieldMount  // the number of the mount, which no restart of the system keeps

	fieldEnd
)

const (
	// FieldsState are the attributes that say what a file is now, and nothing
	// of how it came to be so. A file that is put back as it was is equal.
	FieldsState = FieldType | FieldMode | FieldOwner | FieldSize | FieldLink | FieldContent | FieldDevice |
		FieldFlags | FieldACL | FieldDefaultACL | FieldCapabilities | FieldSELinux | FieldXattrs
	// FieldsAll are all attributes but the mount: a file that was touched is a
	// difference.
	FieldsAll = (fieldEnd - 1) &^ FieldMount
	// fieldsTimes stand in for the content where it could not be read.
	fieldsTimes = FieldMtime | FieldCtime
	// FieldsOfDirs leaves out what changes in a directory whenever its content does.
	FieldsOfDirs = (FieldsAll | FieldMount) &^ (FieldSize | FieldNlink | FieldMtime | FieldCtime)
)

var fieldNames = [...]string{
	"type", "mode", "owner", "content", "size", "link", "nlink", "inode", "mtime", "ctime", "btime", "device",
	"flags", "acl", "default-acl", "capabilities", "selinux", "xattrs", "mount",
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
func Diff(was, now *host.Entry, want Fields) Fields {
	if was.Stat.Type() != now.Stat.Type() {
		return FieldType & want
	}
	if now.Stat.IsDir() {
		want &= FieldsOfDirs
	}
	if now.Stat.IsRegular() && want&FieldContent != 0 && !known(was, now) {
		want |= fieldsTimes
	}
	var diff Fields
	for _, c := range comparisons {
		if want&c.field != 0 && c.differs(was, now) {
			diff |= c.field
		}
	}
	for _, c := range attributes {
		if want&c.field != 0 && attrDiffers(was, now, c.name) {
			diff |= c.field
		}
	}
	return diff
}

var comparisons = [...]struct {
	field   Fields
	differs func(a, b *host.Entry) bool
}{
	{FieldMode, func(a, b *host.Entry) bool { return a.Stat.Perm() != b.Stat.Perm() }},
	{FieldOwner, func(a, b *host.Entry) bool {
		return both(a, b, host.KnownOwner) && (a.Stat.UID != b.Stat.UID || a.Stat.GID != b.Stat.GID)
	}},
	{FieldSize, func(a, b *host.Entry) bool {
		return both(a, b, host.KnownSize) && !both(a, b, host.KnownLink) && a.Stat.Size != b.Stat.Size
	}},
	{FieldLink, func(a, b *host.Entry) bool { return both(a, b, host.KnownLink) && a.Stat.Link != b.Stat.Link }},
	{FieldContent, func(a, b *host.Entry) bool {
		same, known := host.SameContent(a, b)
		return known && !same
	}},
	{FieldNlink, func(a, b *host.Entry) bool { return both(a, b, host.KnownNlink) && a.Stat.Nlink != b.Stat.Nlink }},
	{FieldInode, func(a, b *host.Entry) bool {
		return both(a, b, host.KnownInode) && (a.Stat.Ino != b.Stat.Ino || a.Stat.Dev != b.Stat.Dev)
	}},
	{FieldMtime, func(a, b *host.Entry) bool { return both(a, b, host.KnownMtime) && a.Stat.Mtime != b.Stat.Mtime }},
	{FieldCtime, func(a, b *host.Entry) bool { return both(a, b, host.KnownCtime) && a.Stat.Ctime != b.Stat.Ctime }},
	{FieldBtime, func(a, b *host.Entry) bool { return both(a, b, host.KnownBtime) && a.Stat.Btime != b.Stat.Btime }},
	{FieldDevice, func(a, b *host.Entry) bool {
		return isDevice(a) && both(a, b, host.KnownRdev) && a.Stat.Rdev != b.Stat.Rdev
	}},
	{FieldFlags, func(a, b *host.Entry) bool { return both(a, b, host.KnownFlags) && a.Stat.Flags != b.Stat.Flags }},
	{FieldMount, func(a, b *host.Entry) bool { return both(a, b, host.KnownMount) && a.Stat.Mount != b.Stat.Mount }},
}

var attributes = [...]struct {
	field Fields
	name  string
}{
	{FieldACL, host.AttrACL},
	{FieldDefaultACL, host.AttrDefaultACL},
	{FieldCapabilities, host.AttrCapabilities},
	{FieldSELinux, host.AttrSELinux},
	{FieldXattrs, host.AttrXattrs},
}

// Lost gives the extended attributes among want that were known of an entry of the
// same type, and are not any more.
func Lost(was, now *host.Entry, want Fields) (lost Fields) {
	for _, c := range attributes {
		_, before := was.Attr(c.name)
		_, known := now.Attr(c.name)
		if want&c.field != 0 && before && !known && was.Stat.Type() == now.Stat.Type() {
			lost |= c.field
		}
	}
	return lost
}

func attrDiffers(a, b *host.Entry, name string) bool {
	was, wasKnown := a.Attr(name)
	now, nowKnown := b.Attr(name)
	return wasKnown && nowKnown && was != now
}

// known reports whether two contents can be compared.
func known(a, b *host.Entry) bool {
	_, ok := host.SameContent(a, b)
	return ok
}

func both(a, b *host.Entry, known host.Known) bool { return (a.Stat.Known & b.Stat.Known).Has(known) }

func isDevice(e *host.Entry) bool {
	return e.Stat.Type() == host.ModeBlock || e.Stat.Type() == host.ModeChar
}
