package follow

import (
	"bytes"
	"io"
)

// blockLen is how much is read at once, and so how long a batch can be.
const blockLen = 1 << 20

// splitter cuts a stream into lines within bounded memory. What it holds and
// has not given out is pending: it is not consumed.
type splitter struct {
	max, block int // bytes of a line that are kept; bytes read at once
	buf        []byte
	start, end int
	window     []byte // the last bytes that were given out
	hole       int64  // bytes that the file does not have
}

// newSplitter keeps maxLine bytes of a line and reads block bytes at once; zero
// is blockLen.
func newSplitter(maxLine, block int) *splitter {
	if block <= 0 {
		block = blockLen
	}
	return &splitter{max: maxLine, block: block, buf: make([]byte, maxLine+block)}
}

// reset forgets what is pending; window holds the bytes before the next one.
func (s *splitter) reset(window []byte) {
	s.start, s.end, s.window, s.hole = 0, 0, window, 0
}

// pending is the number of bytes taken in and not given out.
func (s *splitter) pending() int64 { return int64(s.end-s.start) + s.hole }

// skip takes a hole of n bytes instead of reading it; nothing else is pending.
func (s *splitter) skip(n int64) { s.hole = n }

// fill reads a block, or what there is until r ends. It makes the lines of the
// last take invalid.
func (s *splitter) fill(r io.Reader) (int, error) {
	copy(s.buf, s.buf[s.start:s.end])
	s.start, s.end = 0, s.end-s.start
	n, err := io.ReadFull(r, s.buf[s.end:s.end+s.block])
	s.end += n
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// take appends the complete lines to lines, and what is too long to wait for
// its end: at most max bytes stay pending.
func (s *splitter) take(lines []Line) []Line {
	if n := s.hole; n > 0 {
		s.hole, s.window = 0, slide(s.window, make([]byte, min(n, tailLen)))
		return append(lines, Line{Size: n, NULs: n, Partial: true})
	}
	from := s.start
	for {
		i := bytes.IndexByte(s.buf[s.start:s.end], '\n')
		if i < 0 {
			break
		}
		lines = append(lines, s.line(s.buf[s.start:s.start+i], 1))
		s.start += i + 1
	}
	for s.end-s.start > s.max {
		lines = append(lines, s.piece())
	}
	s.window = slide(s.window, s.buf[from:s.start])
	return lines
}

// piece gives the front of a line that is too long: the NULs that it begins
// with, as a hole in a file has them by the gigabyte, or all that there is of it.
func (s *splitter) piece() Line {
	text := s.buf[s.start:s.end]
	if n := leadingNULs(text); n > 0 {
		text = text[:n]
	}
	s.start += len(text)
	l := s.line(text, 0)
	l.Partial = true
	return l
}

// rest gives what is pending as the last line of a closed file.
func (s *splitter) rest(lines []Line) []Line {
	if s.pending() == 0 {
		return lines
	}
	line := s.line(s.buf[s.start:s.end], 0)
	line.Partial = true
	s.window = slide(s.window, s.buf[s.start:s.end])
	s.start = s.end
	return append(lines, line)
}

// line makes a Line of text, which was followed by newline bytes.
func (s *splitter) line(text []byte, newline int) Line {
	l := Line{Size: int64(len(text) + newline)}
	if len(text) > 0 && text[0] == 0 {
		n := leadingNULs(text)
		l.NULs, text = int64(n), text[n:]
	}
	if len(text) > s.max {
		text, l.Oversized = text[:s.max], true
	}
	l.Text = text
	return l
}

var zeros [4096]byte

// leadingNULs counts them at the speed at which memory is compared: a hole has
// gigabytes of them.
func leadingNULs(b []byte) int {
	n := 0
	for len(b)-n >= len(zeros) && bytes.Equal(b[n:n+len(zeros)], zeros[:]) {
		n += len(zeros)
	}
	for n < len(b) && b[n] == 0 {
		n++
	}
	return n
}

// slide appends b to the window and keeps its last bytes.
func slide(window, b []byte) []byte {
	if len(b) >= tailLen {
		return append(window[:0], b[len(b)-tailLen:]...)
	}
	window = append(window, b...)
	if extra := len(window) - tailLen; extra > 0 {
		window = window[:copy(window, window[extra:])]
	}
	return window
}
