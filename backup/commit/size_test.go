package commit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// tiny has dirs of as many files, each of which holds its own name.
func tiny(dirs, files int) *hosttest.Machine {
	var text strings.Builder
	text.WriteString("A machine with many small files.\n-- machine now=2026-11-25T06:00:00Z --\n-- /etc/ dir complete --\n")
	for d := range dirs {
		fmt.Fprintf(&text, "-- /etc/d%03d/ dir complete --\n", d)
		for f := range files {
			fmt.Fprintf(&text, "-- /etc/d%03[1]d/f%03[2]d --\n/etc/d%03[1]d/f%03[2]d\n", d, f)
		}
	}
	return hosttest.New(text.String())
}

// A tar needs a kilobyte for the smallest file, so the contents nearly fill a
// pack, and the lists of the directories overflow it.
func TestPacksOfManySmallFilesStayReadable(t *testing.T) {
	r := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}
	snap, _ := run(t, r, tiny(12, 400))
	assert.Greater(t, len(snap.Packs), 2)
	damage, err := verify(t, r, 0)
	require.NoError(t, err)
	require.Empty(t, damage)
	assert.Equal(t, "/etc/d011/f399\n", restored(t, r, snap, "/etc/d011/f399"))
}
