package integrity

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A record is: length of the prefix shared with the path before, the rest of
// the path, flags, the mask of what is known, the known numbers in the order
// of knownNumbers, the link target, the digests (their number, and of each the
// algorithm and the bytes), the attributes (likewise: name and
// value; none where flagPlain tells them). Numbers
// are varints, texts are preceded by their length. The first path of a block
// shares nothing.
const (
	flagHashed = 1 << iota
	flagUnstable
	flagComplete
	flagTrusted
	flagAttrs
	flagPlain // the attributes of plainAttrs, which most files have
)

// plainAttrs are those of a file of which all are known, and none is set.
var plainAttrs = host.XattrsToAttrs(nil)

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
	{host.KnownFlags, func(s *host.Stat) int64 { return int64(s.Flags) }, func(s *host.Stat, v int64) { s.Flags = uint32(v) }},
	{host.KnownMtime, func(s *host.Stat) int64 { return s.Mtime }, func(s *host.Stat, v int64) { s.Mtime = v }},
	// The other times are mostly near the first.
	{host.KnownCtime, func(s *host.Stat) int64 { return s.Ctime - s.Mtime }, func(s *host.Stat, v int64) { s.Ctime = v + s.Mtime }},
	{host.KnownBtime, func(s *host.Stat) int64 { return s.Btime - s.Ctime }, func(s *host.Stat, v int64) { s.Btime = v + s.Ctime }},
}

const knownStored = host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownInode | host.KnownNlink |
	host.KnownRdev | host.KnownFlags | host.KnownMtime | host.KnownCtime | host.KnownBtime | host.KnownLink

// An encoder makes the payload of one block of records.
type encoder struct {
	buf  []byte
	last string
	stat host.Stat // of the entry that is encoded: kept here, so that no entry goes to the heap
}

func (c *encoder) reset() { c.buf, c.last = c.buf[:0], "" }

func (c *encoder) add(e host.Entry) {
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
	if e.Hashed() {
		c.digests(e.Digests)
	}
	if len(e.Attrs) > 0 && !slices.Equal(e.Attrs, plainAttrs) {
		c.attrs(e.Attrs)
	}
}

func (c *encoder) digests(list []host.Digest) {
	c.buf = binary.AppendUvarint(c.buf, uint64(len(list)))
	for i := range list {
		c.text(list[i].Algorithm)
		c.buf = binary.AppendUvarint(c.buf, uint64(list[i].Size()))
		c.buf = list[i].AppendSum(c.buf)
	}
}

func (c *encoder) attrs(list []host.Attr) {
	c.buf = binary.AppendUvarint(c.buf, uint64(len(list)))
	for _, a := range list {
		c.text(a.Name)
		c.text(a.Value)
	}
}

func (c *encoder) text(s string) {
	c.buf = binary.AppendUvarint(c.buf, uint64(len(s)))
	c.buf = append(c.buf, s...)
}

func flagsOf(e host.Entry) (f uint64) {
	if e.Hashed() {
		f |= flagHashed
	}
	if e.Unstable {
		f |= flagUnstable
	}
	if e.Complete {
		f |= flagComplete
	}
	if e.Trusted {
		f |= flagTrusted
	}
	switch {
	case slices.Equal(e.Attrs, plainAttrs):
		f |= flagPlain
	case len(e.Attrs) > 0:
		f |= flagAttrs
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
	rest  []byte
	path  []byte
	last  string // path before, across blocks
	stat  host.Stat
	sums  []host.Digest     // room for those of the next records
	words map[string]string // names seen so far
	bad   bool
}

func (d *decoder) open(payload []byte) { d.rest, d.path = payload, d.path[:0] }

func (d *decoder) more() bool { return len(d.rest) > 0 }

// entry reads one record. What is malformed is ErrDamaged, though its digest
// was right.
func (d *decoder) entry() (e host.Entry, err error) {
	shared := d.uvarint()
	suffix := d.take(d.uvarint())
	if d.bad || shared > uint64(len(d.path)) {
		return e, fmt.Errorf("%w: malformed path behind %q", ErrDamaged, d.last)
	}
	d.path = append(d.path[:shared], suffix...)
	e.Path = string(d.path)
	d.fields(&e)
	if d.bad || !host.ValidName(e.Path) || d.last != "" && tree.Compare(d.last, e.Path) >= 0 {
		return host.Entry{}, fmt.Errorf("%w: malformed record behind %q", ErrDamaged, d.last)
	}
	d.last = e.Path
	return e, nil
}

func (d *decoder) fields(e *host.Entry) {
	flags := d.uvarint()
	e.Trusted, e.Unstable, e.Complete = flags&flagTrusted != 0, flags&flagUnstable != 0, flags&flagComplete != 0
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
	if flags&flagHashed != 0 {
		e.Digests = d.digests()
	}
	switch {
	case flags&flagPlain != 0:
		e.Attrs = slices.Clip(plainAttrs)
	case flags&flagAttrs != 0:
		e.Attrs = d.attrs()
	}
}

// count takes the number of things that follow, each of which has two bytes or more.
func (d *decoder) count() int {
	n := d.uvarint()
	if n == 0 || n > uint64(len(d.rest)/2) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) digests() []host.Digest {
	n := d.count()
	if cap(d.sums)-len(d.sums) < n {
		d.sums = make([]host.Digest, 0, max(n, 16))
	}
	from := len(d.sums)
	for range n {
		algorithm := d.word()
		sum := host.NewDigest(algorithm, d.take(d.uvarint()))
		if d.bad || sum == (host.Digest{}) {
			d.bad = true
			return nil
		}
		d.sums = append(d.sums, sum)
	}
	return d.sums[from:len(d.sums):len(d.sums)]
}

// word makes one text of a name that comes again and again.
func (d *decoder) word() string {
	b := d.take(d.uvarint())
	if w, ok := d.words[string(b)]; ok {
		return w
	}
	if d.words == nil || len(d.words) > 100 {
		d.words = map[string]string{}
	}
	w := string(b)
	d.words[w] = w
	return w
}

func (d *decoder) attrs() []host.Attr {
	list := make([]host.Attr, d.count())
	for i := range list {
		list[i] = host.Attr{Name: d.word(), Value: string(d.take(d.uvarint()))}
	}
	return list
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
