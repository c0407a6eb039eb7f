package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// step is one generation to read, oldest first.
type step struct {
	gen     generation
	src     *source // open and in position; nil: to be opened, read from its start
	window  []byte  // the bytes before the position
	offset  int64
	cut     bool // the position lies in a line whose front was skipped or given out
	current bool
	older   bool // what was added to Checkpoint.Older
	bytes   bool // it holds any
}

// maxTries bounds how often a plan is made anew because files moved meanwhile.
const maxTries = 8

// plan finds where the checkpoint lies and what is newer.
func (r *Follower) plan(ctx context.Context) error {
	for range maxTries {
		err := r.tryPlan(ctx)
		if err == nil {
			err = r.settled(ctx)
		}
		if !errors.Is(err, errChanged) {
			return err
		}
		r.closeSteps()
	}
	return fmt.Errorf("follow %s: %w again and again", r.file.Path, errChanged)
}

// tryPlan sets the steps: what was added to the generation before, then all
// from the checkpoint on.
func (r *Follower) tryPlan(ctx context.Context) error {
	if err := r.planNewer(ctx); err != nil || r.older == nil {
		return err
	}
	added, err := r.planOlder(ctx)
	r.steps = append(added, r.steps...)
	return err
}

// planOlder looks for lines that were added to a generation after it was left.
func (r *Follower) planOlder(ctx context.Context) ([]step, error) {
	dir, err := r.file.Host.ReadDir(ctx, path.Dir(r.file.Path))
	if err != nil {
		return nil, err
	}
	for _, g := range siblings(r.file.Path, dir) {
		if g.pack != "" || g.stat.Size <= r.older.Offset || !r.older.sameInode(g.stat) || !r.older.HasIno {
			continue
		}
		st, ok, err := r.probe(ctx, g, *r.older)
		if ok {
			st.older = true
			return []step{st}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (r *Follower) planNewer(ctx context.Context) error {
	r.planned, r.older = nil, r.cp.Older
	current, err := r.file.openCurrent(ctx)
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && (!absent || !r.cp.Valid) {
		return err
	}
	r.current = current
	if !r.cp.Valid {
		return r.planFirst(ctx)
	}
	if !absent && r.cp.Head.N > 0 && r.cp.sameInode(current.stat) {
		window, ok, err := current.holds(ctx, r.cp)
		var since []generation
		if ok && err == nil {
			since, err = r.emptied(ctx)
		}
		if err != nil {
			return err
		}
		if ok && len(since) == 0 {
			r.steps = []step{{src: current, window: window, offset: r.cp.Offset, cut: r.cp.Cut, current: true}}
			return nil
		}
		if ok {
			return r.planCopied(ctx, since)
		}
	}
	return r.planRotated(ctx, err)
}

// planCopied goes on in a copy, and begins the current file anew.
func (r *Follower) planCopied(ctx context.Context, gens []generation) error {
	first, ok, err := r.probe(ctx, gens[0], r.cp)
	if err == nil && !ok {
		err = errChanged
	}
	if err != nil {
		return err
	}
	r.steps = append([]step{first}, stepsOf(gens[1:])...)
	return r.addCurrent(ctx)
}

// addCurrent reads the current file from its start, after all others.
func (r *Follower) addCurrent(ctx context.Context) error {
	if r.current == nil {
		return nil
	}
	if _, _, err := r.current.seek(ctx, 0); err != nil {
		return err
	}
	r.steps = append(r.steps, step{src: r.current, current: true, bytes: !r.current.empty()})
	return nil
}

// sameInode is true as well when that cannot be told. A file that came to be at
// another time is another one, to which the inode was given anew.
func (c Checkpoint) sameInode(st host.Stat) bool {
	same, known := host.SameFile(st, host.Stat{Dev: c.Dev, Ino: c.Ino, Known: inodeKnown(c.HasIno)})
	if known && c.Btime != 0 && st.Known.Has(host.KnownBtime) && st.Btime != c.Btime {
		return false
	}
	return same || !known
}

// isFile reports that st is certainly the file that was read.
func (c Checkpoint) isFile(st host.Stat) bool {
	return c.HasIno && c.Btime != 0 && st.Known.Has(host.KnownInode|host.KnownBtime) && c.sameInode(st)
}

func inodeKnown(yes bool) host.Known {
	if yes {
		return host.KnownInode
	}
	return 0
}

// planFirst begins a file that was never read.
func (r *Follower) planFirst(ctx context.Context) error {
	st := step{src: r.current, current: true, bytes: !r.current.empty()}
	if r.file.Archive {
		dir, err := r.file.Host.ReadDir(ctx, path.Dir(r.file.Path))
		r.steps = append(stepsOf(r.newestNames(siblings(r.file.Path, dir))), st)
		return err
	}
	size := r.current.stat.Size
	if r.file.Tail != 0 && size > max(r.file.Tail, 0) {
		st.offset = size - max(r.file.Tail, 0)
		window, ok, err := r.current.seek(ctx, st.offset)
		if err != nil || !ok {
			return errors.Join(errChanged, err)
		}
		st.window = window
		st.cut = len(window) > 0 && window[len(window)-1] != '\n'
		r.planned = append(r.planned, Note{Kind: Skipped, Path: r.file.Path, Bytes: st.offset})
	}
	r.steps = []step{st}
	return nil
}

// planRotated looks for the checkpoint among the siblings.
func (r *Follower) planRotated(ctx context.Context, missing error) error {
	dir, err := r.file.Host.ReadDir(ctx, path.Dir(r.file.Path))
	if err != nil {
		return err
	}
	gens := r.newestNames(siblings(r.file.Path, dir))
	at, first, err := r.find(ctx, gens)
	if err != nil {
		return err
	}
	if at >= 0 {
		r.steps = append([]step{first}, stepsOf(gens[at+1:])...)
		r.holes(gens, at)
		return r.addCurrent(ctx)
	}
	if r.stillCurrent(ctx) {
		r.doubt(gens, r.file.Path)
		return nil
	}
	if ok, err := r.edited(ctx, gens); ok || err != nil {
		return err
	}
	renamed, ok, err := r.byInode(ctx)
	switch {
	case err != nil:
		return err
	case ok:
		r.steps = append([]step{renamed}, stepsOf(r.newer(gens))...)
	case r.current == nil && len(r.newer(gens)) == 0:
		return missing
	default:
		if err := r.lost(ctx, gens); err != nil {
			return err
		}
	}
	return r.addCurrent(ctx)
}

// newestNames drops what is the current file under another name.
func (r *Follower) newestNames(gens []generation) []generation {
	if r.current == nil {
		return gens
	}
	var out []generation
	for _, g := range gens {
		if same, known := host.SameFile(g.stat, r.current.stat); !known || !same {
			out = append(out, g)
		}
	}
	return out
}

// find looks for the generation that holds the checkpoint: one with its inode
// first, but where so little of it is known that it may have been copied and emptied
// since; then the oldest that was written after the last reading, since newer
// ones may begin alike; then, where times don't tell, the newest. It is -1 when
// there is none.
func (r *Follower) find(ctx context.Context, gens []generation) (int, step, error) {
	if r.cp.Head.N == 0 {
		return -1, step{}, nil // an empty file proves nothing: see newer
	}
	var inode, after, other []int
	for i := range gens {
		switch st := gens[i].stat; {
		case r.cp.HasIno && st.Known.Has(host.KnownInode) && r.cp.sameInode(st):
			inode = append(inode, i)
		case r.cp.Mtime != 0 && st.Known.Has(host.KnownMtime) && st.Mtime >= r.cp.Mtime-int64(mtimeGrain):
			after = append(after, i)
		default:
			other = append(other, i)
		}
	}
	slices.Reverse(inode)
	slices.Reverse(other)
	var copied []int
	if len(inode) > 0 && r.cp.Head.N < weakProof {
		copied = slices.DeleteFunc(slices.Clone(after), func(i int) bool { return i > inode[0] })
	}
	for n, i := range slices.Concat(copied, inode, after, other) {
		st, ok, err := r.probe(ctx, gens[i], r.cp)
		switch {
		case ok && n < len(copied):
			r.doubt(gens[:inode[0]], r.pathOf(gens[i]))
		case ok:
			r.doubt(gens[:i], r.pathOf(gens[i]))
		}
		if err != nil || ok {
			return i, st, err
		}
	}
	return -1, step{}, nil
}

// mtimeGrain is by how much an archive may be older than what it holds: some
// programs that pack keep whole seconds, and some even ones.
const mtimeGrain = 2 * time.Second

// probe opens a generation and reports whether the checkpoint lies in it.
func (r *Follower) probe(ctx context.Context, g generation, c Checkpoint) (step, bool, error) {
	src, err := r.file.open(ctx, r.pathOf(g), g.stat, g.pack)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return step{}, false, errChanged
	case errors.Is(err, errors.ErrUnsupported):
		return step{}, false, nil
	case err != nil:
		return step{}, false, err
	}
	window, ok, err := src.holds(ctx, c)
	if !ok || err != nil {
		src.close()
		return step{}, false, err
	}
	return step{gen: g, src: src, window: window, offset: c.Offset, cut: c.Cut}, true, nil
}

// stillCurrent takes the current file for the one that was read when it has
// another inode but the same content, and no sibling has: it was copied.
func (r *Follower) stillCurrent(ctx context.Context) bool {
	if r.current == nil || r.cp.Head.N == 0 {
		return false
	}
	window, ok, err := r.current.holds(ctx, r.cp)
	if !ok || err != nil {
		return false
	}
	r.steps = []step{{src: r.current, window: window, offset: r.cp.Offset, cut: r.cp.Cut, current: true}}
	return true
}

// lost plans to read all that is certainly newer than what was read last.
func (r *Follower) lost(ctx context.Context, gens []generation) error {
	r.older, r.restarted = nil, r.cp.Head.N > 0
	if r.cp.Head.N == 0 {
		r.steps = stepsOf(r.newer(gens))
		return nil // it was empty: nothing of it was read, nothing can be missing
	}
	at, err := r.copyOf(ctx, gens)
	if err != nil {
		return err
	}
	if at >= 0 {
		r.steps = stepsOf(gens[at+1:])
		r.planned = append(r.planned, Note{Kind: Ambiguous, Path: r.pathOf(gens[at]), Bytes: -1})
		return nil
	}
	newer := r.newer(gens)
	r.steps = stepsOf(newer)
	note := Note{Kind: Gap, Path: r.file.Path, Bytes: -1}
	if r.current != nil && len(newer) == 0 {
		sameHead := r.cp.Head.startsWith(r.current.head)
		switch size := r.current.stat.Size; {
		case size < r.cp.Offset && (r.cp.sameInode(r.current.stat) || sameHead):
			note.Kind, note.Bytes = Shrunk, r.cp.Offset-size
		case sameHead, r.cp.isFile(r.current.stat):
			note.Kind = Rewritten
		}
	}
	r.planned = append(r.planned, note)
	return nil
}

// edited goes on in the file that was read where only its front is not what it
// was: the bytes before the position, which are as they were, prove the place.
func (r *Follower) edited(ctx context.Context, gens []generation) (bool, error) {
	if r.cp.Tail.N < weakProof {
		return false, nil
	}
	for i, g := range gens {
		if g.pack != "" || !r.cp.isFile(g.stat) {
			continue
		}
		src, err := r.file.open(ctx, r.pathOf(g), g.stat, g.pack)
		if errors.Is(err, fs.ErrNotExist) {
			err = errChanged
		}
		if err != nil {
			return false, err
		}
		if !r.edit(ctx, src, step{gen: g}) {
			src.close()
			return false, nil
		}
		r.steps = append(r.steps, stepsOf(gens[i+1:])...)
		return true, r.addCurrent(ctx)
	}
	return r.current != nil && r.cp.isFile(r.current.stat) && r.edit(ctx, r.current, step{current: true}), nil
}

// edit plans to go on in a file whose front was changed, if it reaches so far.
func (r *Follower) edit(ctx context.Context, src *source, st step) bool {
	window, ok, err := src.reaches(ctx, r.cp)
	if !ok || err != nil { // what cannot be read here is met again by who reads it
		return false
	}
	st.src, st.window, st.offset, st.cut = src, window, r.cp.Offset, r.cp.Cut
	r.steps = []step{st}
	r.planned = append(r.planned, Note{Kind: Rewritten, Path: src.path, Bytes: r.cp.Offset - int64(len(window))})
	return true
}

// newer picks the generations that were written after the last reading; those
// whose time is not known are not among them, so that nothing is read twice.
func (r *Follower) newer(gens []generation) []generation {
	var out []generation
	for _, g := range gens {
		later := r.cp.Mtime != 0 && g.stat.Known.Has(host.KnownMtime) && g.stat.Mtime > r.cp.Mtime
		wasEmpty := r.cp.Head.N == 0 && r.cp.HasIno && g.stat.Known.Has(host.KnownInode) && r.cp.sameInode(g.stat)
		if later || wasEmpty {
			out = append(out, g)
		}
	}
	return out
}

func stepsOf(gens []generation) []step {
	var out []step
	for _, g := range gens {
		out = append(out, step{gen: g, bytes: g.stat.Size > 0})
	}
	return out
}

// settled makes sure that the path still names the file that was opened.
func (r *Follower) settled(ctx context.Context) error {
	st, err := r.file.Host.Lstat(ctx, r.file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if r.current == nil {
			return nil
		}
		return errChanged
	case err != nil:
		return err
	case r.current == nil:
		return errChanged
	}
	if same, known := host.SameFile(st, r.current.stat); known && !same {
		return errChanged
	}
	return nil
}

func (r *Follower) pathOf(g generation) string { return path.Join(path.Dir(r.file.Path), g.stat.Name) }

func (r *Follower) closeSteps() {
	for _, s := range r.steps {
		s.src.close()
	}
	r.current.close()
	r.steps, r.current = nil, nil
}
