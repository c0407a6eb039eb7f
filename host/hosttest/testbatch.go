package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
)

// batchAsks are the asks of each kind on names of each kind.
func (k *fsKit) batchAsks() []host.Ask {
	var asks []host.Ask
	for _, name := range []string{
		"file", "nosuch", "zero", "bytes", "fifo", "empty", "links/absolute", "links/dangling", "links/loop", "file/below",
		"many", "secret", "locked", "odd/\n", "odd/'", "file",
	} {
		for _, op := range []host.Op{host.OpRead, host.OpLstat, host.OpList} {
			asks = append(asks, host.Ask{Op: op, Name: k.tree.path(name)})
		}
	}
	return append(asks,
		host.Ask{Op: host.OpRead, Name: k.tree.path("bytes"), Limit: 100},
		host.Ask{Op: host.OpRead, Name: k.tree.path("file"), Limit: 8},
		host.Ask{Op: host.OpLstat, Name: "relative"},
		host.Ask{Op: host.OpRead, Name: k.tree.path("file"), Limit: -1},
		host.Ask{Name: k.tree.path("file")},
	)
}

// batch tests the sentences of host.Batcher, which Host.Batch must keep for
// every file system.
func (k *fsKit) batch() {
	asks := k.batchAsks()
	alone := host.Host{Files: struct{ host.FS }{k.fs}}
	want := make([]host.Answer, len(asks))
	for i, ask := range asks {
		ended := k.call("Batcher 1", fmt.Sprintf("ask %q alone", ask.Name), func(ctx context.Context) {
			_ = alone.Batch(ctx, asks[i:i+1], func(_ int, a host.Answer) error {
				want[i] = a
				return nil
			})
		})
		if !ended {
			return // what still runs may yet write its answer
		}
	}
	k.call("Batcher 2", "a batch", func(ctx context.Context) {
		next := 0
		err := host.Host{Files: k.fs}.Batch(ctx, asks, func(i int, got host.Answer) error {
			if i != next {
				k.fail("Batcher 2", "answer %d comes as number %d", i, next)
			} else if why := differs(got, want[i]); why != "" {
				k.fail("Batcher 1", "ask %d of %q: %s", asks[i].Op, asks[i].Name, why)
			}
			next++
			return nil
		})
		if err != nil || next != len(asks) {
			k.fail("Batcher 2", "%d answers to %d questions, %v", next, len(asks), err)
		}
	})
	k.batchEnds(asks)
}

// batchEnds tests how a batch ends before its last answer.
func (k *fsKit) batchEnds(asks []host.Ask) {
	h := host.Host{Files: k.fs}
	k.call("Batcher 3", "a batch whose fn fails", func(ctx context.Context) {
		enough := errors.New("enough")
		calls := 0
		err := h.Batch(ctx, asks, func(int, host.Answer) error {
			calls++
			return enough
		})
		if !errors.Is(err, enough) || calls != 1 {
			k.fail("Batcher 3", "got %v after %d calls", err, calls)
		}
	})
	k.call("Batcher 4", "a batch that is cancelled", func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		err := h.Batch(ctx, asks, func(int, host.Answer) error { return nil })
		k.want("Batcher 4", "cancelled", err, context.Canceled)
	})
}

// differs says in what an answer of a batch is not the one to the ask alone.
func differs(got, want host.Answer) string {
	switch {
	case (got.Err == nil) != (want.Err == nil):
		return fmt.Sprintf("error %v, want %v", got.Err, want.Err)
	case !bytes.Equal(got.Data, want.Data):
		return fmt.Sprintf("%d bytes, want these %d", len(got.Data), len(want.Data))
	case got.Stat.Mode != want.Stat.Mode, got.Stat.Size != want.Stat.Size, got.Stat.Name != want.Stat.Name:
		return fmt.Sprintf("stat %+v, want %+v", got.Stat, want.Stat)
	case !slices.EqualFunc(got.List, want.List, func(a, b host.Stat) bool { return a.Name == b.Name && a.Mode == b.Mode }):
		return fmt.Sprintf("%d entries, want these %d", len(got.List), len(want.List))
	}
	for _, kind := range []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid, host.ErrNotRegular, host.ErrTruncated} {
		if errors.Is(got.Err, kind) != errors.Is(want.Err, kind) {
			return fmt.Sprintf("error %v, want %v", got.Err, want.Err)
		}
	}
	return ""
}
