package deliver_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
)

func TestAFileHasTheNewestReportWholeAndNothingBesideIt(t *testing.T) {
	dir := t.TempDir()
	f := deliver.File{Name: filepath.Join(dir, "upkeep.prom"), Mode: 0o644, Write: func(w io.Writer, rep *report.Report) error {
		fmt.Fprintf(w, "report %d\n", rep.Seq)
		if rep.Seq == 3 {
			return errors.New("cannot be drawn")
		}
		return nil
	}}
	require.NoError(t, f.Report(t.Context(), numbered(1)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".upkeep.prom.tmp-7"), []byte("of a writer that was killed"), 0o600))
	require.NoError(t, f.Report(t.Context(), numbered(2)))
	require.ErrorContains(t, f.Report(t.Context(), numbered(3)), "cannot be drawn")
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, list, 1)
	info, err := list[0].Info()
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode(), "others read it")
	text, err := os.ReadFile(f.Name)
	require.NoError(t, err)
	assert.Equal(t, "report 2\n", string(text))
}
