package backuptest_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
)

func ExampleTestStore() {
	err := backuptest.TestStore(context.Background(), func() backup.Store { return &backuptest.Memory{} })
	fmt.Println(err)
	// Output: <nil>
}

// overwriter gives a name other content.
type overwriter struct {
	mu sync.Mutex
	backuptest.Memory
}

func (o *overwriter) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.Files, name)
	return o.Memory.Create(ctx, name, body, size)
}

// silent lists nothing.
type silent struct{ backuptest.Memory }

func (s *silent) List(context.Context, string) iter.Seq2[backup.Info, error] {
	return func(func(backup.Info, error) bool) {}
}

func TestKitCatchesAStoreThatOverwritesAndOneThatListsNothing(t *testing.T) {
	err := backuptest.TestStore(t.Context(), func() backup.Store { return &overwriter{} })
	assert.ErrorContains(t, err, "a name is never given other content")
	err = backuptest.TestStore(t.Context(), func() backup.Store { return &silent{} })
	assert.ErrorContains(t, err, "a list is sorted")
	assert.ErrorContains(t, err, "a cancelled context")
}
