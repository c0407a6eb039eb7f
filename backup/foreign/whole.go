package foreign

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strings"
)

// A check reads a file of size bytes through. The error is a spoiled when the
// content proves that it is not whole, else that of reading.
type check func(r io.ReaderAt, size int64) error

// A spoiled says why a content is not whole.
type spoiled string

func (s spoiled) Error() string { return string(s) }

const cutOff = spoiled("it ends in the middle")

// proven gives err as what the content proves, and what reading it has failed
// with as it is.
func proven(err error, r *source) error {
	switch {
	case err == nil, r.err != nil && !errors.Is(r.err, io.EOF):
		return r.err2(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutOff
	}
	var known spoiled
	if errors.As(err, &known) {
		return known
	}
	return spoiled(err.Error())
}

// A source reads a file from its begin, and remembers how reading failed.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

func (s *source) err2(err error) error {
	if err == nil {
		return nil
	}
	return s.err
}

func from(r io.ReaderAt, size int64) *source { return &source{r: io.NewSectionReader(r, 0, size)} }

// named checks a file that is named by its digest, or whose digest stands elsewhere.
func named(sum hash.Hash, want string) check {
	return func(r io.ReaderAt, size int64) error {
		sum.Reset()
		if _, err := io.Copy(sum, from(r, size)); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != strings.ToLower(want) {
			return spoiled("its content does not fit its digest")
		}
		return nil
	}
}

// content checks an archive or a dump by what it begins with. name is only asked
// for what a compressed file should be.
func content(name string) check {
	return func(r io.ReaderAt, size int64) error {
		if size == 0 {
			return spoiled("it is empty")
		}
		head := make([]byte, 512)
		n, err := r.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		head = head[:n]
		for _, f := range contents {
			if bytes.HasPrefix(head[min(f.at, n):], []byte(f.magic)) {
				return f.whole(r, size)
			}
		}
		for _, ext := range []string{".gz", ".tgz", ".bz2", ".tbz2", ".zip", ".xz", ".txz", ".tar", ".zst", ".sqlite", ".sqlite3"} {
			if strings.HasSuffix(name, ext) {
				return spoiled("it does not begin as a file of its name does")
			}
		}
		src := from(r, size)
		return proven(text(src), src)
	}
}

// contents are the formats by what stands at an offset.
var contents = []struct {
	at    int
	magic string
	whole check
}{
	{0, "\x1f\x8b", wholeGzip},
	{0, "BZh", wholeBzip2},
	{0, "PK\x03\x04", wholeZip},
	{0, "\xfd7zXZ\x00", wholeXZ},
	{0, "\x28\xb5\x2f\xfd", wholeZstd},
	{0, "PGDMP", wholeCustom},
	{0, "SQLite format 3\x00", wholeSQLite},
	{257, "ustar", wholeTar},
}

func wholeGzip(r io.ReaderAt, size int64) error {
	src := from(r, size)
	z, err := gzip.NewReader(src)
	if err == nil {
		err = inside(z)
	}
	return proven(err, src)
}

func wholeBzip2(r io.ReaderAt, size int64) error {
	src := from(r, size)
	return proven(inside(bzip2.NewReader(src)), src)
}

// inside reads what was compressed: a tar archive or a text.
func inside(r io.Reader) error {
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && (n == 0 || !errors.Is(err, io.ErrUnexpectedEOF)) {
		return err
	}
	all := io.MultiReader(bytes.NewReader(head[:n]), r)
	if n == len(head) && bytes.HasPrefix(head[257:], []byte("ustar")) {
		return archive(all)
	}
	return text(all)
}

func wholeTar(r io.ReaderAt, size int64) error {
	src := from(r, size)
	return proven(archive(src), src)
}

// archive reads a tar to its end, which is a block of zeros.
func archive(r io.Reader) error {
	end := &tail{}
	t := tar.NewReader(io.TeeReader(r, end))
	for {
		_, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, t); err != nil {
			return err
		}
	}
	if _, err := io.Copy(end, r); err != nil {
		return err
	}
	if last := end.last(512); len(last) < 512 || strings.Trim(string(last), "\x00") != "" {
		return cutOff
	}
	return nil
}

