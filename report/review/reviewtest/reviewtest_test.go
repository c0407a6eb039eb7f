package reviewtest_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/reviewtest"
)

func TestFileStoreKeepsTheContract(t *testing.T) {
	require.NoError(t, reviewtest.TestStore(t.Context(), func() review.Store {
		return review.FileStore{Name: filepath.Join(t.TempDir(), "review.log")}
	}))
}

// forgetful loses what the other of two writers appended.
type forgetful struct {
	review.Store
	mu  sync.Mutex
	log []review.Record
}

func (f *forgetful) Append(_ context.Context, act review.Act) (review.Record, error) {
	rec, _, err := review.Chain(review.Record{}, act)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = []review.Record{rec}
	return rec, err
}

func (f *forgetful) Acts(context.Context) ([]review.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log, nil
}

func TestAStoreThatLosesActsIsRefused(t *testing.T) {
	err := reviewtest.TestStore(t.Context(), func() review.Store { return &forgetful{} })
	require.ErrorContains(t, err, "20 acts were appended, and there are 1")
	require.ErrorContains(t, err, "ended context")
}
