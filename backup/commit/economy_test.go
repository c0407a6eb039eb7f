package commit_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host"
)

// counted counts the calls of a store, and the bytes that it gets.
type counted struct {
	backup.Store
	calls int
	bytes int64
}

func (c *counted) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	c.calls, c.bytes = c.calls+1, c.bytes+size
	return c.Store.Create(ctx, name, body, size)
}

func (c *counted) Open(ctx context.Context, name string) (backup.Blob, error) {
	c.calls++
	return c.Store.Open(ctx, name)
}

func (c *counted) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	c.calls++
	return c.Store.List(ctx, prefix)
}

// A tree of the size of an ordinary /etc, with real encryption.
func TestADayWithoutChangeCostsThreeCallsAndAChangedLineTwentyKilobytes(t *testing.T) {
	from, r := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	name := func(i int) string { return filepath.Join(from, fmt.Sprintf("d%03d", i/8), fmt.Sprintf("f%d.conf", i)) }
	for i := range 1600 {
		if i%8 == 0 {
			require.NoError(t, os.Mkdir(filepath.Dir(name(i)), 0o755))
		}
		var text strings.Builder
		for range r.IntN(60) {
			fmt.Fprintf(&text, "option%d = %d\n", r.IntN(90), r.IntN(1e9))
		}
		require.NoError(t, os.WriteFile(name(i), []byte(text.String()), 0o644))
	}
	store := &counted{Store: &backuptest.Memory{}}
	repo := backup.Repo{Store: store, Keys: agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), State: t.TempDir()}
	day := func() (backup.Snapshot, int, int64) {
		store.calls, store.bytes = 0, 0
		snap, _, err := commit.Run(t.Context(), repo, commit.Source{Host: host.Local(), Paths: []string{from}})
		require.NoError(t, err)
		return snap, store.calls, store.bytes
	}
	day()
	snap, calls, bytes := day()
	assert.EqualValues(t, 1, snap.Seq)
	assert.LessOrEqual(t, calls, 3)
	assert.Zero(t, bytes)
	text, err := os.ReadFile(name(777))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name(777), append(text, "one = more\n"...), 0o644))
	snap, _, bytes = day()
	assert.EqualValues(t, 2, snap.Seq)
	assert.LessOrEqual(t, bytes, int64(20_000))
	t.Logf("%d bytes", bytes)
}
