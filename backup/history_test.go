package backup_test

import (
	"context"
	"crypto/sha256"
	"io/fs"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestTextOfAPathIsThatOfTheSnapshotThatIsAskedFor(t *testing.T) {
	repo, m := backup.Repo{Keys: backuptest.Keys(), Store: &backuptest.Memory{}}, hosttest.New("One file.\n-- machine now=2026-11-25T06:00:00Z --\n-- /etc/ dir complete --\n-- /etc/motd --\nwelcome\n")
	first, _, err := commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
	require.NoError(t, err)
	require.NoError(t, m.WriteFile("/etc/motd", []byte("new\n"), 0o640))
	m.SetNow(first.Time.Add(24 * time.Hour))
	second, _, err := commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
	require.NoError(t, err)

	latest, err := repo.Latest(t.Context())
	require.NoError(t, err)
	assert.Equal(t, second.Seq, latest.Seq)
	before, err := repo.Before(t.Context(), second.Time)
	require.NoError(t, err)
	assert.Equal(t, first.Seq, before.Seq)
	_, err = repo.Before(t.Context(), first.Time)
	assert.ErrorIs(t, err, backup.ErrNoSnapshot)

	for snap, want := range map[*backup.Snapshot]string{&before: "welcome\n", &latest: "new\n"} {
		text, err := repo.Text(t.Context(), *snap, "/etc/motd", 100)
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
	}
	_, err = repo.Text(t.Context(), latest, "/etc/none", 100)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = repo.Text(t.Context(), latest, "/etc/motd", 3)
	assert.ErrorIs(t, err, backup.ErrTooLarge)

	shelf := &backup.Shelf{Repo: repo}
	old := func(content string) ([]byte, error) {
		sum := sha256.Sum256([]byte(content))
		return shelf.OldText(t.Context(), host.Entry{Path: "/etc/motd", Digests: []host.Digest{host.NewDigest("sha256", sum[:])}})
	}
	text, err := old("welcome\n")
	require.NoError(t, err)
	assert.Equal(t, "welcome\n", string(text))
	_, err = old("never\n")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// A deaf store is one that does not answer, at length.
type deaf struct {
	backup.Store
	asked *int
}

func (d deaf) List(context.Context, string) iter.Seq2[backup.Info, error] {
	*d.asked++
	return func(yield func(backup.Info, error) bool) { yield(backup.Info{}, os.ErrDeadlineExceeded) }
}

func TestAStoreThatDidNotAnswerIsNotAskedAgain(t *testing.T) {
	asked := 0
	shelf := &backup.Shelf{Repo: backup.Repo{Store: deaf{asked: &asked}}}
	was := host.Entry{Path: "/etc/motd", Digests: []host.Digest{host.NewDigest("sha256", make([]byte, 32))}}
	ended, end := context.WithCancel(t.Context())
	end()
	_, err := shelf.OldText(ended, was)
	require.Error(t, err, "who did not wait says nothing of the store")
	for range 3 {
		_, err := shelf.OldText(t.Context(), was)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	assert.Equal(t, 2, asked)
}
