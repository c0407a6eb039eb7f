package follow

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// Lines gives the lines of a log batch by batch: a Follower, or a Stream.
type Lines interface {
	// Next returns the next lines, and io.EOF behind the last. The batch is valid
	// until the next call.
	Next(context.Context) (Batch, error)
	Close() error
}

// A Stream reads the lines of a reader that has no name and no past, such as
// standard input. Its batches have no checkpoint: it is read once. It is not safe
// for concurrent use.
type Stream struct {
	Reader  io.Reader
	MaxLine int // as of File
	Block   int // as of File

	split *splitter
	at    step
	lines []Line
	ended bool
}

// Next returns the next lines, and io.EOF behind the last, which may have no
// newline. The batch is valid until the next call.
func (s *Stream) Next(ctx context.Context) (Batch, error) {
	if s.split == nil {
		s.split = newSplitter(cmp.Or(max(s.MaxLine, 0), maxLine), s.Block)
	}
	for !s.ended {
		if err := ctx.Err(); err != nil {
			return Batch{}, err
		}
		_, err := s.split.fill(s.Reader)
		if err != nil && err != io.EOF {
			return Batch{}, fmt.Errorf("read lines: %w", err)
		}
		s.lines = s.split.take(s.lines[:0])
		if s.ended = err == io.EOF; s.ended {
			s.lines = s.split.rest(s.lines)
		}
		b := Batch{Lines: s.at.cutFront(s.lines)}
		for i := range s.lines {
			b.Bytes += s.lines[i].Size
		}
		if b.Bytes > 0 {
			return b, nil
		}
	}
	return Batch{}, io.EOF
}

// Close does nothing: the reader is its owner's.
func (s *Stream) Close() error { return nil }

// Ahead gives the plain file that is read first, from where to where it will be
// read, and when it was changed last, so that something can be known of it before;
// nil is none, as of an archive. Reading it moves no position.
func (r *Follower) Ahead() (file io.ReaderAt, from, to int64, changed time.Time) {
	if len(r.steps) == 0 || r.steps[0].src == nil || r.steps[0].src.in != nil {
		return nil, 0, 0, time.Time{}
	}
	src := r.steps[0].src
	if src.stat.Known.Has(host.KnownMtime) {
		changed = time.Unix(0, src.stat.Mtime)
	}
	return src.file, r.steps[0].offset, src.stat.Size, changed
}
