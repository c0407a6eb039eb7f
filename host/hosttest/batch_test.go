package hosttest_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A batcher answers as good does, but for one fault.
type batcher struct {
	host.FS
	fault func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error
}

func (b batcher) Batch(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
	return b.fault(ctx, asks, fn)
}

func TestKitFindsEachFaultOfABatcher(t *testing.T) {
	need.Long(t)
	tree := hosttest.Tree{Name: "/t"}
	good := hosttest.New(tree.Text())
	h := host.Host{Files: good}
	for name, c := range map[string]struct {
		sentence string
		fault    func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error
	}{
		"what is not there is empty": {"Batcher 1", func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
			return h.Batch(ctx, asks, func(i int, a host.Answer) error {
				if errors.Is(a.Err, fs.ErrNotExist) {
					a.Err = nil
				}
				return fn(i, a)
			})
		}},
		"the limit is forgotten": {"Batcher 1", func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
			all := append([]host.Ask{}, asks...)
			for i := range all {
				all[i].Limit = max(0, all[i].Limit) * 1000
			}
			return h.Batch(ctx, all, fn)
		}},
		"one error ends all": {"Batcher 2", func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
			return h.Batch(ctx, asks, func(i int, a host.Answer) error { return errors.Join(a.Err, fn(i, a)) })
		}},
		"the last is lost": {"Batcher 2", func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
			return h.Batch(ctx, asks[:len(asks)-1], fn)
		}},
		"fn cannot end it": {"Batcher 3", func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
			return h.Batch(ctx, asks, func(i int, a host.Answer) error {
				_ = fn(i, a)
				return nil
			})
		}},
		"a cancelled batch is whole": {"Batcher 4", func(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
			return h.Batch(context.WithoutCancel(ctx), asks, fn)
		}},
	} {
		assert.ErrorContains(t, hosttest.TestFS(t.Context(), batcher{good, c.fault}, tree), c.sentence+":", name)
	}
}
