package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
)

// maxLine is how many bytes of a line are kept where nothing else is said.
const maxLine = 64 << 10

// A File is a log file to follow. Host and Path are required.
type File struct {
	Host host.Host
	Path string // absolute
	// Tail bounds a first reading to about so many bytes at the end, from the
	// next line on. Zero reads the whole file; negative begins at its end.
	Tail int64
	// Archive begins a first reading with the oldest rotated copy.
	Archive bool
	// Half takes half a line at the end of the file for a line: nothing will be
	// added to it, or nobody comes to read that.
	Half bool
	// MaxLine is how many bytes of a line are kept; zero means 64 KiB.
	MaxLine int
	// MaxUnpacked is how many bytes one archive may unpack to; zero means 16 GiB.
	MaxUnpacked int64
	// Openers unpack archives by their suffix, such as ".xz"; .gz and .bz2 are known.
	Openers map[string]func(io.Reader) (io.Reader, error)
	// Block is how many bytes are read at once, and so how long a batch can be;
	// zero means 1 MiB.
	Block int
}

func (f *File) maxUnpacked() int64 {
	if f.MaxUnpacked == 0 {
		return 16 << 30
	}
	return f.MaxUnpacked
}

// A Follower reads a log file from a checkpoint to its present end. It is not
// safe for concurrent use.
type Follower struct {
	file    File
	cp      Checkpoint // that was handed out last
	steps   []step
	current *source     // the followed file itself; nil while it is absent
	older   *Checkpoint // the generation that was left last
	planned []Note      // of the plan; handed out with the first batch
	retries int

	restarted bool // the checkpoint's generation is lost: leave it even for an empty file

	split  *splitter
	offset int64 // of the running step: consumed
	count  uint64
	lines  []Line
}

// ErrAccounting says that bytes read and bytes delivered do not add up: a
// fault of this package, which is told and never hidden.
var ErrAccounting = errors.New("bytes read and bytes delivered differ")

// Resume finds the place of the checkpoint. A path that is a link or no regular
// file gives host.ErrNotRegular; one that does not exist, and has no rotated
// copy that holds the checkpoint, fs.ErrNotExist.
func (f File) Resume(ctx context.Context, c Checkpoint) (*Follower, error) {
	if !c.Check() {
		return nil, fmt.Errorf("follow %s: the checkpoint is damaged", f.Path)
	}
	if f.MaxLine <= 0 {
		f.MaxLine = maxLine
	}
	r := &Follower{file: f, cp: c, split: newSplitter(f.MaxLine, f.Block)}
	if err := r.plan(ctx); err != nil {
		r.closeSteps()
		return nil, err
	}
	r.enter()
	return r, nil
}

// Next returns the next lines, with the checkpoint that follows them. At the
// present end of the log it is io.EOF. The batch is valid until the next call.
func (r *Follower) Next(ctx context.Context) (Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Batch{}, err
		}
		b, err := r.read(ctx)
		if errors.Is(err, errChanged) {
			if err = r.replan(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			return Batch{}, err
		}
		if len(b.Lines) > 0 || len(b.Notes) > 0 || b.Checkpoint != r.cp {
			r.cp = b.Checkpoint
			return b, nil
		}
		if len(r.steps) == 0 {
			return Batch{}, io.EOF
		}
	}
}

// Close closes the files that are open.
func (r *Follower) Close() error {
	r.closeSteps()
	return nil
}

// replan begins again at the last checkpoint, because files moved meanwhile.
func (r *Follower) replan(ctx context.Context) error {
	if r.retries++; r.retries > maxTries {
		return fmt.Errorf("follow %s: %w again and again", r.file.Path, errChanged)
	}
	r.closeSteps()
	r.restarted = false
	if err := r.plan(ctx); err != nil {
		return err
	}
	r.enter()
	return nil
}

// enter takes up the first step.
func (r *Follower) enter() {
	if len(r.steps) == 0 {
		return
	}
	s := r.steps[0]
	r.offset, r.count = s.offset, 0
	switch {
	case s.older:
		r.count = r.older.Lines
	case r.cp.Valid && s.offset == r.cp.Offset && len(s.window) > 0:
		r.count = r.cp.Lines
	}
	r.split.reset(append(make([]byte, 0, 2*tailLen), s.window...))
}

