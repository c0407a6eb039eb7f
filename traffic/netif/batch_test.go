package netif_test

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// batches counts what is asked of a machine, many questions at once or one.
type batches struct {
	*hosttest.Machine
	n, opened int
}

func (b *batches) Open(ctx context.Context, name string) (host.File, error) {
	b.opened++
	return b.Machine.Open(ctx, name)
}

func (b *batches) Batch(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
	b.n++
	return b.Machine.Host().Batch(ctx, asks, fn)
}
