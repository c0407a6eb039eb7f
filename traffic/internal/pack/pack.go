// Package pack writes numbers and texts one behind the other, packed by flate, and
// reads them again whatever became of them.
//
// A column of numbers is written by their lowest bytes, then the next, up to the last
// that any of them has: bytes that are alike stand together, and take next to no
// room.
package pack

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// A Writer holds what was written. The zero Writer is empty.
type Writer struct{ out []byte }

// Number writes a number, in fewer bytes the smaller it is.
func (w *Writer) Number(v uint64) { w.out = binary.AppendUvarint(w.out, v) }

// Signed writes a number that may be negative.
func (w *Writer) Signed(v int64) { w.out = binary.AppendVarint(w.out, v) }

// Text writes any bytes.
func (w *Writer) Text(text []byte) {
	w.Number(uint64(len(text)))
	w.out = append(w.out, text...)
}

// Column writes numbers; how many there are is known to who reads them.
func (w *Writer) Column(column []uint64) {
	var all uint64
	for _, v := range column {
		all |= v
	}
	width := max(8, bits.Len64(all)+7) / 8
	w.out = append(w.out, byte(width))
	for shift := 0; shift < 8*width; shift += 8 {
		for _, v := range column {
			w.out = append(w.out, byte(v>>shift))
		}
	}
}

// Packed gives all that was written.
func (w *Writer) Packed() ([]byte, error) {
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(w.out)
	err = cmp.Or(err, z.Close())
	return packed.Bytes(), err
}

// A Reader reads what a Writer wrote, in the same order. What is not there is read as
// nothing, and Whole tells of it in the end.
type Reader struct {
	data []byte
	bad  bool
}

// Unpack gives the Reader of what Packed gave, which is at most so long.
func Unpack(packed []byte, most int64) (*Reader, error) {
	in := bytes.NewReader(packed)
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(in), most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("unpack: %w", err)
	case int64(len(data)) > most:
		return nil, fmt.Errorf("unpack: it is more than %d bytes", most)
	case in.Len() > 0:
		return nil, errors.New("unpack: something stands behind its end")
	}
	return &Reader{data: data}, nil
}

// Bad reports whether something was missing so far.
func (r *Reader) Bad() bool { return r.bad }

// Whole reports whether nothing was missing, and nothing is left.
func (r *Reader) Whole() bool { return !r.bad && len(r.data) == 0 }

// take gives the next n bytes.
func (r *Reader) take(n int) []byte {
	if r.bad = r.bad || n <= 0 || n > len(r.data); r.bad {
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

// Number reads a number.
func (r *Reader) Number() uint64 {
	v, n := binary.Uvarint(r.data)
	r.take(n)
	return v
}

// Signed reads a number that may be negative.
func (r *Reader) Signed() int64 {
	v, n := binary.Varint(r.data)
	r.take(n)
	return v
}

// Text reads bytes, which are valid for ever.
func (r *Reader) Text() []byte {
	n := r.Number()
	if n == 0 {
		return nil
	}
	return r.take(int(min(n, 1<<62)))
}

// Column reads n numbers.
func (r *Reader) Column(n uint64) []uint64 {
	width := r.take(1)
	if r.bad || width[0] < 1 || width[0] > 8 || n > uint64(len(r.data))/uint64(width[0]) {
		r.bad = true
		return nil
	}
	out := make([]uint64, n)
	for shift := range int(width[0]) {
		for i, b := range r.data[:n] {
			out[i] |= uint64(b) << (8 * shift)
		}
		r.data = r.data[n:]
	}
	return out
}
