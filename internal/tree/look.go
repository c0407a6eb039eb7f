package tree

import (
	"context"
	"crypto/sha256"
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
	opts Options
	hash hash.Hash
	buf  []byte
	last [32]byte // digest
}

func newWorker(o Options) *worker {
	w := &worker{opts: o}
	if o.Digest {
		w.hash, w.buf = sha256.New(), make([]byte, bufferSize)
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
		if w.opts.Skip != nil && w.opts.Skip(s.Path, s.Stat) {
			s.skipped = true
			return
		}
		if s.IsDir() { // was none when it was listed
			s.Err = fmt.Errorf("list %s: %w", s.Path, errUnsteady)
			break
		}
		if !w.hashes(s) {
			return
		}
		sum, err := s.dir.digest(ctx, w, s.Name, s.Stat)
		switch {
		case err == nil:
			s.Digest, s.Hashed = sum, true
			return
		case !errors.Is(err, errUnsteady):
			s.Err = fmt.Errorf("read %s: %w", s.Path, err)
			return
		}
	}
	s.Unstable = true
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
	case errors.Is(err, errUnsteady):
		s.Unstable = true
	default:
		s.Err = fmt.Errorf("stat %s: %w", s.Path, err)
	}
	return false
}

// hashes reports whether the content is to be read.
func (w *worker) hashes(s *slot) bool {
	if !w.opts.Digest || !s.IsRegular() {
		return false
	}
	if w.opts.MaxFileSize > 0 && s.Size > w.opts.MaxFileSize {
		s.Err = fmt.Errorf("%s: %w of %d bytes", s.Path, ErrTooLarge, w.opts.MaxFileSize)
		return false
	}
	return true
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

// sum hashes r, which is to have exactly size bytes.
func (w *worker) sum(ctx context.Context, r io.Reader, size int64) ([32]byte, error) {
	w.hash.Reset()
	if err := exactly(ctx, w.hash, r, size, w.buf); err != nil {
		return [32]byte{}, err
	}
	w.hash.Sum(w.last[:0])
	return w.last, nil
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
		return errUnsteady
	}
	return nil
}

// sameVersion reports whether two Stats are of one file, not changed between.
func sameVersion(a, b host.Stat) bool {
	if same, known := host.SameFile(a, b); known && !same {
		return false
	}
	both := a.Known & b.Known
	return (!both.Has(host.KnownMode) || a.Type() == b.Type()) &&
		(!both.Has(host.KnownSize) || a.Size == b.Size) &&
		(!both.Has(host.KnownMtime) || a.Mtime == b.Mtime) &&
		(!both.Has(host.KnownCtime) || a.Ctime == b.Ctime)
}
