package host

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"slices"
	"sync"
)

// A Memo holds the answers to the questions of one run. Over SSH each question
// is an exchange, and several checks ask the same ones: which kernel this is,
// what listens, who the users are. It lasts as long as the Host that holds it;
// whoever starts a run begins one with Host.Remembering.
type Memo struct {
	mu      sync.Mutex
	answers map[string]*answer
}

// An answer is asked for, or is there when done is closed.
type answer struct {
	done  chan struct{}
	value any
	err   error
}

// Remembering returns h with an empty memory: what is asked through Once is
// asked one time from now on, by all who got this value. Take it for one run
// and no longer, since nothing is ever asked again.
func (h Host) Remembering() Host {
	h.Memo = &Memo{answers: map[string]*answer{}}
	return h
}

type afreshKey struct{}

// Afresh returns a context in which Once always asks: it is for work that changes what is
// asked for, whatever memory the hosts have that it was given.
func Afresh(ctx context.Context) context.Context {
	return context.WithValue(ctx, afreshKey{}, true)
}

// Once asks h a question that the memory of h does not answer yet; without a
// memory it always asks. The question names what is asked, as "package.what".
// Who asks at the same time waits for the one answer, as long as its own context
// lasts. An error is remembered where it is a fact of the system (something is
// not there, not allowed, or not supported), and asked again where nobody knows.
// The value is shared: nobody may change what it holds.
func Once[T any](ctx context.Context, h Host, question string, ask func(ctx context.Context) (T, error)) (T, error) {
	if h.Memo == nil || ctx.Value(afreshKey{}) != nil {
		return ask(ctx)
	}
	for {
		a, mine := h.Memo.answer(question)
		if mine {
			return fill(ctx, h.Memo, question, a, ask)
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
		if isFact(a.err) {
			if value, ok := a.value.(T); ok {
				return value, a.err
			}
			return ask(ctx) // another question of the same name
		}
		if err := ctx.Err(); err != nil {
			var none T
			return none, err
		}
	}
}

// answer returns the answer to a question, and whether the caller must find it.
func (m *Memo) answer(question string) (a *answer, mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a = m.answers[question]; a == nil {
		a = &answer{done: make(chan struct{}), err: errNoAnswer}
		m.answers[question] = a
		return a, true
	}
	return a, false
}

// errNoAnswer stands for that of a question whose asking panicked.
var errNoAnswer = errors.New("no answer")

// fill finds an answer and lets those go on who wait for it. One that is no
// fact is forgotten first, also when ask panics.
func fill[T any](ctx context.Context, m *Memo, question string, a *answer, ask func(ctx context.Context) (T, error)) (T, error) {
	defer func() {
		if !isFact(a.err) {
			m.mu.Lock()
			delete(m.answers, question)
			m.mu.Unlock()
		}
		close(a.done)
	}()
	value, err := ask(ctx)
	a.value, a.err = value, err
	return value, err
}

// isFact reports whether an answer tells something of the system. It is a closed
// list: after any other error nobody knows. Of errors that were joined each must
// be a fact.
func isFact(err error) bool {
	switch joined := err.(type) { //nolint:errorlint // each level is looked at
	case nil:
		return true
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !isFact(err) })
	case interface{ Unwrap() error }:
		if inner := joined.Unwrap(); inner != nil {
			return isFact(inner)
		}
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) ||
		errors.Is(err, errors.ErrUnsupported) || errors.Is(err, exec.ErrNotFound)
}
