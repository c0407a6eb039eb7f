package follow

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pugetsoundtech/upkeep/host"
)

// source is one generation that is open for reading.
type source struct {
	path  string
	stat  host.Stat
	file  host.File
	head  []byte    // its first bytes, decompressed
	again []byte    // what they are now
	r     io.Reader // from pos
	pos   int64     // decompressed bytes
	in    *meter    // of an archive: its packed bytes; nil for a plain file
	note  error     // why an archive ended early
}

var (
	errChanged = errors.New("file was replaced while it was opened")
	errTooBig  = errors.New("archive unpacks to more than the limits allow")
)

// meter counts what is read of an archive, and keeps a true read error apart
// from a corrupt archive.
type meter struct {
	r   io.Reader
	n   int64
	err error
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

// openCurrent opens the followed file itself, and refuses links.
func (f *File) openCurrent(ctx context.Context) (*source, error) {
	st, err := f.Host.Lstat(ctx, f.Path)
	if err != nil {
		return nil, err
	}
	if !st.IsRegular() {
		return nil, fmt.Errorf("follow %s: %w", f.Path, host.ErrNotRegular)
	}
	return f.open(ctx, f.Path, st, "")
}

// open opens one generation, and makes sure that it is the one that was listed.
func (f *File) open(ctx context.Context, name string, listed host.Stat, pack string) (*source, error) {
	file, err := f.Host.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	s := &source{path: name, file: file}
	if s.stat, err = file.Stat(); err == nil {
		if same, known := host.SameFile(s.stat, listed); known && !same {
			err = fmt.Errorf("follow %s: %w", name, errChanged)
		}
	}
	if err == nil {
		err = f.begin(s, pack)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// begin reads the head.
func (f *File) begin(s *source, pack string) error {
	if pack == "" {
		s.r = io.NewSectionReader(s.file, 0, s.stat.Size)
		s.head = make([]byte, min(headLen, s.stat.Size))
		n, err := s.file.ReadAt(s.head, 0)
		s.head = s.head[:n]
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		return nil
	}
	s.in = &meter{r: s.file}
	unpacked, err := f.unpack(s.in, pack)
	if err != nil {
		if s.in.err != nil || errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		s.note, unpacked = err, bytes.NewReader(nil)
	}
	s.r = &bounded{r: unpacked, f: f, s: s}
	s.head = make([]byte, headLen)
	n, err := io.ReadFull(s.r, s.head)
	s.head = s.head[:n]
	s.r = io.MultiReader(bytes.NewReader(s.head), s.r)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return err
}

func (f *File) unpack(r io.Reader, pack string) (io.Reader, error) {
	if open, ok := f.Openers[pack]; ok {
		return open(r)
	}
	switch pack {
	case ".gz":
		return gzip.NewReader(r)
	case ".bz2":
		return bzip2.NewReader(r), nil
	}
	return nil, fmt.Errorf("archive %s: %w", pack, errors.ErrUnsupported)
}

// bounded ends an archive that is corrupt or exceeds the limits, and keeps the
// reason in its source; only a true read error comes out of it.
type bounded struct {
	r   io.Reader
	f   *File
	s   *source
	out int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.s.note != nil {
		return 0, io.EOF
	}
	n, err := b.r.Read(p)
	b.out += int64(n)
	switch {
	case err == nil && (b.out > b.f.maxUnpacked() || b.out > ratioFrom && b.out/(b.s.in.n+1) > maxRatio):
		b.s.note, err = errTooBig, io.EOF
	case err != nil && err != io.EOF && b.s.in.err == nil:
		b.s.note, err = err, io.EOF
	}
	return n, err
}

// A text log packs to a tenth or, when it says the same all day, a hundredth.
const (
	ratioFrom = 64 << 20
	maxRatio  = 300
)

// seek moves to offset and returns the bytes just before it: false when the
// file ends before that.
func (s *source) seek(ctx context.Context, offset int64) ([]byte, bool, error) {
	n := min(offset, tailLen)
	window := make([]byte, n)
	if s.in == nil {
		if offset > s.stat.Size {
			return nil, false, nil
		}
		if read, err := s.file.ReadAt(window, offset-n); read < len(window) {
			return nil, false, notEOF(err)
		}
		s.from(offset)
		return window, true, nil
	}
	if _, err := discard(ctx, s.r, offset-n-s.pos); err != nil {
		return nil, false, notEOF(err)
	}
	if _, err := io.ReadFull(s.r, window); err != nil {
		return nil, false, notEOF(err)
	}
	s.pos = offset
	return window, true, nil
}

// discard reads n bytes, of an archive that may be made to have very many.
func discard(ctx context.Context, r io.Reader, n int64) (done int64, err error) {
	for done < n && err == nil {
		if err = ctx.Err(); err == nil {
			var m int64
			m, err = io.CopyN(io.Discard, r, min(n-done, blockLen))
			done += m
		}
	}
	return done, err
}

// from goes on at an offset of a plain file.
func (s *source) from(offset int64) {
	s.r = io.NewSectionReader(s.file, offset, s.stat.Size-offset)
	s.pos = offset
}

// leastHole is from how many bytes on a hole is skipped and not read.
const leastHole = 1 << 20

// hole gives how many bytes from here on the file does not have; zero where they
// are few, or that is not known. The last ones of the file are left, as what is
// written next may stand there.
func (s *source) hole() int64 {
	sparse, ok := s.file.(host.Sparse)
	if !ok || s.in != nil {
		return 0
	}
	n := min(sparse.NextData(s.pos), s.stat.Size) - s.pos
	if s.pos+n == s.stat.Size {
		n -= n % leastHole
	}
	if n < leastHole {
		return 0
	}
	return n
}

// holds reports whether the checkpoint lies in this file; if so, the source
// stands at its offset and window holds the bytes before.
func (s *source) holds(ctx context.Context, c Checkpoint) (window []byte, ok bool, err error) {
	if !c.Head.startsWith(s.head) {
		return nil, false, nil
	}
	return s.reaches(ctx, c)
}

// reaches is holds whatever the file begins with.
func (s *source) reaches(ctx context.Context, c Checkpoint) (window []byte, ok bool, err error) {
	window, ok, err = s.seek(ctx, c.Offset)
	if !ok || err != nil || tailProof(window) != c.Tail {
		return nil, false, err
	}
	return window, true, nil
}

// intact reports whether the file still begins as it did: it was not truncated
// and written anew while it was read.
func (s *source) intact() bool {
	if s.in != nil {
		return true
	}
	if s.again == nil {
		s.again = make([]byte, len(s.head))
	}
	n, _ := s.file.ReadAt(s.again, 0)
	return bytes.Equal(s.again[:n], s.head)
}

func (s *source) empty() bool { return len(s.head) == 0 }

func (s *source) close() {
	if s != nil && s.file != nil {
		s.file.Close()
	}
}

func notEOF(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}
