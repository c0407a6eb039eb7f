package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

var (
	errRelay = errors.New("relay refused")
	errDisk  = errors.New("disk full")
)

type panicky struct{}

func (panicky) Report(context.Context, *report.Report) error { panic("boom") }

func TestMultiTellsEveryoneAndReturnsEveryFailure(t *testing.T) {
	well := &reporttest.Reporter{}
	path := &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}
	m := deliver.Multi(&reporttest.Reporter{Err: errRelay}, well, &reporttest.Reporter{Err: path}, panicky{}, &reporttest.Reporter{Err: errDisk})
	err := m.Report(t.Context(), &report.Report{})
	assert.Len(t, well.Reports(), 1)
	for _, e := range []error{err, errors.Join(errors.New("other"), err), fmt.Errorf("wrapped: %w", err)} {
		assert.ErrorIs(t, e, errRelay)
		assert.ErrorIs(t, e, errDisk)
		assert.ErrorIs(t, e, fs.ErrPermission)
		assert.NotErrorIs(t, e, io.EOF)
		var as *fs.PathError
		require.ErrorAs(t, e, &as)
		assert.Equal(t, "/x", as.Path)
		typed, ok := errors.AsType[*fs.PathError](e)
		require.True(t, ok)
		assert.Same(t, path, typed)
		assert.ErrorContains(t, e, "panic: boom")
	}
}

func TestMultiWithoutFailureIsNil(t *testing.T) {
	// A typed nil in an error is the classic trap of the library inside.
	assert.True(t, deliver.Multi().Report(t.Context(), &report.Report{}) == nil)
	assert.True(t, deliver.Multi(&reporttest.Reporter{}, &reporttest.Reporter{}).Report(t.Context(), &report.Report{}) == nil)
}

func TestJoinInsideMultiShowsItsChildren(t *testing.T) {
	m := deliver.Multi(&reporttest.Reporter{Err: errors.Join(errRelay, errDisk)}, &reporttest.Reporter{Err: io.EOF})
	err := m.Report(t.Context(), &report.Report{})
	assert.ErrorIs(t, err, errDisk)
	assert.ErrorIs(t, err, errRelay)
	assert.ErrorIs(t, err, io.EOF)
}

func TestMultiKeepsTheContract(t *testing.T) {
	err := reporttest.TestReporter(t.Context(), func() report.Reporter { return deliver.Multi(&reporttest.Reporter{}) }, reporttest.Sample(1).Report)
	assert.NoError(t, err)
}

func folder(dir string) deliver.Folder {
	return deliver.Folder{Dir: dir, Keep: 3, Formats: []deliver.Format{{Ext: "txt", Write: func(w io.Writer, rep *report.Report) error {
		_, err := fmt.Fprintf(w, "report %d\n", rep.Seq)
		return err
	}}}}
}

func TestFolderKeepsTheNewestByNumber(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "reports"))
	for seq := uint64(1); seq <= 6; seq++ {
		// The clock runs backwards; the number does not.
		rep := &report.Report{Seq: seq, Started: time.Date(2026, 11, 30-int(seq), 0, 0, 0, 0, time.UTC)}
		require.NoError(t, f.Report(t.Context(), rep))
		data, err := os.ReadFile(f.Name(rep, "txt"))
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("report %d\n", seq), string(data))
	}
	stranger := filepath.Join(f.Dir, "notes.txt")
	require.NoError(t, os.WriteFile(stranger, nil, 0o600))
	require.NoError(t, f.Report(t.Context(), &report.Report{Seq: 7, Started: time.Unix(0, 0)}))
	entries, err := os.ReadDir(f.Dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"1970-01-01-00000007.txt", "2026-11-24-00000006.txt", "2026-11-25-00000005.txt", "latest.txt", "notes.txt"}, names)
	st, err := os.Stat(f.Dir)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o700), st.Mode().Perm())
}

func TestFolderTriesEveryFormat(t *testing.T) {
	f := folder(t.TempDir())
	f.Formats = append([]deliver.Format{{Ext: "html", Write: func(io.Writer, *report.Report) error { return errDisk }}}, f.Formats...)
	err := f.Report(t.Context(), &report.Report{Seq: 1})
	assert.ErrorIs(t, err, errDisk)
	assert.FileExists(t, filepath.Join(f.Dir, "latest.txt"))
	assert.NoFileExists(t, filepath.Join(f.Dir, "latest.html"))
}

func ExampleMulti() {
	terminal := report.ReporterFunc(func(_ context.Context, rep *report.Report) error {
		fmt.Println("report", rep.Seq)
		return nil
	})
	broken := report.ReporterFunc(func(context.Context, *report.Report) error { return errRelay })
	err := deliver.Multi(terminal, broken).Report(context.Background(), &report.Report{Seq: 4})
	fmt.Println(errors.Is(err, errRelay))
	// Output:
	// report 4
	// true
}
