// Package unpack opens what follow does not know by itself: rotated logs in xz,
// lzma and zstd.
//
//	f := follow.File{Host: h, Path: "/var/log/syslog", Openers: unpack.Openers()}
//
// What an archive asks for is bounded: one whose dictionary or window is beyond
// what the stock tools use by their strongest level is refused, and how much it
// may unpack to is follow's to say.
package unpack

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// maxWindow is what xz -9 and zstd --ultra -22 ask for, and no more.
const maxWindow = 128 << 20

// errWindow refuses an archive that would take too much memory.
var errWindow = errors.New("the archive asks for more memory than any tool makes it need")

// Openers are the openers by the suffixes of archives, for follow.File.
func Openers() map[string]func(io.Reader) (io.Reader, error) {
	return map[string]func(io.Reader) (io.Reader, error){".xz": openXZ, ".lzma": openLZMA, ".zst": openZstd}
}

// openZstd unpacks without goroutines of its own, so that nothing is to be closed.
func openZstd(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
}

func openLZMA(r io.Reader) (io.Reader, error) {
	return lzma.ReaderConfig{DictCap: maxWindow}.NewReader(r)
}

func openXZ(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	if size, err := dictionary(in); err != nil || size > maxWindow {
		return nil, errors.Join(err, tooMuch(size))
	}
	return xz.NewReader(in)
}

func tooMuch(size uint64) error {
	if size > maxWindow {
		return fmt.Errorf("%w: %d bytes", errWindow, size)
	}
	return nil
}

// dictionary reads in the header of the first block, the form of which is
// section 3.1 of the file format of xz, how large a dictionary it wants: zero
// where there is no block, or none of the only filter for text.
func dictionary(in *bufio.Reader) (uint64, error) {
	const header = 12 // of the stream
	front, err := in.Peek(header + 1)
	if len(front) <= header || front[header] == 0 { // too short, or no block
		if err == io.EOF {
			err = nil
		}
		return 0, err
	}
	front, err = in.Peek(header + (int(front[header])+1)*4)
	if err != nil {
		return 0, fmt.Errorf("the archive ends in its header: %w", io.ErrUnexpectedEOF)
	}
	block := front[header+1:]
	flags, rest := block[0], block[1:]
	for bit := byte(0x40); bit != 0; bit <<= 1 { // the sizes, where they are given
		if flags&bit != 0 {
			rest = behindNumber(rest)
		}
	}
	for range flags&3 + 1 { // filters: an id, the length of what they want, and that
		id, n := binary.Uvarint(rest)
		rest = rest[max(n, 0):]
		size, n := binary.Uvarint(rest)
		rest = rest[max(n, 0):]
		if size > uint64(len(rest)) {
			return 0, nil
		}
		if id == 0x21 && size == 1 && rest[0] <= 40 {
			return (2 | uint64(rest[0])&1) << (rest[0]/2 + 11), nil
		}
		rest = rest[size:]
	}
	return 0, nil
}

func behindNumber(b []byte) []byte {
	_, n := binary.Uvarint(b)
	return b[max(n, 0):]
}
