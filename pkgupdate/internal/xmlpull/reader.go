package xmlpull

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The bounds of a document.
const (
	MaxDepth = 64      // elements in each other
	MaxPiece = 4 << 20 // bytes of a tag, of a comment, or of a text
)

var (
	// ErrSyntax says that a text is not well formed, or has what is not taken here.
	ErrSyntax = errors.New("it is no XML that is read here")
	// ErrTooMuch says that a document is over MaxDepth or MaxPiece.
	ErrTooMuch = errors.New("it is over the bound")
)

// A Reader reads one document.
type Reader struct {
	in    *bufio.Reader
	err   error // ends the reading
	kind  kind  // of what was read last
	tag   bool  // the "<" of a tag was read
	alone bool  // the element that began ends too
	text  []byte
	began []byte // the name of the element that began, without its prefix
	attrs []attr // of it
	open  []byte // names of the open elements, one behind the other
	ends  []int  // of each name in open
	long  []byte // a piece that is longer than the buffer
}

// A kind is what a Reader comes to. Zero is what it passes over, such as a comment.
type kind uint8

const (
	start kind = iota + 1
	end
	text
)

type attr struct{ name, value []byte }

// New reads a document from in.
func New(in io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(in, 64<<10)} }

// Is reports whether the element that began last has a name.
func (r *Reader) Is(name string) bool { return string(r.began) == name }

// Attr gives an attribute of the element that began last, until more is read; nil where
// it has none.
func (r *Reader) Attr(name string) []byte {
	for _, a := range slices.Backward(r.attrs) {
		if string(local(a.name)) == name {
			return a.value
		}
	}
	return nil
}

// Each calls fn at the start of every element in the one that began last, or of the
// document. What fn leaves unread of an element is passed over.
func (r *Reader) Each(fn func() error) error {
	depth := len(r.ends)
	for r.next() && len(r.ends) >= depth {
		if r.kind != start {
			continue
		}
		if err := fn(); err != nil {
			return err
		}
		for len(r.ends) > depth && r.next() {
		}
	}
	return r.err
}

// All calls fn at the start of every element of a name, wherever it is, but not of those
// in each other.
func (r *Reader) All(name string, fn func() error) error {
	return r.Each(func() error {
		if r.Is(name) {
			return fn()
		}
		return r.All(name, fn)
	})
}

// Text reads the element that began last to its end, and gives the text that is in it and
// in no element of its own.
func (r *Reader) Text() string {
	var all []byte
	depth := len(r.ends)
	for r.next() && len(r.ends) >= depth {
		if r.kind != text || len(r.ends) > depth {
			continue
		}
		if all = append(all, r.text...); len(all) > MaxPiece {
			r.err = fmt.Errorf("a text of %d bytes: %w", len(all), ErrTooMuch)
		}
	}
	return string(all)
}

// next reads on to a start, an end or a text; false at the end of the document, or when
// err is set.
func (r *Reader) next() bool {
	if r.alone {
		r.alone, r.kind = false, end
		r.pop()
		return true
	}
	for r.err == nil {
		r.kind = 0
		if !r.tag {
			r.err = r.between()
		} else if r.err = r.markup(); errors.Is(r.err, io.EOF) {
			r.err = io.ErrUnexpectedEOF
		}
		switch {
		case r.err == nil && r.kind != 0:
			return true
		case errors.Is(r.err, io.EOF) && len(r.ends) > 0:
			r.err = io.ErrUnexpectedEOF
		case errors.Is(r.err, io.EOF):
			r.err = nil
			return false
		}
	}
	return false
}

// between reads what is before the next tag.
func (r *Reader) between() error {
	piece, err := r.read('<', func(_, _ []byte) bool { return true })
	if err == nil {
		r.tag, piece = true, piece[:len(piece)-1]
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	decoded, bad := decode(piece, inText)
	if bad != nil {
		return bad
	}
	if len(piece) > 0 {
		r.kind, r.text = text, decoded
	}
	return err
}

// read reads up to and with the first stop at which a piece is whole, which is told of
// each part that is added. Beside an error it is what there was.
func (r *Reader) read(stop byte, whole func(piece, part []byte) bool) ([]byte, error) {
	r.long = r.long[:0]
	for {
		part, err := r.in.ReadSlice(stop)
		piece := part
		if len(r.long) > 0 {
			r.long = append(r.long, part...)
			piece = r.long
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return piece, err
		}
		done := whole(piece, part)
		switch {
		case len(piece) > MaxPiece:
			return nil, fmt.Errorf("a tag or a text of more than %d bytes: %w", MaxPiece, ErrTooMuch)
		case err == nil && done:
			return piece, nil
		case len(r.long) == 0:
			r.long = append(r.long, part...)
		}
	}
}
