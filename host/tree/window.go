package tree

import (
	"context"
	"path"
	"sync"
	"sync/atomic"

	"github.com/pugetsoundtech/upkeep/host"
)

const (
	batchSize = 32  // entries that one worker looks at in a row
	window    = 128 // batches between listing and delivery
	leftOpen  = 512 // directories that were listed and have files in the window
)

// A slot is an entry on its way through the window.
type slot struct {
	host.Entry
	was      host.Entry // of the old stream, when old
	old      bool
	dir      *folder // where it is; nil when the listing goroutine did all
	listed   bool    // Stat was read with the listing
	vanished bool
	skipped  bool
	start    int // of Path in the batch's paths
}

// A batch is a run of slots in the order of the walk.
type batch struct {
	slots [batchSize]slot
	n     int
	paths []byte // of all slots, made one string when the batch is full
	done  chan struct{}
}

// next gives an empty slot for the name in dir; no name is dir itself.
func (b *batch) next(dir string, name []byte) *slot {
	s := &b.slots[b.n]
	b.n++
	*s = slot{start: len(b.paths)}
	b.paths = append(b.paths, dir...)
	if dir != "/" && len(name) > 0 {
		b.paths = append(b.paths, '/')
	}
	b.paths = append(b.paths, name...)
	return s
}

// seal gives the slots their paths: one allocation for all of them.
func (b *batch) seal() {
	paths := string(b.paths)
	for i := range b.n {
		s := &b.slots[i]
		end := len(paths)
		if i+1 < b.n {
			end = b.slots[i+1].start
		}
		s.Path = paths[s.start:end]
		s.Name = path.Base(s.Path)
	}
}

// settle waits until the batch was looked at, and lets go of its directories.
func (b *batch) settle() {
	<-b.done
	for i := range b.n {
		b.slots[i].dir.release()
	}
}

// A walk is one run of Walk.
type walk struct {
	files  host.FS
	opts   *host.WalkOptions
	fn     func(*host.Entry) error
	ctx    context.Context
	cancel context.CancelFunc

	free, work, order chan *batch
	left              chan struct{} // one for each directory that is open only for the window
	current           *batch
	listings          []*listing // one for each level, used again
	device            uint64     // of the root
	old               *Old
	vanished          atomic.Int64

	crash sync.Once
	value any // of a panic in one of the goroutines
}

func newWalk(ctx context.Context, files host.FS, o host.WalkOptions, fn func(*host.Entry) error) *walk {
	w := &walk{files: files, opts: &o, fn: fn}
	w.ctx, w.cancel = context.WithCancel(ctx)
	w.free = make(chan *batch, window)
	w.work = make(chan *batch, window)
	w.order = make(chan *batch, window)
	w.left = make(chan struct{}, leftOpen)
	w.old = Follow(o.Old)
	for range window {
		w.free <- &batch{done: make(chan struct{}, 1)}
	}
	return w
}

// run lists in a goroutine of its own and delivers in the caller's. All
// goroutines have ended when it returns; a panic in one becomes the caller's.
func (w *walk) run(root string, st host.Stat) (Counts, error) {
	defer w.cancel()
	var group sync.WaitGroup
	var listErr error
	group.Go(func() {
		defer close(w.work)
		defer close(w.order)
		w.guard(func() { listErr = w.list(root, st) })
		w.guard(w.old.Close)
	})
	for range w.opts.Workers {
		group.Go(w.look)
	}
	counts, err := w.deliver()
	group.Wait()
	if w.value != nil {
		panic(w.value)
	}
	if err == nil {
		err = listErr
	}
	counts.Vanished += w.vanished.Load()
	return counts, err
}

// guard keeps a panic for the caller of run, and ends the walk.
func (w *walk) guard(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			w.crash.Do(func() { w.value = p })
			w.cancel()
		}
	}()
	fn()
}

// look is one worker.
func (w *walk) look() {
	idle()
	hand := newWorker(w.opts)
	for b := range w.work {
		w.guard(func() {
			for i := range b.n {
				hand.examine(w.ctx, &b.slots[i])
			}
		})
		b.done <- struct{}{}
	}
}

// deliver gives entries to fn in order until it or the context fails.
func (w *walk) deliver() (counts Counts, err error) {
	defer w.drain() // also when fn panics
	for b := range w.order {
		b.settle()
		for i := range b.n {
			if err = w.ctx.Err(); err == nil {
				err = w.hand(&b.slots[i], &counts)
			}
			if err != nil {
				return counts, err
			}
		}
		w.free <- b
	}
	return counts, nil
}

// drain ends the walk and gives back what is still in the window.
func (w *walk) drain() {
	w.cancel()
	for b := range w.order {
		b.settle()
	}
}

func (w *walk) hand(s *slot, counts *Counts) error {
	switch {
	case s.vanished:
		counts.Vanished++
		return nil
	case s.skipped:
		return nil
	}
	counts.Entries++
	if s.Hashed() && !s.Trusted {
		counts.Bytes += s.Size
	}
	return w.fn(&s.Entry)
}

// add gives the slot for a name in dir; no name is dir itself.
func (w *walk) add(dir string, name []byte) (*slot, error) {
	if w.current == nil {
		select {
		case w.current = <-w.free:
			w.current.n, w.current.paths = 0, w.current.paths[:0]
		case <-w.ctx.Done():
			return nil, w.ctx.Err()
		}
	}
	s := w.current.next(dir, name)
	if w.old.next != nil {
		var err error
		s.was, s.old, err = w.old.At(string(w.current.paths[s.start:]))
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// added sends the batch on its way when it is full.
func (w *walk) added() {
	if w.current.n == batchSize {
		w.flush()
	}
}

func (w *walk) flush() {
	if b := w.current; b != nil {
		w.current = nil
		b.seal()
		w.work <- b
		w.order <- b
	}
}
