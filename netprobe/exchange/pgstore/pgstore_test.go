package pgstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/pgtest"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange/pgstore"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

func open(t *testing.T, s *pgtest.Server, tenant string) *pgstore.DB {
	t.Helper()
	db, err := pgstore.Open(t.Context(), s.Address(), tenant)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

func TestTheDatabase(t *testing.T) {
	need.Long(t)
	s := pgtest.Start(t)
	t.Run("keeps the contract of a store", func(t *testing.T) { contract(t, s) })
	t.Run("gives one of two vantages that race the task", func(t *testing.T) { race(t, s) })
	t.Run("loses nothing when it is killed", func(t *testing.T) { killed(t, s) })
}

func contract(t *testing.T, s *pgtest.Server) {
	require.NoError(t, netprobetest.TestStore(t.Context(), func() (exchange.Store, func() error, error) {
		return open(t, s, "acme"), func() error { return nil }, nil
	}))
	others, err := open(t, s, "other").All(t.Context())
	require.NoError(t, err)
	assert.Empty(t, others, "each tenant has its own")
}

func killed(t *testing.T, s *pgtest.Server) {
	db := open(t, s, "killed")
	var records []exchange.Record
	for i := range 2000 {
		for _, vantage := range []string{"a", "b", "c", "d", "e"} {
			key := verdict.Key{Target: fmt.Sprint("tcp://target-", i, ":25"), Vantage: vantage}
			records = append(records, exchange.Record{Key: key, Seq: uint64(i + 1), Signed: exchange.Signed{Body: []byte(key.Target), Sig: []byte("sig")}})
		}
	}
	taken, err := db.Put(t.Context(), records...)
	require.NoError(t, err)
	assert.Len(t, taken, 10_000)
	s.Kill()
	_, err = db.Put(t.Context(), records[0])
	require.Error(t, err, "a vantage is told, and goes on")
	s.Run()
	all, err := db.All(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 10_000)
	taken, err = db.Put(t.Context(), records...)
	require.NoError(t, err)
	assert.Empty(t, taken, "and nothing is doubled")
}

func race(t *testing.T, s *pgtest.Server) {
	db := open(t, s, "race")
	var mu sync.Mutex
	var group sync.WaitGroup
	won := map[string]uint64{}
	for _, vantage := range []string{"a", "b", "c", "d", "e"} {
		group.Go(func() {
			token, err := exchange.Lease(t.Context(), db, "mend", vantage, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won[vantage] = token
			} else {
				assert.ErrorIs(t, err, exchange.ErrLeased)
			}
		})
	}
	group.Wait()
	require.Len(t, won, 1)
	for holder, token := range won {
		again, err := db.Lease(t.Context(), "mend", holder, time.Microsecond)
		require.NoError(t, err)
		assert.Equal(t, token, again, "the holder gets more time")
		other, err := db.Lease(t.Context(), "mend", "another", time.Minute)
		require.NoError(t, err, "it is over")
		assert.Greater(t, other, token, "the former holder can be told apart")
	}
}

func TestAnAddressIsInNoError(t *testing.T) {
	_, err := pgstore.Open(t.Context(), "postgres://upkeep:geheim@:x/", "acme")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "geheim")
}
