package traffic

import (
	"bytes"
	"context"
	"io"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

const (
	blockSize  = 256 << 10
	maxLine    = 64 << 10 // bytes of a line that are kept
	maxWorkers = 8
)

// A block is a run of lines, and what was read from them. Its memory is used
// again once the Analyzer is done with it.
type block struct {
	data  []byte
	lines []byte // the part of data that has them
	gone  int64  // bytes of the first line that are no longer at hand
	first uint64 // the number of the first line, from one
	err   error  // behind the last line

	front, back place
	record      logstream.Record
	records     []logstream.Record // where the Analyzer is not divided
	numbers     []uint64           // of their lines
	reading     Reading            // where it is
	noted       any
	done        chan any // the fault of who read it, or nil
}

// A place is all that the reading of a line depends on but the line.
type place struct {
	parser  syslog.Parser
	last    []byte // the line before: a repeat line means it
	heading []byte // the last line that said what stands in the others
}

func (p *place) same(o *place) bool {
	return p.parser.Last.Equal(o.parser.Last) && bytes.Equal(p.last, o.last) && bytes.Equal(p.heading, o.heading)
}

// read reads the lines from front on.
func (b *block) read(part Part) {
	b.back, b.records, b.reading = b.front, b.records[:0], Reading{}
	b.numbers = b.numbers[:0]
	tellHeading(part, b.front.heading)
	buf, gone := b.lines, b.gone
	for number := b.first; len(buf) > 0; number++ {
		line, width := buf, len(buf)
		if i := bytes.IndexByte(buf, '\n'); i >= 0 {
			line, width = buf[:i], i+1
		}
		b.line(part, line, gone+int64(width), number)
		buf, gone = buf[width:], 0
	}
	b.back.last, b.back.heading = bytes.Clone(b.back.last), bytes.Clone(b.back.heading) // the memory is used again
	if part != nil {
		b.noted = part.Noted()
	}
}

func (b *block) line(part Part, line []byte, size int64, number uint64) {
	cutOff := len(line) > maxLine || size > int64(len(line)+1)
	line = line[:min(len(line), maxLine)]
	if blank(line) {
		return
	}
	if isHeading(line) {
		b.back.heading = line
	}
	if raw, ok := part.(RawPart); ok && raw.AddRaw(line) {
		b.back.last = line
		b.reading.Lines++
		return
	}
	rec := &b.record
	b.back.parser.ParseInto(&rec.Header, line)
	rec.Raw, rec.Size, rec.Oversized = line, size, cutOff
	if rec.Mark || rec.Repeat && b.back.last == nil {
		return
	}
	if rec.Repeated = rec.Repeat; rec.Repeated {
		var p syslog.Parser
		meant := p.Parse(b.back.last)
		meant.Time, meant.Events = rec.Time, rec.Events
		rec.Header = meant
	} else {
		b.back.last = line
	}
	if rec.At = rec.Time; rec.At.IsZero() {
		rec.At = b.back.parser.Last
	}
	if part != nil {
		b.reading.add(part, rec, number)
	} else {
		b.records, b.numbers = append(b.records, *rec), append(b.numbers, number)
	}
}

func blank(line []byte) bool {
	return len(line) == 0 || line[0] <= ' ' && len(bytes.TrimSpace(line)) == 0
}

// A cutter makes blocks of a file, which are read before it is known what stands
// in those before: what their first line depends on is guessed from a few lines.
// Who joins them knows, and reads a block anew where the guess was wrong.
type cutter struct {
	waiting, ordered, free chan *block
	place                  place  // as guessed
	rest                   []byte // a line whose end was not read yet, its first bytes
	gone                   int64  // bytes of it that are not in rest
	number                 uint64 // of lines that were cut
}

// run makes blocks until the end of r.
func (c *cutter) run(ctx context.Context, r io.Reader) {
	defer close(c.waiting)
	defer close(c.ordered)
	for err := error(nil); err == nil; {
		b := c.block()
		err = c.fill(b, r)
		b.front = c.place
		c.guess(b.lines)
		for _, to := range []chan *block{c.waiting, c.ordered} {
			select {
			case to <- b:
			case <-ctx.Done():
				return
			}
		}
	}
}

// block gives memory for a block and a line that was begun.
func (c *cutter) block() *block {
	select {
	case b := <-c.free:
		return b
	default:
		return &block{data: make([]byte, blockSize+maxLine), done: make(chan any, 1)}
	}
}

// fill reads whole lines, and gives the error of the reader.
func (c *cutter) fill(b *block, r io.Reader) error {
	for {
		front := copy(b.data, c.rest)
		n, err := readFull(r, b.data[front:])
		buf := b.data[:front+n]
		cut := bytes.LastIndexByte(buf, '\n') + 1
		if err != nil {
			cut = len(buf)
		}
		if cut == 0 && err == nil {
			c.begin(buf, c.gone)
			continue
		}
		b.lines, b.gone, b.first = buf[:cut], c.gone, c.number+1
		c.number += uint64(bytes.Count(b.lines, []byte("\n")))
		c.begin(buf[cut:], 0)
		if b.err = err; err == io.EOF {
			b.err = nil
		}
		return err
	}
}

func (c *cutter) begin(line []byte, gone int64) {
	kept := min(len(line), maxLine)
	c.rest, c.gone = append(c.rest[:0], line[:kept]...), gone+int64(len(line)-kept)
}

// readFull is io.ReadFull, but leaves the end of an archive that is cut off,
// which is io.ErrUnexpectedEOF, an error.
func readFull(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var more int
		more, err = r.Read(buf[n:])
		n += more
	}
	return n, err
}

// guess moves the place behind lines by the last few of them, and the last heading.
func (c *cutter) guess(lines []byte) {
	from := len(lines)
	for range 4 {
		from = bytes.LastIndexByte(lines[:max(from-1, 0)], '\n') + 1
	}
	b := block{lines: lines[from:], front: c.place}
	b.read(nil)
	c.place = b.back
	if line := lastHeading(lines); line != nil {
		c.place.heading = bytes.Clone(line)
	}
}

func (c *cutter) work(part Part) {
	for b := range c.waiting {
		b.done <- b.try(part)
	}
}

// try gives what a part panics with, for whoever guards the caller.
func (b *block) try(part Part) (fault any) {
	defer func() { fault = recover() }()
	b.read(part)
	return nil
}

// join gives the Analyzer what was read, in the order of the file.
func (c *cutter) join(ctx context.Context, parser syslog.Parser, a Analyzer) (reading Reading, err error) {
	again, at := partOf(a), place{parser: parser}
	for {
		select {
		case <-ctx.Done():
			return reading, ctx.Err()
		case b := <-c.ordered:
			if b == nil {
				return reading, nil
			}
			if fault := <-b.done; fault != nil {
				panic(fault)
			}
			if !b.front.same(&at) {
				b.front = at
				b.read(again)
			}
			at = b.back
			if d, ok := a.(Divided); ok {
				d.Join(b.noted)
			}
			for i := range b.records {
				reading.add(a, &b.records[i], b.numbers[i])
			}
			reading.merge(&b.reading)
			if b.err != nil {
				return reading, b.err
			}
			c.free <- b
		}
	}
}
