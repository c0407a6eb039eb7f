package follow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pugetsoundtech/upkeep/host"
)

// step is one generation to read, oldest first.
type step struct {
	gen     generation
	src     *source // open and in position; nil: to be opened, read from its start
	window  []byte  // the bytes before the position
	offset  int64
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
	r.current, r.cutFront = current, r.cp.Cut
	if !r.cp.Valid {
		return r.planFirst()
	}
	if !absent && r.cp.Head.N > 0 && r.cp.sameInode(current.stat) {
		window, ok, err := current.holds(r.cp)
		if ok || err != nil {
			r.steps = []step{{src: current, window: window, offset: r.cp.Offset, current: true}}
			return err
		}
	}
	return r.planRotated(ctx, err)
}

// sameInode is true as well when that cannot be told.
func (c Checkpoint) sameInode(st host.Stat) bool {
	same, known := host.SameFile(st, host.Stat{Dev: c.Dev, Ino: c.Ino, Known: inodeKnown(c.HasIno)})
	return same || !known
}

func inodeKnown(yes bool) host.Known {
	if yes {
		return host.KnownInode
	}
	return 0
}

// planFirst begins a file that was never read.
func (r *Follower) planFirst() error {
	st := step{src: r.current, current: true}
	size := r.current.stat.Size
	if r.file.Tail != 0 && size > max(r.file.Tail, 0) {
		st.offset = size - max(r.file.Tail, 0)
		window, ok, err := r.current.seek(st.offset)
		if err != nil || !ok {
			return errors.Join(errChanged, err)
		}
		st.window = window
		r.cutFront = len(window) > 0 && window[len(window)-1] != '\n'
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
	switch {
	case at >= 0:
		r.steps = append([]step{first}, stepsOf(gens[at+1:])...)
	case r.stillCurrent():
		return nil
	case r.current == nil && len(r.newer(gens)) == 0:
		return missing
	default:
		r.lost(gens)
	}
	if r.current != nil {
		if _, _, err := r.current.seek(0); err != nil {
			return err
		}
		r.steps = append(r.steps, step{src: r.current, current: true, bytes: !r.current.empty()})
	}
	return nil
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
// first, then from the newest to the oldest. It is -1 when there is none.
func (r *Follower) find(ctx context.Context, gens []generation) (int, step, error) {
	if r.cp.Head.N == 0 {
		return -1, step{}, nil // an empty file proves nothing: see newer
	}
	for _, inode := range []bool{true, false} {
		for i := len(gens) - 1; i >= 0; i-- {
			g := gens[i]
			same := r.cp.HasIno && g.stat.Known.Has(host.KnownInode) && r.cp.sameInode(g.stat)
			if same != inode {
				continue
			}
			st, ok, err := r.probe(ctx, g, r.cp)
			if err != nil || ok {
				return i, st, err
			}
		}
	}
	return -1, step{}, nil
}

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
	window, ok, err := src.holds(c)
	if !ok || err != nil {
		src.close()
		return step{}, false, err
	}
	return step{gen: g, src: src, window: window, offset: c.Offset}, true, nil
}

// stillCurrent takes the current file for the one that was read when it has
// another inode but the same content, and no sibling has: it was copied.
func (r *Follower) stillCurrent() bool {
	if r.current == nil || r.cp.Head.N == 0 {
		return false
	}
	window, ok, err := r.current.holds(r.cp)
	if !ok || err != nil {
		return false
	}
	r.steps = []step{{src: r.current, window: window, offset: r.cp.Offset, current: true}}
	return true
}

// lost plans to read all that is certainly newer than what was read last.
func (r *Follower) lost(gens []generation) {
	newer := r.newer(gens)
	r.older = nil
	r.steps = stepsOf(newer)
	if r.cp.Head.N == 0 {
		return // it was empty: nothing of it was read, nothing can be missing
	}
	note := Note{Kind: Gap, Path: r.file.Path, Bytes: -1}
	if r.current != nil && len(newer) == 0 {
		sameHead := r.cp.Head.startsWith(r.current.head)
		switch size := r.current.stat.Size; {
		case size < r.cp.Offset && (r.cp.sameInode(r.current.stat) || sameHead):
			note.Kind, note.Bytes = Shrunk, r.cp.Offset-size
		case sameHead:
			note.Kind = Rewritten
		}
	}
	r.planned = append(r.planned, note)
	r.restarted = true
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
	for i, g := range gens {
		if i+1 < len(gens) && g.pack != "" && gens[i+1].pack == "" && gens[i+1].key == g.key {
			continue // being compressed: the plain file is the same generation
		}
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
