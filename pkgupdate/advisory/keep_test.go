package advisory_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
)

func TestAnAnswerCanBeHadAgainFromWhatWasKept(t *testing.T) {
	at := now.Add(-time.Hour)
	files := fstest.MapFS{"DSA": {Data: []byte(dsaText), ModTime: at}, "a.json": {Data: []byte(osvRecord), ModTime: at}, "a.json.asc": {Data: []byte("x"), ModTime: at}}
	f := advisory.Folder{FS: files, Now: func() time.Time { return now }}
	was, err := f.Read(t.Context(), bookworm(t, "bash 1", "openssl 1"))
	require.NoError(t, err)
	dir := t.TempDir()
	kept, err := f.Keep(t.Context(), was.Feeds, dir)
	require.NoError(t, err)
	again, err := f.Keep(t.Context(), was.Feeds, dir)
	require.NoError(t, err)
	assert.Equal(t, kept, again, "the same feeds are kept once")

	is, err := advisory.Folder{FS: os.DirFS(kept), Now: func() time.Time { return now }}.Read(t.Context(), bookworm(t, "bash 1", "openssl 1"))
	require.NoError(t, err)
	assert.Equal(t, was.Matches, is.Matches)
	for i := range was.Feeds {
		assert.True(t, was.Feeds[i].Fetched.Equal(is.Feeds[i].Fetched))
		was.Feeds[i].Fetched, is.Feeds[i].Fetched = time.Time{}, time.Time{}
	}
	assert.Equal(t, was.Feeds, is.Feeds)

	require.NoError(t, os.WriteFile(filepath.Join(kept, "DSA"), []byte(dsaText+"\n"), 0o600))
	is, _ = advisory.Folder{FS: os.DirFS(kept), Now: func() time.Time { return now }}.Read(t.Context(), bookworm(t, "bash 1"))
	require.ErrorIs(t, is.Feeds[0].Err, pkgupdate.ErrUnverified, "what was kept and changed is not believed")

	files["DSA"].Data = []byte("[1 Nov 2026] DSA-1-1 x\n")
	_, err = f.Keep(t.Context(), was.Feeds, t.TempDir())
	assert.ErrorContains(t, err, "it was replaced since it was read")
}
