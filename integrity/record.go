package integrity

import (
	"encoding/binary"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// A record is: length of the prefix shared with the path before, the rest of
// the path, flags, the mask of what is known, the known numbers in the order
// of knownNumbers, the link target, the digest. Numbers are varints, texts are
// preceded by their length. The first path of a block shares nothing.
const (
	flagHashed = 1 << iota
	flagUnstable
	flagComplete
)

// knownNumbers are the attributes that a record holds as numbers.
var knownNumbers = [...]struct {
	known host.Known
	get   func(*host.Stat) int64
	set   func(*host.Stat, int64)
}{
	{host.KnownMode, func(s *host.Stat) int64 { return int64(s.Mode) }, func(s *host.Stat, v int64) { s.Mode = uint32(v) }},
	{host.KnownOwner, func(s *host.Stat) int64 { return int64(s.UID) }, func(s *host.Stat, v int64) { s.UID = uint32(v) }},
	{host.KnownOwner, func(s *host.Stat) int64 { return int64(s.GID) }, func(s *host.Stat, v int64) { s.GID = uint32(v) }},
	{host.KnownSize, func(s *host.Stat) int64 { return s.Size }, func(s *host.Stat, v int64) { s.Size = v }},
	{host.KnownInode, func(s *host.Stat) int64 { return int64(s.Dev) }, func(s *host.Stat, v int64) { s.Dev = uint64(v) }},
	{host.KnownInode, func(s *host.Stat) int64 { return int64(s.Ino) }, func(s *host.Stat, v int64) { s.Ino = uint64(v) }},
	{host.KnownNlink, func(s *host.Stat) int64 { return int64(s.Nlink) }, func(s *host.Stat, v int64) { s.Nlink = uint64(v) }},
	{host.KnownRdev, func(s *host.Stat) int64 { return int64(s.Rdev) }, func(s *host.Stat, v int64) { s.Rdev = uint64(v) }},
	{host.KnownMtime, func(s *host.Stat) int64 { return s.Mtime }, func(s *host.Stat, v int64) { s.Mtime = v }},
	// The other times are mostly near the first.
	{host.KnownCtime, func(s *host.Stat) int64 { return s.Ctime - s.Mtime }, func(s *host.Stat, v int64) { s.Ctime = v + s.Mtime }},
	{host.KnownBtime, func(s *host.Stat) int64 { return s.Btime - s.Ctime }, func(s *host.Stat, v int64) { s.Btime = v + s.Ctime }},
}

const knownStored = host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownInode | host.KnownNlink |
	host.KnownRdev | host.KnownMtime | host.KnownCtime | host.KnownBtime | host.KnownLink

// An encoder makes the payload of one block of records.
type encoder struct {
	buf  []byte
	last string
	stat host.Stat // of the entry that is encoded: kept here, so that no entry goes to the heap
}

func (c *encoder) reset() { c.buf, c.last = c.buf[:0], "" }

func (c *encoder) add(e Entry) {
	c.stat = e.Stat
	shared := sharedPrefix(c.last, e.Path)
	c.last = e.Path
	c.buf = binary.AppendUvarint(c.buf, uint64(shared))
	c.text(e.Path[shared:])
	c.buf = binary.AppendUvarint(c.buf, flagsOf(e))
	known := e.Stat.Known & knownStored
	c.buf = binary.AppendUvarint(c.buf, uint64(known))
	for i := range knownNumbers {
		if n := &knownNumbers[i]; known.Has(n.known) {
			c.buf = binary.AppendVarint(c.buf, n.get(&c.stat))
		}
	}
	if known.Has(host.KnownLink) {
		c.text(e.Stat.Link)
	}
	if e.Hashed {
		c.buf = append(c.buf, e.Digest[:]...)
	}
}

func (c *encoder) text(s string) {
	c.buf = binary.AppendUvarint(c.buf, uint64(len(s)))
	c.buf = append(c.buf, s...)
}

func flagsOf(e Entry) (f uint64) {
	if e.Hashed {
		f |= flagHashed
	}
	if e.Unstable {
		f |= flagUnstable
	}
	if e.Complete {
		f |= flagComplete
	}
	return f
}

func sharedPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// A decoder reads blocks of records, one after the other.
type decoder struct {
	rest []byte
	path []byte
	last string // path before, across blocks
	stat host.Stat
	bad  bool
}

func (d *decoder) open(payload []byte) { d.rest, d.path = payload, d.path[:0] }

func (d *decoder) more() bool { return len(d.rest) > 0 }

// entry reads one record. What is malformed is ErrDamaged, though its digest
// was right.
func (d *decoder) entry() (e Entry, err error) {
	shared := d.uvarint()
	suffix := d.take(d.uvarint())
	if d.bad || shared > uint64(len(d.path)) {
		return e, fmt.Errorf("%w: malformed path behind %q", ErrDamaged, d.last)
	}
	d.path = append(d.path[:shared], suffix...)
	e.Path = string(d.path)
	d.fields(&e)
	if d.bad || !host.ValidName(e.Path) || d.last != "" && tree.Compare(d.last, e.Path) >= 0 {
		return Entry{}, fmt.Errorf("%w: malformed record behind %q", ErrDamaged, d.last)
	}
	d.last = e.Path
	return e, nil
}

func (d *decoder) fields(e *Entry) {
	flags := d.uvarint()
	e.Hashed, e.Unstable, e.Complete = flags&flagHashed != 0, flags&flagUnstable != 0, flags&flagComplete != 0
	d.stat = host.Stat{Known: host.Known(d.uvarint()) & knownStored}
	for i := range knownNumbers {
		if n := &knownNumbers[i]; d.stat.Known.Has(n.known) {
			n.set(&d.stat, d.varint())
		}
	}
	e.Stat = d.stat
	if e.Stat.Known.Has(host.KnownLink) {
		e.Stat.Link = string(d.take(d.uvarint()))
	}
	if e.Hashed {
		copy(e.Digest[:], d.take(uint64(len(e.Digest))))
	}
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

// skip takes the result of a varint's reading.
func (d *decoder) skip(n int) {
	if n <= 0 {
		d.bad, d.rest = true, nil
		return
	}
	d.rest = d.rest[n:]
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}
