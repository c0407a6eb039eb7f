package s3store

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
)

// objects are names of a bucket as people choose them, and the files that they are.
var objects = map[string]string{
	"daily/a":             "/a%",
	"daily/a/b c+d%?&=é~": "/a/b c+d%?&=é~",
	"daily/a/b":           "/a/b",
	"daily//x":            "/%/x",
	"daily/../y":          "/%2E%2E/y",
	"daily/dir/":          "",
	"other/z":             "",
}

func filesOf(t *testing.T, s *Store) {
	t.Helper()
	f := &Files{Store: s, Prefix: "daily"}
	for key, name := range objects {
		if name == "" {
			continue
		}
		st, err := f.Lstat(t.Context(), name)
		require.NoError(t, err, key)
		assert.True(t, st.IsRegular(), key)
		assert.EqualValues(t, len(key), st.Size)
		in, err := f.Open(t.Context(), name)
		require.NoError(t, err, key)
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		assert.Equal(t, key, string(text), name)
	}
	list, err := f.ReadDir(t.Context(), "/")
	require.NoError(t, err)
	var names []string
	for _, st := range list {
		names = append(names, st.Name)
	}
	assert.Equal(t, []string{"%", "%2E%2E", "a", "a%", "dir"}, names)
	list, err = f.ReadDir(t.Context(), "/dir")
	require.NoError(t, err)
	assert.Empty(t, list)
	_, err = f.ReadDir(t.Context(), "/a/b")
	require.Error(t, err)
	require.NotErrorIs(t, err, fs.ErrNotExist)
	_, err = f.Lstat(t.Context(), "/a/none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = f.Open(t.Context(), "/a")
	require.ErrorIs(t, err, host.ErrNotRegular)
	_, err = f.Lstat(t.Context(), "a")
	require.ErrorIs(t, err, fs.ErrInvalid)
}

func TestBucketIsReadAsFiles(t *testing.T) {
	b := &bucket{}
	s := serve(t, b)
	for key := range objects {
		b.files[key] = []byte(key)
	}
	b.files["daily/dir/"] = nil
	filesOf(t, s)
	b.gone = true
	_, err := (&Files{Store: s}).ReadDir(t.Context(), "/")
	require.Error(t, err)
	require.NotErrorIs(t, err, fs.ErrNotExist, "a bucket that is not there is no empty one")
}

func TestBucketOfARealServerIsReadAsFiles(t *testing.T) {
	s := &Store{Endpoint: startGateway(t), Bucket: "backups", Keys: func() (Keys, error) { return testKeys, nil }}
	newBucket(t, s)
	for _, key := range []string{"daily/a/b c+d%?&=é~", "daily/a/b", "other/z"} {
		text := strings.NewReader(key)
		resp, err := s.do(t.Context(), call{method: "PUT", path: "/backups/" + escapedKey(key), body: text, size: text.Size(), digest: backup.Digest([]byte(key))})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	f := &Files{Store: s, Prefix: "daily/"}
	list, err := f.ReadDir(t.Context(), "/a")
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "b c+d%?&=é~", list[1].Name)
	assert.WithinDuration(t, time.Now(), list[1].ModTime(), time.Hour)
	in, err := f.Open(t.Context(), "/a/b c+d%?&=é~")
	require.NoError(t, err)
	defer in.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(in)
	require.NoError(t, err)
	assert.Equal(t, "daily/a/b c+d%?&=é~", string(text))
}

// FuzzFiles holds any three names of objects to what a file system is.
func FuzzFiles(f *testing.F) {
	f.Add("a", "a/b", "a//b")
	f.Add("", "/", "../%")
	f.Add("a%", "a/", "a")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		files := &Files{Store: &Store{}, taken: true, dirs: map[string]map[string]entry{"/": {}}}
		keys := []string{a, b, c}
		slices.Sort(keys)
		keys = slices.Compact(keys)
		want := 0
		for _, key := range keys {
			if key != "" {
				files.add(key, object{Key: key, Size: 1})
				want++
			}
		}
		got := map[string]bool{}
		dirs := []string{"/"}
		for len(dirs) > 0 {
			list, err := files.ReadDir(t.Context(), dirs[0])
			require.NoError(t, err)
			for _, st := range list {
				name := strings.TrimSuffix(dirs[0], "/") + "/" + st.Name
				require.False(t, st.Name == "" || st.Name == "." || st.Name == ".." || strings.ContainsAny(st.Name, "/\x00"), fmt.Sprintf("%q", st.Name))
				if st.IsDir() {
					dirs = append(dirs, name)
					continue
				}
				_, e, err := files.find(t.Context(), name)
				require.NoError(t, err)
				got[e.key] = true
			}
			dirs = dirs[1:]
		}
		require.Len(t, got, want, "each object is one file")
	})
}
