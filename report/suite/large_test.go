package suite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

func TestALargeValueComesBackWhole(t *testing.T) {
	dir := t.TempDir()
	store := memory.FileStore{Dir: dir}
	var last []byte
	for i := range 5 {
		value := bytes.Repeat([]byte{byte(i)}, 3<<20)
		inSuite(t, store, func(rec *report.Recorder) error {
			got, err := rec.KeptLarge("sockets")
			assert.NoError(t, err)
			assert.Equal(t, last, got)
			return rec.KeepLarge("sockets", value)
		})
		last = value
		files, err := os.ReadDir(filepath.Join(dir, "kept"))
		require.NoError(t, err)
		assert.LessOrEqual(t, len(files), 3, "what nothing refers to is swept")
	}
	inSuite(t, store, func(*report.Recorder) error { return nil })
	inSuite(t, store, func(rec *report.Recorder) error {
		got, err := rec.KeptLarge("sockets")
		assert.NoError(t, err)
		assert.Equal(t, last, got, "a run that keeps nothing anew leaves it")
		return rec.KeepLarge("sockets", nil)
	})
	inSuite(t, store, func(rec *report.Recorder) error {
		got, err := rec.KeptLarge("sockets")
		assert.NoError(t, err)
		assert.Nil(t, got)
		return nil
	})
}

func TestTheCopyBeforeStillHasItsLargeValues(t *testing.T) {
	dir := t.TempDir()
	store := memory.FileStore{Dir: dir}
	for _, value := range []string{"one", "two", "three"} {
		inSuite(t, store, func(rec *report.Recorder) error { return rec.KeepLarge("n", []byte(value)) })
	}
	spoil(t, filepath.Join(dir, "state.json"), func(d []byte) []byte { return d[:len(d)-9] })
	inSuite(t, store, func(rec *report.Recorder) error {
		got, err := rec.KeptLarge("n")
		assert.NoError(t, err)
		assert.Equal(t, "two", string(got))
		return nil
	})
}

func TestADamagedOrMissingLargeValueIsNeverAnEmptyOne(t *testing.T) {
	for name, harm := range map[string]func(file string) error{
		"one bit": func(file string) error { return os.WriteFile(file, []byte("valuf"), 0o600) },
		"missing": os.Remove,
		"a link":  func(file string) error { os.Remove(file); return os.Symlink("/etc/passwd", file) },
	} {
		dir := t.TempDir()
		inSuite(t, memory.FileStore{Dir: dir}, func(rec *report.Recorder) error { return rec.KeepLarge("n", []byte("value")) })
		files, err := filepath.Glob(filepath.Join(dir, "kept", "*"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.NoError(t, harm(files[0]))
		inSuite(t, memory.FileStore{Dir: dir}, func(rec *report.Recorder) error {
			_, err := rec.KeptLarge("n")
			assert.ErrorIs(t, err, report.ErrDamaged, name)
			return nil
		})
	}
}

func TestALargeValueWithoutAPlaceIsRefused(t *testing.T) {
	inSuite(t, &plain{&reporttest.Store{}}, func(rec *report.Recorder) error {
		assert.Error(t, rec.KeepLarge("n", []byte("x")))
		return nil
	})
	inSuite(t, nil, func(rec *report.Recorder) error { return rec.KeepLarge("n", []byte("x")) })
}

// plain is a store that has no more than it must have.
type plain struct{ memory.Store }

func TestALargeValueOfARunThatLostAFindingIsNotKept(t *testing.T) {
	store := memory.FileStore{Dir: t.TempDir()}
	inSuite(t, store, func(rec *report.Recorder) error { return rec.KeepLarge("n", []byte("old")) })
	inSuite(t, store, func(rec *report.Recorder) error {
		rec.Finding(report.Finding{Rule: "nobody"})
		return rec.KeepLarge("n", []byte("new"))
	})
	inSuite(t, store, func(rec *report.Recorder) error {
		got, err := rec.KeptLarge("n")
		assert.Equal(t, "old", string(got))
		return err
	})
}
