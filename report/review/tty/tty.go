// Package tty goes through findings on a terminal, one keystroke each.
//
//	done, err := tty.Session{In: keys, Out: os.Stdout, Show: show, Do: do}.Run(ctx, items)
//
// It puts no terminal into another mode: who gives In sees to it that a key
// comes without a line's end. A key that means nothing is answered by the help.
package tty

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// A Key is what a person types.
type Key byte

// The keys.
const (
	Accept      Key = 'a'
	Acknowledge Key = 'k'
	Diff        Key = 'd'
	Details     Key = ' '
	Next        Key = 'n'
	Back        Key = 'b'
	Undo        Key = 'u' // of what was done last in this session
	Sign        Key = 's'
	Quit        Key = 'q'
)

const help = "a accept · k acknowledge for a week · d what changed · space all about it · n next · b back · u take back · s sign and end · q end"

// A Session is one person at a terminal.
type Session struct {
	In  io.Reader
	Out io.Writer

	Show func(s review.Standing, whole bool) error                             // one finding, in a line or in full
	Do   func(ctx context.Context, key Key, s review.Standing) (string, error) // Accept, Acknowledge, Diff; gives a line to show
	Undo func(ctx context.Context, s review.Standing) (string, error)          // takes back what Do did; nil: nothing can be taken back
	Sign func(ctx context.Context) (string, error)
}

// Run goes through items, and gives how many were dealt with. The end of the
// keys is a quit. An error of one act is shown, and the item stands.
func (s Session) Run(ctx context.Context, items []review.Standing) (done int, err error) {
	keys, did := bufio.NewReader(s.In), []int{}
	fmt.Fprintf(s.Out, "%d to look at. %s\n", len(items), help)
	for at := 0; ctx.Err() == nil; {
		if at < len(items) {
			fmt.Fprintf(s.Out, "\n%d of %d\n", at+1, len(items))
			if err := s.Show(items[at], false); err != nil {
				return len(did), err
			}
		} else {
			fmt.Fprintln(s.Out, "\nThat was the last. s signs, b goes back, q ends.")
		}
		step, acted, end := s.one(ctx, keys, items, at, &did)
		if acted {
			did = append(did, at)
		}
		if end {
			return len(did), nil
		}
		at = min(max(at+step, 0), len(items))
	}
	return len(did), ctx.Err()
}

// one reads keys until one of them moves on; did holds what was dealt with.
func (s Session) one(ctx context.Context, keys *bufio.Reader, items []review.Standing, at int, did *[]int) (step int, acted, end bool) {
	for {
		b, err := keys.ReadByte()
		if err != nil || Key(b) == Quit || b == 3 || b == 4 {
			return 0, false, true
		}
		switch key := Key(b); {
		case key == Sign:
			return 0, false, s.say(s.Sign(ctx))
		case key == Back:
			return -1, false, false
		case key == Undo:
			if to, ok := s.undo(ctx, items, did); ok {
				return to - at, false, false
			}
		case at == len(items):
			fmt.Fprintln(s.Out, help)
		case key == Next, b == '\r', b == '\n':
			return 1, false, false
		case key == Details:
			if err := s.Show(items[at], true); err != nil {
				return 0, false, true
			}
		case key == Diff:
			s.say(s.Do(ctx, key, items[at]))
		case key == Accept, key == Acknowledge:
			if s.say(s.Do(ctx, key, items[at])) {
				return 1, true, false
			}
		default:
			fmt.Fprintln(s.Out, help)
		}
	}
}

// undo takes back what was done last, and gives where that is.
func (s Session) undo(ctx context.Context, items []review.Standing, did *[]int) (at int, ok bool) {
	if s.Undo == nil || len(*did) == 0 {
		fmt.Fprintln(s.Out, "There is nothing to take back.")
		return 0, false
	}
	at = (*did)[len(*did)-1]
	if !s.say(s.Undo(ctx, items[at])) {
		return 0, false
	}
	*did = (*did)[:len(*did)-1]
	return at, true
}

// say shows what came of an act, and reports whether it was done.
func (s Session) say(line string, err error) bool {
	if err != nil {
		line = "not done: " + err.Error()
	}
	fmt.Fprintln(s.Out, term.Visible(line)) // it may name what others wrote
	return err == nil
}
