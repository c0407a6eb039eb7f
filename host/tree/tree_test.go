package tree_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// plain hides what a file system can do beyond host.FS.
type plain struct{ host.FS }

// kinds are the ways to read one and the same directory.
func kinds() map[string]host.FS {
	local := host.Local().Files
	return map[string]host.FS{"by descriptor": local, "by path": plain{local}}
}

// walk collects all entries by their path below root.
func sumOf(content []byte) []host.Digest {
	sum := sha256.Sum256(content)
	return []host.Digest{host.NewDigest("sha256", sum[:])}
}

func walk(t *testing.T, files host.FS, root string, o host.WalkOptions) (map[string]host.Entry, []string) {
	t.Helper()
	entries := map[string]host.Entry{}
	var order []string
	_, err := tree.Walk(t.Context(), files, root, o, func(e *host.Entry) error {
		entries[strings.TrimPrefix(e.Path, root)] = *e
		order = append(order, strings.TrimPrefix(e.Path, root))
		return nil
	})
	require.NoError(t, err)
	return entries, order
}

// grow writes files below a new directory; names that end in a slash are directories.
func grow(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		full := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(full, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(content), 0o644))
	}
	return root
}

func TestEntriesComeInTheOrderOfComponents(t *testing.T) {
	root := grow(t, map[string]string{"b": "", "a/x": "", "a.b": "", "a-b/y": "", "a/x.d/z": "", "é": "", "B/": ""})
	want := []string{"", "/B", "/a", "/a/x", "/a/x.d", "/a/x.d/z", "/a-b", "/a-b/y", "/a.b", "/b", "/é"}
	for kind, files := range kinds() {
		t.Run(kind, func(t *testing.T) {
			_, order := walk(t, files, root, host.WalkOptions{})
			if diff := cmp.Diff(want, order); diff != "" {
				// Names stand before longer ones: "a" and all below it before "a-b".
				t.Error(diff)
			}
			assert.True(t, slices.IsSortedFunc(order, tree.Compare))
		})
	}
}

func TestDigestsAreThoseOfTheContent(t *testing.T) {
	contents := map[string]string{}
	for name, size := range map[string]int{"empty": 0, "one": 1, "full": 256 << 10, "less": 256<<10 - 1, "more": 256<<10 + 1, "large": 3 << 20} {
		contents[name] = strings.Repeat("0123456789abcde\n", size/16+1)[:size]
	}
	root := grow(t, contents)
	for kind, files := range kinds() {
		t.Run(kind, func(t *testing.T) {
			entries, _ := walk(t, files, root, host.WalkOptions{Digests: []string{"sha256"}})
			for name, content := range contents {
				e := entries["/"+name]
				assert.True(t, e.Hashed(), name)
				assert.Equal(t, sumOf([]byte(content)), e.Digests, name)
				assert.Equal(t, name, e.Name)
			}
		})
	}
}

func TestBothWaysTellTheSame(t *testing.T) {
	root := grow(t, map[string]string{"a/b/c": "x", "a/d": "y", "e/": "", "f": "z"})
	require.NoError(t, os.Symlink("a/d", filepath.Join(root, "link")))
	require.NoError(t, os.Chmod(filepath.Join(root, "f"), 0o711|os.ModeSetuid))
	first, order := walk(t, kinds()["by descriptor"], root, host.WalkOptions{Digests: []string{"sha256"}})
	second, again := walk(t, kinds()["by path"], root, host.WalkOptions{Digests: []string{"sha256"}})
	require.Equal(t, order, again)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	assert.Equal(t, "a/d", first["/link"].Link)
	assert.Equal(t, uint32(0o4711), first["/f"].Perm())
}

func TestLinksAreNotFollowed(t *testing.T) {
	outside := grow(t, map[string]string{"secret": "s"})
	root := grow(t, map[string]string{"in": ""})
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "dir")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(root, "file")))
	for kind, files := range kinds() {
		t.Run(kind, func(t *testing.T) {
			entries, order := walk(t, files, root, host.WalkOptions{Digests: []string{"sha256"}})
			assert.Equal(t, []string{"", "/dir", "/file", "/in"}, order)
			assert.Equal(t, outside, entries["/dir"].Link)
			assert.False(t, entries["/file"].Hashed())

			entries, order = walk(t, files, root+"/dir", host.WalkOptions{Digests: []string{"sha256"}})
			assert.Equal(t, []string{""}, order, "a root that is a link is one entry")
			assert.True(t, entries[""].IsLink())
		})
	}
}

