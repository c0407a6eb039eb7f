package deliver_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
)

func filled(t *testing.T, f deliver.Folder, reports int) []string {
	t.Helper()
	f.Formats = []deliver.Format{{Ext: "txt", Write: func(w io.Writer, rep *report.Report) error {
		_, err := io.WriteString(w, strings.Repeat("line\n", 1000))
		return err
	}}}
	for seq := range reports {
		require.NoError(t, f.Report(t.Context(), &report.Report{Seq: uint64(seq + 1), Started: time.Unix(0, 0)}))
	}
	names, err := filepath.Glob(filepath.Join(f.Dir, "1970-*"))
	require.NoError(t, err)
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	return names
}

func TestOldReportsAreCompressed(t *testing.T) {
	dir := t.TempDir()
	names := filled(t, deliver.Folder{Dir: dir, Keep: 4, Plain: 2}, 6)
	require.Equal(t, []string{
		"1970-01-01-00000003.txt.gz", "1970-01-01-00000004.txt.gz", "1970-01-01-00000005.txt", "1970-01-01-00000006.txt",
	}, names)
	file, err := os.Open(filepath.Join(dir, names[0]))
	require.NoError(t, err)
	defer file.Close()
	r, err := gzip.NewReader(file)
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("line\n", 1000), string(text))
}

func TestAllReportsTogetherHaveABoundOfBytes(t *testing.T) {
	assert.Equal(t, []string{"1970-01-01-00000005.txt", "1970-01-01-00000006.txt"}, filled(t, deliver.Folder{Dir: t.TempDir(), Bytes: 12_000}, 6))
	assert.Equal(t, []string{"1970-01-01-00000006.txt"}, filled(t, deliver.Folder{Dir: t.TempDir(), Bytes: 1}, 6), "the newest always stays")
}

func TestWhatKilledWritersLeftIsSwept(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{
		".1970-01-01-00000001.txt.tmp-1": old, ".latest.txt.tmp-2": old, ".latest.txt.tmp-3": time.Now(), ".notes.tmp-4": old,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), at, at))
	}
	filled(t, deliver.Folder{Dir: dir}, 1)
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	require.Len(t, left, 2)
	assert.Equal(t, []string{".latest.txt.tmp-3", ".notes.tmp-4"}, []string{filepath.Base(left[0]), filepath.Base(left[1])})
}
