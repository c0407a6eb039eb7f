package capture_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// verifiedAt gives the day of each level that a result says.
func verifiedAt(res report.Result) map[string]string {
	out := map[string]string{}
	for _, m := range res.Metrics {
		if m.Name != "backup_verified_timestamp_seconds" {
			continue
		}
		var unix int64
		if _, err := fmt.Sscan(m.Value.String(), &unix); err == nil {
			out[m.Attrs[1].Value] = time.Unix(unix, 0).UTC().Format(time.DateOnly)
		}
	}
	return out
}

func TestEachLevelOfVerificationHasTheDateOfItsLastSuccess(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	var memory reporttest.Store
	c := capture.Configuration{Host: m.Host(), Repo: repo(store), Rehearsals: t.TempDir()}
	c.Repo.State = t.TempDir()
	now := m.Host().Time()
	day := func(n int) map[string]string {
		m.SetNow(now.AddDate(0, 0, n))
		res := ask(t, c, &memory)
		require.Empty(t, rules(res))
		require.Empty(t, res.Problems)
		left, err := os.ReadDir(c.Rehearsals)
		require.NoError(t, err)
		require.Empty(t, left, "nothing stays in clear")
		return verifiedAt(res)
	}
	assert.Equal(t, map[string]string{"restore": "2026-11-25", "live": "2026-11-25"}, day(0), "before the first backup there was nothing to read")
	assert.Equal(t, map[string]string{
		"heads": "2026-11-26", "bytes": "2026-11-26", "contents": "2026-11-26", "restore": "2026-11-25", "live": "2026-11-25",
	}, day(1))
	assert.Equal(t, "2026-12-02", day(7)["restore"])

	c.Repo.Keys = backuptest.Writer()
	c.Rehearsals = t.TempDir()
	assert.Equal(t, map[string]string{
		"heads": "2026-12-10", "bytes": "2026-12-10", "contents": "2026-12-02", "restore": "2026-12-02", "live": "2026-12-02",
	}, day(15), "without an identity nothing is decrypted, and the old dates show it")
}

func TestALargeSnapshotIsRehearsedInShares(t *testing.T) {
	store, m := &backuptest.Memory{}, hosttest.New(small)
	for i := range 40 {
		require.NoError(t, m.WriteFile(fmt.Sprintf("/etc/file%d", i), fmt.Appendf(nil, "%d\n", i), 0o644))
	}
	var memory reporttest.Store
	c := capture.Configuration{Host: m.Host(), Repo: repo(store), DailyBytes: 60, Rehearsals: t.TempDir()}
	runs := 1
	for ; runs < 40; runs++ {
		res := ask(t, c, &memory)
		require.Empty(t, rules(res))
		require.Empty(t, res.Problems)
		if verifiedAt(res)["restore"] != "" {
			break
		}
	}
	assert.Greater(t, runs, 2)
	assert.LessOrEqual(t, runs, 30)
}

// spoiling loses the packs of contents when a snapshot was stored.
type spoiling struct {
	*backuptest.Memory
	lost string
}

func (s *spoiling) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if strings.HasPrefix(name, "packs/") && s.lost == "" {
		s.lost = name // the first is of contents
	}
	return s.Memory.Create(ctx, name, body, size)
}

func (s *spoiling) Open(ctx context.Context, name string) (backup.Blob, error) {
	if _, done := s.Files[backup.SnapshotName(1)]; done && name == s.lost {
		return nil, fs.ErrNotExist
	}
	return s.Memory.Open(ctx, name)
}

func TestARestoreThatGivesBackSomethingElseIsSaid(t *testing.T) {
	store, m := &spoiling{Memory: &backuptest.Memory{}}, hosttest.New(small)
	var memory reporttest.Store
	c := capture.Configuration{Host: m.Host(), Repo: repo(store), Rehearsals: t.TempDir()}
	res := ask(t, c, &memory)
	require.Equal(t, []string{"restore"}, rules(res))
	assert.Contains(t, res.Findings[0].Detail, "/etc/motd")
	assert.NotContains(t, verifiedAt(res), "restore")
	store.lost = "nothing"
	assert.Empty(t, rules(ask(t, c, &memory)), "it is rehearsed again at once, and now it is right")
}
