package commit_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// peak gives the most bytes that the heap had while fn ran, on a machine of many
// processors.
func peak(fn func()) (most uint64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	runtime.GC()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	fn()
	close(stop)
	<-ended
	return most
}

// A tree of any size takes about the same memory, also where all of it changes, or
// goes.
func TestManyFilesAreBackedUpInBoundedMemory(t *testing.T) {
	need.Long(t)
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	from, files := t.TempDir(), 0
	more := func(to int) {
		for ; files < to; files++ {
			dir := filepath.Join(from, fmt.Sprint(files/100))
			require.NoError(t, os.MkdirAll(dir, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(files)), fmt.Appendf(nil, "file %d\n", files), 0o600))
		}
	}
	r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(t.TempDir() + "/store"), State: t.TempDir()}
	var snap backup.Snapshot
	var changes []backup.Change
	run := func() uint64 {
		return peak(func() {
			var err error
			snap, changes, err = commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
			require.NoError(t, err)
		})
	}
	more(2_000)
	small := run()
	more(24_000)
	large := run()
	assert.Len(t, changes, commit.MostChanges, "the first are given")
	assert.Greater(t, snap.Changed.Total(), 22_000, "and all are counted")
	t.Logf("%d MiB, %d MiB", small>>20, large>>20)
	assert.Less(t, large, uint64(40<<20))
	assert.Less(t, run(), small+12<<20, "of what is unchanged")
	assert.Empty(t, changes)
}

// So does one of large files, of which none shrinks.
func TestLargeFilesAreBackedUpInBoundedMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	from, data := t.TempDir(), make([]byte, 3<<20)
	for i := range 12 {
		_, err := rand.Read(data)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(from, fmt.Sprint(i)), data, 0o600))
	}
	data = nil
	r := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(t.TempDir() + "/store"), State: t.TempDir()}
	most := peak(func() {
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
		require.NoError(t, err)
		require.EqualValues(t, 36<<20, snap.Bytes)
	})
	t.Logf("%d MiB", most>>20)
	assert.Less(t, most, uint64(32<<20))
}
