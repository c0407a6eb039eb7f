package host

import (
	"context"
	"fmt"
	"io/fs"
)

// An Op is a way to look at a name.
type Op uint8

// The ways; the zero value is none.
const (
	OpRead  Op = iota + 1 // a regular file's content, as Host.ReadFile
	OpLstat               // as FS.Lstat
	OpList                // as FS.ReadDir
)

// An Ask is one of many questions that are put at once.
type Ask struct {
	Op    Op
	Name  string
	Limit int64 // of OpRead: the bytes wanted; zero: 1 MiB
}

// An Answer is what one Ask would have got alone.
type Answer struct {
	Stat Stat   // of OpRead (of the file that was read) and OpLstat
	Data []byte // of OpRead; with ErrTruncated the first bytes
	List []Stat // of OpList
	Err  error
}

// A Batcher is an FS that answers many questions in few exchanges.
//
//  1. Each ask gets the answer that Open and reading, Lstat or ReadDir would
//     have given alone; an error of one says nothing of the others.
//  2. fn is called once for each ask, in their order, with the number of the ask.
//  3. The error of fn ends the batch, and is its error.
//  4. Any other error of the batch means that the rest is not known.
//  5. An unknown Op is answered with an error for which errors.Is(err,
//     fs.ErrInvalid), as is a negative Limit.
type Batcher interface {
	Batch(ctx context.Context, asks []Ask, fn func(i int, a Answer) error) error
}

// Batch puts many questions at once where h.Files is a Batcher, else one after
// the other; the sentences of Batcher hold for both.
func (h Host) Batch(ctx context.Context, asks []Ask, fn func(i int, a Answer) error) error {
	if b, ok := h.Files.(Batcher); ok {
		return b.Batch(ctx, asks, fn)
	}
	for i, ask := range asks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(i, h.answer(ctx, ask)); err != nil {
			return err
		}
	}
	return nil
}

// BatchAll is Batch for answers that are few and small: all of them, in the
// order of the asks.
func (h Host) BatchAll(ctx context.Context, asks []Ask) ([]Answer, error) {
	answers := make([]Answer, 0, len(asks))
	err := h.Batch(ctx, asks, func(_ int, a Answer) error {
		answers = append(answers, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(answers) != len(asks) {
		return nil, fmt.Errorf("batch: %d answers to %d questions", len(answers), len(asks))
	}
	return answers, nil
}

// Check is the error of an ask that cannot be put.
func (a Ask) Check() error {
	if a.Op < OpRead || a.Op > OpList || a.Limit < 0 {
		return fmt.Errorf("ask %s: %w", a.Name, fs.ErrInvalid)
	}
	return nil
}

func (h Host) answer(ctx context.Context, ask Ask) Answer {
	var a Answer
	switch a.Err = ask.Check(); {
	case a.Err != nil:
	case ask.Op == OpRead:
		a.Stat, a.Data, a.Err = h.readFile(ctx, ask.Name, ask.Limit)
	case ask.Op == OpLstat:
		a.Stat, a.Err = h.Lstat(ctx, ask.Name)
	case ask.Op == OpList:
		a.List, a.Err = h.ReadDir(ctx, ask.Name)
	}
	return a
}
