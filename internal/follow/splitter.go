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
	max        int // bytes of a line that are kept
	buf        []byte
	start, end int
	long       longLine
	window     []byte // the last bytes that were given out
}

// longLine is a line that outgrew the buffer: its front is kept, its size counted.
type longLine struct {
	size   int64 // zero: there is none
	nuls   int64
	text   []byte
	window []byte
}

// newSplitter keeps maxLine bytes of a line and reads block bytes at once; zero
// is blockLen.
func newSplitter(maxLine, block int) *splitter {
	if block == 0 {
		block = max(blockLen, 2*maxLine)
	}
	return &splitter{max: maxLine, buf: make([]byte, block)}
}

// reset forgets what is pending; window holds the bytes before the next one.
func (s *splitter) reset(window []byte) {
	s.start, s.end, s.long, s.window = 0, 0, longLine{}, window
}

// pending is the number of bytes taken in and not given out.
func (s *splitter) pending() int64 { return s.long.size + int64(s.end-s.start) }

// fill reads until the buffer is full or r ends. It makes the lines of the
// last take invalid.
func (s *splitter) fill(r io.Reader) (int, error) {
	copy(s.buf, s.buf[s.start:s.end])
	s.start, s.end = 0, s.end-s.start
	n, err := io.ReadFull(r, s.buf[s.end:])
	s.end += n
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// take appends the complete lines to lines.
func (s *splitter) take(lines []Line) []Line {
	if s.long.size > 0 {
		line, done := s.endLong()
		if !done {
			return lines
		}
		lines = append(lines, line)
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
	s.window = slide(s.window, s.buf[from:s.start])
	if s.start == 0 && s.end == len(s.buf) {
		s.long.window = append([]byte(nil), s.window...)
		s.absorb(s.end)
	}
	return lines
}

// rest gives what is pending as the last line of a closed file.
func (s *splitter) rest(lines []Line) []Line {
	if s.pending() == 0 {
		return lines
	}
	var line Line
	if s.long.size > 0 {
		s.absorb(s.end)
		line = s.finish()
	} else {
		line = s.line(s.buf[s.start:s.end], 0)
		s.window = slide(s.window, s.buf[s.start:s.end])
		s.start = s.end
	}
	line.Partial = true
	return append(lines, line)
}

// line makes a Line of text, which was followed by newline bytes.
func (s *splitter) line(text []byte, newline int) Line {
	l := Line{Size: int64(len(text) + newline)}
	if len(text) > 0 && text[0] == 0 {
		trimmed := bytes.TrimLeft(text, "\x00")
		l.NULs = int64(len(text) - len(trimmed))
		text = trimmed
	}
	if len(text) > s.max {
		text, l.Oversized = text[:s.max], true
	}
	l.Text = text
	return l
}

// endLong looks for the end of the long line in the buffer.
func (s *splitter) endLong() (Line, bool) {
	i := bytes.IndexByte(s.buf[s.start:s.end], '\n')
	if i < 0 {
		s.absorb(s.end)
		return Line{}, false
	}
	s.absorb(s.start + i)
	s.long.size++
	s.long.window = slide(s.long.window, s.buf[s.start:s.start+1])
	s.start++
	return s.finish(), true
}

// absorb moves the buffer up to end into the long line.
func (s *splitter) absorb(end int) {
	chunk := s.buf[s.start:end]
	s.long.size += int64(len(chunk))
	s.long.window = slide(s.long.window, chunk)
	s.start = end
	if len(s.long.text) == 0 {
		trimmed := bytes.TrimLeft(chunk, "\x00")
		s.long.nuls += int64(len(chunk) - len(trimmed))
		chunk = trimmed
	}
	room := s.max + 1 - len(s.long.text) // one more tells that it is cut
	s.long.text = append(s.long.text, chunk[:min(len(chunk), max(room, 0))]...)
}

func (s *splitter) finish() Line {
	l := Line{Text: s.long.text, Size: s.long.size, NULs: s.long.nuls}
	if len(l.Text) > s.max {
		l.Text, l.Oversized = l.Text[:s.max], true
	}
	s.window, s.long = s.long.window, longLine{}
	return l
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