// text reads a dump of a database to its end, which says that it is the end.
func text(r io.Reader) error {
	head, end := &head{}, &tail{}
	if _, err := io.Copy(io.MultiWriter(head, end), r); err != nil {
		return err
	}
	last := string(end.last(tailSize))
	for _, d := range []struct{ begin, end string }{
		{"-- MySQL dump", "-- Dump completed"},
		{"-- MariaDB dump", "-- Dump completed"},
		{"-- PostgreSQL database dump", "-- PostgreSQL database dump complete"},
		{"-- PostgreSQL database cluster dump", "-- PostgreSQL database cluster dump complete"},
	} {
		if strings.Contains(string(head.kept), d.begin) && !strings.Contains(last, d.end) {
			return cutOff
		}
	}
	if strings.Contains(string(head.kept), "BEGIN TRANSACTION;") && strings.HasPrefix(string(head.kept), "PRAGMA foreign_keys=") && !strings.Contains(last, "COMMIT;") {
		return cutOff
	}
	return nil
}

const tailSize = 1 << 10

// A head keeps the first bytes.
type head struct{ kept []byte }

func (h *head) Write(b []byte) (int, error) {
	h.kept = append(h.kept, b[:min(len(b), 4*tailSize-len(h.kept))]...)
	return len(b), nil
}

// A tail keeps the last bytes.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b[max(0, len(b)-tailSize):]...)
	t.kept = t.kept[max(0, len(t.kept)-tailSize):]
	return len(b), nil
}

func (t *tail) last(n int) []byte { return t.kept[max(0, len(t.kept)-n):] }

// wholeZip reads every member, each of which has a checksum.
func wholeZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return spoiled(err.Error())
	}
	for _, f := range z.File {
		m, err := f.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, m)
			m.Close()
		}
		if err != nil && !errors.Is(err, zip.ErrAlgorithm) {
			return spoiled(fmt.Sprintf("%.80q: %v", f.Name, err))
		}
	}
	return nil
}

// wholeXZ compares the footer of xz with its checksum; the blocks are not unpacked.
func wholeXZ(r io.ReaderAt, size int64) error {
	var foot [12]byte
	if size < 24 {
		return cutOff
	}
	if _, err := r.ReadAt(foot[:], size&^3-12); err != nil {
		return err
	}
	if size%4 != 0 || string(foot[10:]) != "YZ" || crc32.ChecksumIEEE(foot[4:10]) != binary.LittleEndian.Uint32(foot[:]) {
		return cutOff
	}
	return nil
}

// wholeSQLite compares the length with the count of pages in the header.
func wholeSQLite(r io.ReaderAt, size int64) error {
	var h [100]byte
	if size < int64(len(h)) {
		return cutOff
	}
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return err
	}
	page := int64(binary.BigEndian.Uint16(h[16:]))
	if page == 1 {
		page = 1 << 16
	}
	pages := int64(binary.BigEndian.Uint32(h[28:]))
	if counted := binary.BigEndian.Uint32(h[24:]) == binary.BigEndian.Uint32(h[92:]); page < 512 || counted && size < page*pages {
		return cutOff
	}
	return nil
}

// wholeZstd goes from block to block of each frame; nothing is unpacked.
func wholeZstd(r io.ReaderAt, size int64) error {
	at := int64(0)
	for at < size {
		next, err := frame(r, at)
		if err != nil || next > size {
			return errors.Join(err, cutOff)
		}
		at = next
	}
	return nil
}

// frame gives where a frame of zstd ends (RFC 8878, 3.1).
func frame(r io.ReaderAt, at int64) (end int64, err error) {
	var b [8]byte
	if _, err := r.ReadAt(b[:], at); err != nil {
		return 0, notEOF(err)
	}
	magic := binary.LittleEndian.Uint32(b[:])
	if magic&^0xf == 0x184d2a50 { // to be skipped
		return at + 8 + int64(binary.LittleEndian.Uint32(b[4:])), nil
	}
	if magic != 0xfd2fb528 {
		return 0, spoiled("a frame does not begin where one must")
	}
	d := b[4]
	single := d >> 5 & 1
	at += 5 + int64(1-single) + int64([]byte{0, 1, 2, 4}[d&3]) + int64([]byte{single, 2, 4, 8}[d>>6])
	for last := false; !last; {
		var h [3]byte
		if _, err := r.ReadAt(h[:], at); err != nil {
			return 0, notEOF(err)
		}
		n := int64(h[0]) | int64(h[1])<<8 | int64(h[2])<<16
		last = n&1 == 1
		length := n >> 3
		if n>>1&3 == 1 {
			length = 1
		}
		at += 3 + length
	}
	return at + int64(d>>2&1)*4, nil
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return cutOff
	}
	return err
}
