package foreign

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// wholeCustom reads a dump in the custom format of pg_dump to its end: the table
// of contents, then the data of each entry, which zlib has checked where it is
// compressed by that. The form is that of pg_backup_archiver.c, versions 1.12 to
// 1.16; of others nobody knows.
func wholeCustom(r io.ReaderAt, size int64) error {
	src := from(r, size)
	c := &custom{in: bufio.NewReaderSize(src, 64<<10)}
	if err := c.toc(); err != nil {
		return proven(err, src)
	}
	if c.unknown {
		return nil
	}
	return proven(c.data(), src)
}

type custom struct {
	in      *bufio.Reader
	version int // 100*major+minor
	intSize int
	offSize int
	zlib    bool
	unknown bool
	err     error
}

func (c *custom) byte() byte {
	if c.err != nil {
		return 0
	}
	var b byte
	b, c.err = c.in.ReadByte()
	if errors.Is(c.err, io.EOF) {
		c.err = io.ErrUnexpectedEOF
	}
	return b
}

// int reads a number: a byte for its sign, then its bytes, lowest first.
func (c *custom) int() int64 {
	negative, n := c.byte() != 0, int64(0)
	for i := range c.intSize {
		n |= int64(c.byte()) << (8 * i)
	}
	if negative {
		return -n
	}
	return n
}

const maxString = 64 << 20

// skip passes a string; it is false for one that is not there.
func (c *custom) skip() bool {
	n := c.int()
	if c.err == nil && n > maxString {
		c.err = fmt.Errorf("a text of %d bytes", n)
	}
	if n > 0 {
		c.pass(n)
	}
	return n >= 0 && c.err == nil
}

func (c *custom) pass(n int64) {
	if c.err == nil {
		if _, c.err = io.CopyN(io.Discard, c.in, n); errors.Is(c.err, io.EOF) {
			c.err = io.ErrUnexpectedEOF
		}
	}
}

func (c *custom) toc() error {
	c.pass(int64(len("PGDMP")))
	c.version = 100*int(c.byte()) + int(c.byte())
	c.byte() // revision
	c.intSize, c.offSize = int(c.byte()), int(c.byte())
	format := c.byte()
	if c.err == nil && (c.version < 112 || c.version > 116 || c.intSize != 4 || c.offSize > 8 || format != 1) {
		c.unknown = true
		return nil
	}
	if c.version >= 115 {
		c.zlib = c.byte() == 1
	} else {
		c.zlib = c.int() != 0
	}
	for range 7 { // the date
		c.int()
	}
	for range 3 { // names of the database and of versions
		c.skip()
	}
	for n := c.int(); n > 0 && c.err == nil; n-- {
		c.entry()
	}
	return c.err
}

// entry passes an entry of the table of contents.
func (c *custom) entry() {
	c.int() // number
	c.int() // has data
	for range 4 {
		c.skip() // oids, tag, kind
	}
	c.int() // section
	texts := 5
	if c.version >= 114 {
		texts++ // access method
	}
	for range texts {
		c.skip()
	}
	if c.version >= 116 {
		c.int() // kind of relation
	}
	c.skip() // owner
	c.skip() // with oids
	for c.skip() {
		continue // what it depends on
	}
	c.pass(1 + int64(c.offSize))
}

// data reads the blocks behind the table of contents.
func (c *custom) data() error {
	for {
		kind, err := c.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c.int() // number of the entry
		switch kind {
		case 1:
			c.chunks()
		case 3: // large objects, each with its oid, and none at the end
			for c.int() != 0 && c.err == nil {
				c.chunks()
			}
		default:
			c.err = errors.Join(c.err, fmt.Errorf("a block of kind %d", kind))
		}
		if c.err != nil {
			return c.err
		}
	}
}

// chunks reads the data of one entry.
func (c *custom) chunks() {
	in := &chunked{c: c}
	if c.zlib {
		z, err := zlib.NewReader(in)
		if err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		if err != nil && !(errors.Is(err, io.EOF) && in.total == 0) {
			c.err = errors.Join(c.err, err)
			return
		}
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		c.err = errors.Join(c.err, err)
	}
}

// chunked joins chunks, each with its length before it, up to one of none.
type chunked struct {
	c     *custom
	left  int64
	total int64
	ended bool
}

func (d *chunked) Read(p []byte) (int, error) {
	if d.left == 0 && !d.ended {
		d.left = d.c.int()
		d.ended = d.left == 0
	}
	switch {
	case d.c.err != nil:
		return 0, d.c.err
	case d.ended:
		return 0, io.EOF
	case d.left < 0:
		return 0, errors.New("a chunk of less than nothing")
	}
	n, err := d.c.in.Read(p[:min(int64(len(p)), d.left)])
	d.left, d.total = d.left-int64(n), d.total+int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
		d.c.err = err
	}
	return n, err
}
