package reporttest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// careless forgets what was delivered.
type careless struct{ reporttest.Store }

func (s *careless) Save(ctx context.Context, saved memory.Saved) error {
	saved.Delivered = ""
	return s.Store.Save(ctx, saved)
}

// leaky gives large values that it does not have.
type leaky struct{ memory.FileStore }

func (leaky) LoadLarge(context.Context, string) ([]byte, error) { return nil, nil }

func TestAStoreThatForgetsDeliveriesOrLargeValuesIsFound(t *testing.T) {
	err := reporttest.TestStore(t.Context(), func() memory.Store { return &careless{} })
	assert.ErrorContains(t, err, "delivered and answered are")
	err = reporttest.TestStore(t.Context(), func() memory.Store { return leaky{memory.FileStore{Dir: t.TempDir()}} })
	assert.ErrorContains(t, err, "large value")
}