// read takes one block of the running step.
func (r *Follower) read(ctx context.Context) (Batch, error) {
	if len(r.steps) == 0 {
		return Batch{Checkpoint: r.cp}, nil
	}
	s := &r.steps[0]
	if s.src == nil {
		src, err := r.openStep(ctx, s)
		if err != nil || src == nil {
			return Batch{Checkpoint: r.cp, Notes: r.notes()}, err
		}
		s.src = src
	}
	if r.split.pending() == 0 {
		if n := s.src.hole(); n > 0 {
			r.split.skip(n)
			s.src.from(s.src.pos + n)
			return r.batch(s, false)
		}
	}
	n, err := r.split.fill(s.src.r)
	s.src.pos += int64(n)
	ended := err == io.EOF
	if err != nil && !ended {
		return Batch{}, fmt.Errorf("read %s: %w", s.src.path, err)
	}
	if !s.src.intact() {
		return Batch{}, fmt.Errorf("read %s: %w", s.src.path, errChanged)
	}
	return r.batch(s, ended)
}

// openStep opens an older generation. One that cannot be unpacked is told and
// left out, so that it does not stop the newer ones.
func (r *Follower) openStep(ctx context.Context, s *step) (*source, error) {
	src, err := r.file.open(ctx, r.pathOf(s.gen), s.gen.stat, s.gen.pack)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", r.pathOf(s.gen), errChanged)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		r.planned = append(r.planned, Note{Kind: Gap, Path: r.pathOf(s.gen), Bytes: -1, Err: err})
		r.steps = r.steps[1:]
		r.enter()
		return nil, nil
	}
	return src, err
}

// batch makes a batch of the complete lines that the block brought.
func (r *Follower) batch(s *step, ended bool) (Batch, error) {
	before := r.offset
	r.lines = r.split.take(r.lines[:0])
	if ended && !s.older && (r.file.Half || !s.current && r.closed()) {
		r.lines = r.split.rest(r.lines)
	}
	b := Batch{Lines: s.cutFront(r.lines), Path: s.src.path}
	var sum int64
	for i := range r.lines {
		sum += r.lines[i].Size
	}
	r.offset += sum
	r.count += uint64(len(b.Lines))
	b.Bytes = r.offset - before
	if r.offset+r.split.pending() != s.src.pos || int64(len(r.split.window)) != min(r.offset, tailLen) {
		return Batch{}, fmt.Errorf("follow %s: %w: read to %d, consumed %d, pending %d",
			s.src.path, ErrAccounting, s.src.pos, r.offset, r.split.pending())
	}
	b.Checkpoint = r.checkpoint(s)
	if ended {
		r.leave(s)
	}
	b.Notes = r.notes()
	return b, nil
}

// cutFront leaves out what belongs to a line whose front was skipped, or was
// given out because it is too long, and sees whether the last line is such a one.
func (s *step) cutFront(lines []Line) []Line {
	for s.cut && len(lines) > 0 {
		s.cut, lines = lines[0].Partial, lines[1:]
	}
	if n := len(lines); n > 0 {
		s.cut = lines[n-1].Oversized && lines[n-1].Partial
	}
	return lines
}

// closed reports whether nothing can be written to the running step any more:
// a newer generation has bytes.
func (r *Follower) closed() bool {
	for _, s := range r.steps[1:] {
		if s.bytes {
			return true
		}
	}
	return false
}

// checkpoint is the position after what was consumed of the step. An empty
// step is no place to go to while the one before may still be written.
func (r *Follower) checkpoint(s *step) Checkpoint {
	if r.offset == s.offset && s.older {
		return r.cp
	}
	if s.older {
		c, at := r.cp, r.position(s)
		c.Older, r.older = &at, &at
		return c
	}
	if r.offset == 0 && s.src.empty() && r.cp.Valid && !r.restarted {
		return r.cp
	}
	r.restarted = false
	c := r.position(s)
	c.Older = r.older
	return c
}

func (r *Follower) position(s *step) Checkpoint {
	c := Checkpoint{
		Dev: s.src.stat.Dev, Ino: s.src.stat.Ino, HasIno: s.src.stat.Known.Has(host.KnownInode),
		Size: max(s.src.stat.Size, r.offset), Offset: r.offset,
		Head: headProof(s.src.head), Tail: tailProof(r.split.window),
		Lines: r.count, Cut: s.cut, Valid: true,
	}
	if s.src.stat.Known.Has(host.KnownMtime) {
		c.Mtime = s.src.stat.Mtime
	}
	if s.src.stat.Known.Has(host.KnownBtime) {
		c.Btime = s.src.stat.Btime
	}
	return c
}

// leave goes on to the next step.
func (r *Follower) leave(s *step) {
	if err := s.src.note; err != nil {
		note := Note{Kind: Damaged, Path: s.src.path, Bytes: r.offset, Err: err}
		if errors.Is(err, errTooBig) {
			note.Kind = Excessive
		}
		r.planned = append(r.planned, note)
	}
	if !s.older && !s.current && !s.src.empty() {
		at := r.position(s)
		r.older = &at
	}
	s.src.close()
	r.steps = r.steps[1:]
	r.enter()
}

// notes takes what the plan had to tell.
func (r *Follower) notes() []Note {
	out := r.planned
	r.planned = nil
	return out
}
