package tree

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"

	"github.com/pugetsoundtech/upkeep/host"
)

const (
	tries      = 3
	bufferSize = 256 << 10
)

// A worker looks at files, one after the other, with buffers of its own.
type worker struct {
	opts   *host.WalkOptions
	hashes []hash.Hash // of opts.Digests
	buf    []byte
	sink   host.Sink // of the file that is read; nil: none
	sums   []host.Digest
	last   []byte
}

// sumsTogether are the digests that one allocation makes room for.
const sumsTogether = 16

func newWorker(o *host.WalkOptions) *worker {
	w := &worker{opts: o}
	for _, name := range o.Digests {
		w.hashes = append(w.hashes, o.NewHash(name))
	}
	if len(w.hashes) > 0 || o.Read != nil {
		w.buf = make([]byte, bufferSize)
	}
	return w
}

// examine fills in what is to be known of the slot's file.
func (w *worker) examine(ctx context.Context, s *slot) {
	if s.dir == nil {
		return
	}
	for range tries {
		if err := ctx.Err(); err != nil {
			s.Err = err
			return
		}
		if !s.listed && !s.restat(ctx) {
			return
		}
		s.listed = false
		if w.opts.Leaves(s.Path, s.Stat) {
			s.skipped = true
			return
		}
		if s.IsDir() { // was none when it was listed
			s.Err = fmt.Errorf("list %s: %w", s.Path, ErrUnsteady)
			break
		}
		if err := w.inspect(ctx, s); !errors.Is(err, ErrUnsteady) {
			s.Err = err
			return
		}
		s.Digests, s.Attrs, s.Trusted = nil, nil, false
	}
	s.Unstable = true
}

// inspect reads what the options want of a file beyond its Stat.
func (w *worker) inspect(ctx context.Context, s *slot) error {
	read, reading := w.reads(s)
	switch trusted := w.opts.Trusts(reading, s.before()); {
	case read && trusted != nil:
		s.Digests, s.Trusted = trusted, true
		if s.was.Attrs != nil { // no attribute changes without the time of the inode
			s.Attrs = s.was.Attrs
			return nil
		}
	case read && w.tooLarge(s):
		if reading.Sink != nil {
			_ = reading.Sink.End(&s.Entry, host.ErrTooLarge) // the entry says the same
		}
		return errors.Join(w.attrs(ctx, s), fmt.Errorf("%s: %w of %d bytes", s.Path, host.ErrTooLarge, w.opts.MaxFileSize))
	case read:
		return w.content(ctx, s, reading.Sink)
	}
	return w.attrs(ctx, s)
}

// reads asks how a content is read, and whether it is at all.
func (w *worker) reads(s *slot) (bool, host.Reading) {
	if !s.IsRegular() {
		return false, host.Reading{}
	}
	var reading host.Reading
	if w.opts.Read != nil {
		reading = w.opts.Read(&s.Entry, s.before())
	}
	return len(w.hashes) > 0 || reading.Sink != nil, reading
}

// before is the old entry; nil where there is none.
func (s *slot) before() *host.Entry {
	if !s.old {
		return nil
	}
	return &s.was
}

func (w *worker) tooLarge(s *slot) bool {
	return w.opts.MaxFileSize > 0 && s.Size > w.opts.MaxFileSize
}

// content reads a file once, for the hashes and the sink.
func (w *worker) content(ctx context.Context, s *slot, sink host.Sink) error {
	w.sink = sink
	for _, h := range w.hashes {
		h.Reset()
	}
	err := s.dir.content(ctx, w, s)
	if err == nil {
		s.Digests = w.digests()
	} else if !errors.Is(err, ErrUnsteady) {
		err = fmt.Errorf("read %s: %w", s.Path, err)
	}
	if sink == nil {
		return err
	}
	w.sink = nil
	if ended := sink.End(&s.Entry, err); err == nil && ended != nil {
		s.Digests = nil
		err = fmt.Errorf("store %s: %w", s.Path, ended)
	}
	return err
}

// digests gives what the hashes have come to.
func (w *worker) digests() []host.Digest {
	n := len(w.hashes)
	if cap(w.sums)-len(w.sums) < n {
		w.sums = make([]host.Digest, 0, max(n, sumsTogether))
	}
	from := len(w.sums)
	for i, h := range w.hashes {
		w.last = h.Sum(w.last[:0])
		w.sums = append(w.sums, host.NewDigest(w.opts.Digests[i], w.last))
	}
	return w.sums[from : from+n : from+n]
}

// attrs reads the attributes of a file that is not open, and looks whether it is
// still the one that was described.
func (w *worker) attrs(ctx context.Context, s *slot) error {
	if !w.opts.WantsAttrs(s.Stat) {
		return nil
	}
	attrs, err := s.dir.attrs(ctx, s.Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("attributes of %s: %w", s.Path, err)
	}
	now, statErr := s.dir.stat(ctx, s.Name)
	if err != nil || statErr != nil || !SameVersion(s.Stat, now) {
		return ErrUnsteady
	}
	s.Attrs = attrs
	return nil
}

// take reads r, which is to have exactly size bytes.
func (w *worker) take(ctx context.Context, r io.Reader, size int64) error {
	return exactly(ctx, w, r, size, w.buf)
}

// Write gives what was read to the hashes and to the sink.
func (w *worker) Write(b []byte) (int, error) {
	for _, h := range w.hashes {
		h.Write(b) // never fails
	}
	if w.sink != nil && len(b) > 0 {
		return w.sink.Write(b)
	}
	return len(b), nil
}

// restat reads the slot's Stat again, and reports whether that went well.
func (s *slot) restat(ctx context.Context) bool {
	st, err := s.dir.stat(ctx, s.Name)
	switch {
	case err == nil:
		st.Name = s.Name
		s.Stat = st
		return true
	case errors.Is(err, fs.ErrNotExist):
		s.vanished = true
	case errors.Is(err, ErrUnsteady):
		s.Unstable = true
	default:
		s.Err = fmt.Errorf("stat %s: %w", s.Path, err)
	}
	return false
}

// Sum writes the content of the regular file that st describes to sum, usually a
// hash, and tells by an error when that is not what it finds, before or after:
// then what was written is worth nothing.
func Sum(ctx context.Context, files host.FS, name string, st host.Stat, sum io.Writer) error {
	p := byPath{files, path.Dir(name)}
	err := p.read(ctx, path.Base(name), st, func(f io.Reader) error {
		return exactly(ctx, sum, f, st.Size, make([]byte, min(bufferSize, st.Size+1)))
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// exactly copies r, which is to have size bytes, by way of buf.
func exactly(ctx context.Context, to io.Writer, r io.Reader, size int64, buf []byte) error {
	var done int64
	for done <= size {
		// One byte more than there should be shows the end without another call.
		want := min(size+1-done, int64(len(buf)))
		n, err := r.Read(buf[:want])
		if _, err := to.Write(buf[:n]); err != nil {
			return err
		}
		done += int64(n)
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF || n == 0 || done == size && int64(n) < want {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if done != size {
		return ErrUnsteady
	}
	return nil
}

// SameVersion reports whether two Stats are of one file, not changed between.
func SameVersion(a, b host.Stat) bool {
	if same, known := host.SameFile(a, b); known && !same {
		return false
	}
	both := a.Known & b.Known
	return (!both.Has(host.KnownMode) || a.Type() == b.Type()) &&
		(!both.Has(host.KnownSize) || a.Size == b.Size) &&
		(!both.Has(host.KnownMtime) || a.Mtime == b.Mtime) &&
		(!both.Has(host.KnownCtime) || a.Ctime == b.Ctime)
}
