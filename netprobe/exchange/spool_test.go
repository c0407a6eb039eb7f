package exchange_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// cut is a shared store that can be cut off.
type cut struct {
	exchange.Store
	off bool
}

var errOff = errors.New("it does not answer")

func (c *cut) Put(ctx context.Context, r ...exchange.Record) ([]exchange.Record, error) {
	if c.off {
		return nil, errOff
	}
	return c.Store.Put(ctx, r...)
}

func (c *cut) All(ctx context.Context) ([]exchange.Record, error) {
	if c.off {
		return nil, errOff
	}
	return c.Store.All(ctx)
}

func TestAVantageThatIsCutOffGoesOnAndTellsLater(t *testing.T) {
	dir := t.TempDir()
	shared := &cut{Store: &exchange.FileStore{Name: filepath.Join(dir, "shared")}}
	open := func() *exchange.Spool {
		return &exchange.Spool{Local: &exchange.FileStore{Name: filepath.Join(dir, "local")}, Shared: shared}
	}
	record := func(target string, seq uint64) exchange.Record {
		return exchange.Record{Key: verdict.Key{Target: target, Vantage: "a"}, Seq: seq}
	}
	s := open()
	_, err := s.Put(t.Context(), record("one", 1))
	require.NoError(t, err)
	shared.off = true
	taken, err := s.Put(t.Context(), record("one", 2), record("two", 3))
	assert.ErrorIs(t, err, errOff)
	assert.Len(t, taken, 2)
	all, err := s.All(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 2)
	shared.off = false
	s = open() // a process that begins anew
	_, err = s.Put(t.Context())
	require.NoError(t, err)
	all, err = shared.All(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 2)
	for _, r := range all {
		assert.Greater(t, r.Seq, uint64(1))
	}
	_, err = exchange.Lease(t.Context(), s, "mend", "a", time.Minute)
	assert.ErrorIs(t, err, exchange.ErrNoLease)
}

func TestTheSpoolKeepsTheContractOfAStore(t *testing.T) {
	dir := t.TempDir()
	assert.NoError(t, netprobetest.TestStore(t.Context(), func() (exchange.Store, func() error, error) {
		local := &exchange.FileStore{Name: filepath.Join(dir, "local")}
		shared := &exchange.FileStore{Name: filepath.Join(dir, "shared")}
		return &exchange.Spool{Local: local, Shared: shared}, func() error { return errors.Join(local.Flush(), shared.Flush()) }, nil
	}))
}

// hung is a shared store that takes nothing and does not say so.
type hung struct{ exchange.Store }

func (hung) Put(ctx context.Context, _ ...exchange.Record) ([]exchange.Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWhileTheSharedStoreHangsNobodyElseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &exchange.Spool{Local: &exchange.FileStore{Name: filepath.Join(t.TempDir(), "local"), Every: time.Hour}, Shared: hung{}}
		go s.Put(t.Context(), exchange.Record{Key: verdict.Key{Target: "one", Vantage: "a"}, Seq: 1}) //nolint:errcheck // it hangs
		synctest.Wait()
		began := time.Now()
		for seq := range uint64(100) {
			taken, err := s.Put(t.Context(), exchange.Record{Key: verdict.Key{Target: "two", Vantage: "a"}, Seq: seq + 1})
			require.NoError(t, err)
			assert.Len(t, taken, 1, "it is safe here")
		}
		assert.Zero(t, time.Since(began))
		time.Sleep(time.Minute)
	})
}
