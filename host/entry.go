package host

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// An Entry is one file of a tree, of any type, as a walk found it.
type Entry struct {
	Path string // absolute and clean; any bytes but NUL
	Stat        // its mask says what is known

	// Digests are of the content of a regular file that was read to its end, one
	// for each algorithm. There are none where the content is not known.
	Digests []Digest

	// Attrs are what the file has beyond its Stat, by name. An attribute that is
	// not among them is unknown; one with an empty value is known not to be set.
	Attrs []Attr

	// Trusted says that the content was not read, and that Digests are those of
	// the old entry (see Reading.Trust).
	Trusted bool

	// Unstable says that the file changed each time it was read: no digests.
	Unstable bool

	// Complete says of a directory that all its names were read, and follow.
	// Where it is false, Err says why, and nothing is known of what is below.
	Complete bool

	// Err says why content, names or attributes could not be read. What is in
	// Stat is known all the same.
	Err error
}

// Hashed reports whether the content is known by a digest.
func (e Entry) Hashed() bool { return len(e.Digests) > 0 }

// Digest gives the digest of an algorithm, and whether there is one.
func (e Entry) Digest(algorithm string) (Digest, bool) {
	for _, d := range e.Digests {
		if d.Algorithm == algorithm {
			return d, true
		}
	}
	return Digest{}, false
}

// Attr gives the value of an attribute, and whether it is known.
func (e Entry) Attr(name string) (value string, known bool) {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// SameContent reports whether two entries have the same content, by all
// algorithms that both have, and whether that can be said at all.
func SameContent(a, b *Entry) (same, known bool) {
	same = true
	for _, d := range a.Digests {
		if other, ok := b.Digest(d.Algorithm); ok {
			known, same = true, same && d == other
		}
	}
	return same && known, known
}

// maxDigest is the longest digest, in bytes.
const maxDigest = 64

// A Digest is the hash of a whole content. Two are equal by == only in all
// their bytes. The zero Digest is none.
type Digest struct {
	Algorithm string // in lower case, such as "sha256"
	size      uint8
	sum       [maxDigest]byte
}

// NewDigest makes a digest of at most 64 bytes; a longer or an empty sum gives
// the zero Digest.
func NewDigest(algorithm string, sum []byte) Digest {
	if len(sum) == 0 || len(sum) > maxDigest {
		return Digest{}
	}
	d := Digest{Algorithm: algorithm, size: uint8(len(sum))}
	copy(d.sum[:], sum)
	return d
}

// Sum gives the bytes of the digest.
func (d Digest) Sum() []byte { return slices.Clone(d.sum[:d.size]) }

// Equal reports whether both are the same, in all their bytes.
func (d Digest) Equal(o Digest) bool { return d == o }

// Size is the number of bytes of the digest.
func (d Digest) Size() int { return int(d.size) }

// AppendSum appends the bytes of the digest.
func (d Digest) AppendSum(b []byte) []byte { return append(b, d.sum[:d.size]...) }

// Hex gives the bytes in hexadecimal, as sha256sum and its kin do.
func (d Digest) Hex() string { return hex.EncodeToString(d.sum[:d.size]) }

// String gives algorithm and bytes, such as "sha256:e3b0…".
func (d Digest) String() string {
	if d.size == 0 {
		return ""
	}
	return d.Algorithm + ":" + d.Hex()
}

// An Attr is one attribute of a file beyond its Stat.
type Attr struct {
	Name  string // one of the constants, or another name of a-z, 0-9 and '-'
	Value string // bytes; empty: known not to be set
}

// The attributes that are read today. Values are the kernel's own bytes, so that
// they can be compared and put back.
const (
	AttrACL          = "acl"          // POSIX ACL beyond the mode
	AttrDefaultACL   = "default-acl"  // of a directory, for what is made in it
	AttrCapabilities = "capabilities" // of a program
	AttrSELinux      = "selinux"      // label
	AttrXattrs       = "xattrs"       // all other extended attributes; see Xattrs
)

// xattrNames are the extended attributes with a name of their own among Attrs.
var xattrNames = map[string]string{
	"system.posix_acl_access": AttrACL, "system.posix_acl_default": AttrDefaultACL,
	"security.capability": AttrCapabilities, "security.selinux": AttrSELinux,
}

// XattrsToAttrs makes attributes of all extended attributes of one file, by
// their names on Linux. All five are known in the result.
func XattrsToAttrs(xattrs map[string]string) []Attr {
	values := map[string]string{}
	var others []string
	for name, value := range xattrs {
		if own, ok := xattrNames[name]; ok {
			values[own] = value
		} else {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	var b []byte
	for _, name := range others {
		b = appendText(appendText(b, name), xattrs[name])
	}
	return []Attr{
		{AttrACL, values[AttrACL]},
		{AttrCapabilities, values[AttrCapabilities]},
		{AttrDefaultACL, values[AttrDefaultACL]},
		{AttrSELinux, values[AttrSELinux]},
		{AttrXattrs, string(b)},
	}
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Xattrs takes the value of AttrXattrs apart: values by the names that the
// kernel has. What is malformed gives ok false.
func Xattrs(value string) (xattrs map[string]string, ok bool) {
	xattrs = map[string]string{}
	for rest := []byte(value); len(rest) > 0; {
		var pair [2]string
		for i := range pair {
			n, used := binary.Uvarint(rest)
			if used <= 0 || n > uint64(len(rest)-used) {
				return nil, false
			}
			pair[i], rest = string(rest[used:used+int(n)]), rest[used+int(n):]
		}
		xattrs[strings.Clone(pair[0])] = pair[1]
	}
	return xattrs, true
}