func TestARootMayBeAFileOrMissing(t *testing.T) {
	root := grow(t, map[string]string{"f": "x"})
	entries, _ := walk(t, host.Local().Files, root+"/f", host.WalkOptions{Digests: []string{"sha256"}})
	assert.Equal(t, sumOf([]byte("x")), entries[""].Digests)

	for _, bad := range []string{"relative", "/etc/", "/a//b", "/x\x00y"} {
		_, err := tree.Walk(t.Context(), host.Local().Files, bad, host.WalkOptions{}, nil)
		assert.ErrorIs(t, err, fs.ErrInvalid, "%q", bad)
	}
	_, err := tree.Walk(t.Context(), host.Local().Files, root+"/none", host.WalkOptions{}, nil)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = tree.Walk(t.Context(), nil, root, host.WalkOptions{}, nil)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestStrangeNamesAreWalkedLikeOthers(t *testing.T) {
	names := []string{"new\nline", "esc\x1b[2J", "bad\xff\xfeutf8", "\xff dir/inside", "\u202ebidi", " ", "-rf", "*"}
	files := map[string]string{}
	for _, n := range names {
		files[n] = n
	}
	root := grow(t, files)
	for kind, fsys := range kinds() {
		t.Run(kind, func(t *testing.T) {
			entries, _ := walk(t, fsys, root, host.WalkOptions{Digests: []string{"sha256"}})
			for _, n := range names {
				assert.Equal(t, sumOf([]byte(n)), entries["/"+n].Digests, "%q", n)
			}
		})
	}
}

func TestAFileBeyondTheBoundIsToldAndNotRead(t *testing.T) {
	root := grow(t, map[string]string{"small": "1234"})
	f, err := os.Create(filepath.Join(root, "huge"))
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1<<42)) // a hole of 4 TiB: reading it would never end
	require.NoError(t, f.Close())
	for kind, files := range kinds() {
		t.Run(kind, func(t *testing.T) {
			entries, _ := walk(t, files, root, host.WalkOptions{Digests: []string{"sha256"}, MaxFileSize: 4})
			assert.ErrorIs(t, entries["/huge"].Err, host.ErrTooLarge)
			assert.False(t, entries["/huge"].Hashed())
			assert.Equal(t, int64(1<<42), entries["/huge"].Size)
			assert.True(t, entries["/small"].Hashed())
		})
	}
}

func TestSkippedDirectoriesAreNotEntered(t *testing.T) {
	root := grow(t, map[string]string{"a/x": "", "b/y": "", "c": ""})
	skip := func(name string, st host.Stat) bool {
		return name == root+"/a" && st.IsDir() || name == root+"/c" && st.IsRegular()
	}
	for kind, files := range kinds() {
		t.Run(kind, func(t *testing.T) {
			_, order := walk(t, files, root, host.WalkOptions{Skip: skip, Digests: []string{"sha256"}})
			assert.Equal(t, []string{"", "/b", "/b/y"}, order)
		})
	}
}

func TestAnErrorOfTheReceiverEndsTheWalk(t *testing.T) {
	root := grow(t, map[string]string{"a/x": "", "b/y": "", "c": ""})
	enough := errors.New("enough")
	calls := 0
	_, err := tree.Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(*host.Entry) error {
		calls++
		return enough
	})
	assert.ErrorIs(t, err, enough)
	assert.Equal(t, 1, calls)
}

func TestACancelledWalkIsAnError(t *testing.T) {
	root := grow(t, map[string]string{"a/x": "", "b": ""})
	for kind, files := range kinds() {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := tree.Walk(ctx, files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(*host.Entry) error {
				cancel()
				return nil
			})
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestAPanicIsTheCallers(t *testing.T) {
	root := grow(t, map[string]string{"a": "", "d/b": ""})
	for _, at := range []string{"/a", "/d"} {
		assert.PanicsWithValue(t, at, func() {
			skip := func(name string, _ host.Stat) bool {
				if name == root+at {
					panic(at)
				}
				return false
			}
			_, err := tree.Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Skip: skip}, func(*host.Entry) error { return nil })
			assert.NoError(t, err)
		})
	}
}

func TestTooDeepDirectoriesAreToldAndNotEntered(t *testing.T) {
	root := t.TempDir()
	deep := strings.Repeat("/d", 300)
	require.NoError(t, os.MkdirAll(root+deep, 0o755))
	entries, _ := walk(t, host.Local().Files, root, host.WalkOptions{})
	last := strings.Repeat("/d", 257)
	assert.ErrorIs(t, entries[last].Err, tree.ErrTooDeep)
	assert.False(t, entries[last].Complete)
	assert.NotContains(t, entries, last+"/d")
}

