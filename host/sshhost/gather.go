package sshhost

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

const (
	// maxGathered bounds the questions of one shared exchange: so many first blocks
	// of files are 16 MiB.
	maxGathered = contentBytes / firstBytes
	// sharedPatience bounds a shared exchange, and how long one question holds up
	// others, unless Config.Timeout is longer.
	sharedPatience = 30 * time.Second
)

// A question is one ask of one name, as the words of askBody.
type question struct{ op, count, name string }

// A gatherer puts the questions of several callers into one exchange: who asks
// while one is under way goes with the next.
type gatherer struct {
	mu      sync.Mutex
	waiting []*single
	busy    bool
	alone   bool // a shared exchange hung once
}

// A single is a caller's question.
type single struct {
	question
	group *group        // that it went with
	done  chan struct{} // closed when it is answered
	part  part
	err   error
}

// A group is one exchange and those who still wait for it.
type group struct {
	waiting int
	cancel  context.CancelFunc
}

// errShared says that a shared exchange gave no answer; whose fault that is the
// questions find out each for itself.
var errShared = errors.New("the shared exchange failed")

// gathered answers one question, alone or with those of others.
func (f files) gathered(ctx context.Context, q question) (part, error) {
	if err := ctx.Err(); err != nil {
		return part{}, err
	}
	if err := checkName(q.name); err != nil {
		return part{}, err
	}
	g := &f.c.singles
	s := &single{question: q, done: make(chan struct{})}
	if !g.join(s, f.serve) {
		return f.single(ctx, q)
	}
	select {
	case <-s.done:
		if errors.Is(s.err, errShared) {
			return f.single(ctx, q)
		}
		return s.part, s.err
	case <-ctx.Done():
		g.leave(s)
		return part{}, ctx.Err()
	}
}

// join lets a question wait for the next exchange, if there are shared ones.
func (g *gatherer) join(s *single, serve func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.alone {
		return false
	}
	g.waiting = append(g.waiting, s)
	if !g.busy {
		g.busy = true
		go serve()
	}
	return true
}

// leave ends the exchange that nobody waits for any more.
func (g *gatherer) leave(s *single) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.group == nil {
		g.waiting = remove(g.waiting, s)
		return
	}
	if s.group.waiting--; s.group.waiting == 0 {
		s.group.cancel()
	}
}

func remove(list []*single, s *single) []*single {
	kept := list[:0:0]
	for _, other := range list {
		if other != s {
			kept = append(kept, other)
		}
	}
	return kept
}

// serve asks what waits, until nothing does.
func (f files) serve() {
	g := &f.c.singles
	for {
		ctx, cancel := context.WithCancel(context.Background())
		list := g.next(cancel)
		if len(list) == 0 {
			cancel()
			return
		}
		done := make(chan struct{})
		go func() {
			defer cancel()
			defer close(done)
			f.answer(ctx, list)
		}()
		select {
		case <-done:
		case <-time.After(f.c.sharedPatience):
			// One question may take as long as who asks it wants; the others go on.
			if len(list) > 1 {
				g.giveUp(cancel)
				<-done
			}
		}
	}
}

// giveUp ends a shared exchange that hangs, and all sharing.
func (g *gatherer) giveUp(cancel context.CancelFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.alone = true
	cancel()
}

// next takes what goes into one exchange; nothing ends the serving.
func (g *gatherer) next(cancel context.CancelFunc) []*single {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < min(len(g.waiting), maxGathered) {
		if size += len(g.waiting[n].name) + 24; n > 0 && size > maxArgs {
			break
		}
		n++
	}
	list := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.busy = n > 0
	gr := &group{waiting: n, cancel: cancel}
	for _, s := range list {
		s.group = gr
	}
	return list
}

// answer puts the questions in one exchange, each once.
func (f files) answer(ctx context.Context, list []*single) {
	at := map[question]int{}
	var words []string
	for _, s := range list {
		if _, asked := at[s.question]; !asked {
			at[s.question] = len(at)
			words = append(words, s.op, s.count, s.name)
		}
	}
	parts, err := f.askParts(ctx, words)
	if err == nil && len(parts) != len(at) || err != nil && len(list) > 1 || ctx.Err() != nil {
		err = errShared
	}
	for _, s := range list {
		if s.err = err; err == nil {
			s.part = parts[at[s.question]]
		}
		close(s.done)
	}
}

// single puts one question in an exchange of its own.
func (f files) single(ctx context.Context, q question) (part, error) {
	parts, err := f.askParts(ctx, []string{q.op, q.count, q.name})
	if err == nil && len(parts) != 1 {
		err = session.ErrFrame
	}
	if err != nil {
		return part{}, err
	}
	return parts[0], nil
}