func TestLookTellsTheSameAsWalk(t *testing.T) {
	root := grow(t, map[string]string{"d/f": "x"})
	o := host.WalkOptions{Digests: []string{"sha256"}}
	entries, _ := walk(t, host.Local().Files, root, o)
	got, err := tree.Look(t.Context(), host.Local().Files, root+"/d/f", o)
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(entries["/d/f"], got))
	_, err = tree.Look(t.Context(), host.Local().Files, root+"/none", o)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func FuzzCompareOrdersByComponents(f *testing.F) {
	f.Add("/a/b", "/a-b")
	f.Add("/a", "/a/b")
	f.Fuzz(func(t *testing.T, a, b string) {
		want := slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
		if got := tree.Compare(a, b); got != want {
			t.Fatalf("Compare(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	root := b.TempDir()
	const dirs, files = 20, 100
	for i := range dirs {
		dir := filepath.Join(root, strings.Repeat("d", i+1))
		require.NoError(b, os.Mkdir(dir, 0o755))
		for j := range files {
			require.NoError(b, os.WriteFile(filepath.Join(dir, strings.Repeat("f", j+1)), make([]byte, 1000), 0o644))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := tree.Walk(context.Background(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(*host.Entry) error { return nil })
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*dirs*files), "ns/file")
}

// swapping is a file system in which somebody does something before each opening.
type swapping struct {
	host.FS
	do func()
}

func (s swapping) Open(ctx context.Context, name string) (host.File, error) {
	s.do()
	return s.FS.Open(ctx, name)
}

func TestASumIsOfTheFileThatWasDescribed(t *testing.T) {
	root := grow(t, map[string]string{"f": "content", "other": "another"})
	name := filepath.Join(root, "f")
	files := host.Local().Files
	st, err := files.Lstat(t.Context(), name)
	require.NoError(t, err)
	sum := sha256.New()
	require.NoError(t, tree.Sum(t.Context(), files, name, st, sum))
	assert.Equal(t, sha256.Sum256([]byte("content")), [32]byte(sum.Sum(nil)))

	for what, do := range map[string]func() error{
		"replaced": func() error { return os.Rename(filepath.Join(root, "other"), name) },
		"a link":   func() error { return errors.Join(os.Remove(name), os.Symlink("elsewhere", name)) },
		"gone":     func() error { return os.Remove(name) },
	} {
		swapped := swapping{files, func() { require.NoError(t, do()) }}
		assert.Error(t, tree.Sum(t.Context(), swapped, name, st, sha256.New()), what)
		require.NoError(t, os.WriteFile(filepath.Join(root, "other"), []byte("content"), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(root, "elsewhere"), []byte("content"), 0o644))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, tree.Sum(ctx, files, name, st, sha256.New()), context.Canceled)
}

func TestAFolderOfTwoHundredThousandEntriesIsWalkedInOrder(t *testing.T) {
	need.Long(t)
	const n = 200_000
	root, err := os.MkdirTemp("/dev/shm", "") // on a disk it takes a minute
	need.That(t, "a file system in memory at /dev/shm", err == nil)
	defer os.RemoveAll(root)
	first := filepath.Join(root, "000000")
	require.NoError(t, os.WriteFile(first, []byte("x"), 0o600))
	for i := range n - 1 {
		name := filepath.Join(root, fmt.Sprintf("%06d", i+1))
		if i%30_000 == 29_999 { // a file has not any number of names
			first = name
			require.NoError(t, os.WriteFile(first, []byte("x"), 0o600))
			continue
		}
		require.NoError(t, os.Link(first, name))
	}
	long := strings.Repeat("z", 255)
	require.NoError(t, os.WriteFile(filepath.Join(root, long), []byte("long"), 0o600))
	seen, last := 0, ""
	_, err = tree.Walk(t.Context(), host.Local().Files, root, host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
		if e.Path == root {
			assert.True(t, e.Complete)
			return nil
		}
		if last >= e.Path || len(e.Digests) == 0 {
			t.Errorf("%s behind %s, with %d digests", e.Path, last, len(e.Digests))
		}
		seen, last = seen+1, e.Path
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, n+1, seen)
	assert.Equal(t, filepath.Join(root, long), last)
}

// withAttrs tells attributes by path.
type withAttrs struct{ host.FS }

func (withAttrs) Attrs(context.Context, string) ([]host.Attr, error) {
	return host.XattrsToAttrs(nil), nil
}

func TestAttributesAreReadOfThoseThatAreAskedFor(t *testing.T) {
	dir := t.TempDir()
	run, data := filepath.Join(dir, "run"), filepath.Join(dir, "data")
	require.NoError(t, os.WriteFile(run, []byte("a"), 0o700))
	require.NoError(t, os.WriteFile(data, []byte("b"), 0o600))
	local := host.Local().Files
	for _, files := range []host.FS{local, withAttrs{local}} {
		for _, digests := range [][]string{nil, {"sha256"}} {
			o := host.WalkOptions{Digests: digests, Attrs: true, AttrsOf: func(st host.Stat) bool { return st.Perm()&0o111 != 0 && st.IsRegular() }}
			with := map[string]bool{}
			_, err := tree.Walk(t.Context(), files, dir, o, func(e *host.Entry) error {
				with[e.Path] = e.Attrs != nil
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, map[string]bool{dir: false, run: true, data: false}, with)
		}
	}
}
