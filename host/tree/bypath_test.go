package tree_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// fake is a file system in a map: a nil error and no content is a directory.
type fake map[string]*node

type node struct {
	st      host.Stat
	content string
	err     error // of Lstat, or of ReadDir for a directory
	moving  bool  // another mtime at each look
}

func dir(dev uint64) *node {
	return &node{st: host.Stat{Mode: host.ModeDir | 0o755, Dev: dev, Ino: 1, Known: host.KnownMode | host.KnownInode}}
}

func file(content string) *node {
	return &node{content: content, st: host.Stat{
		Mode: host.ModeRegular | 0o644, Size: int64(len(content)), Known: host.KnownMode | host.KnownSize | host.KnownMtime,
	}}
}

func (f fake) Lstat(_ context.Context, name string) (host.Stat, error) {
	n, ok := f[name]
	switch {
	case !ok:
		return host.Stat{}, fs.ErrNotExist
	case n.err != nil && !n.st.IsDir():
		return host.Stat{}, n.err
	}
	if n.moving {
		n.st.Mtime++
	}
	st := n.st
	st.Name = name[strings.LastIndexByte(name, '/')+1:]
	return st, nil
}

func (f fake) ReadDir(_ context.Context, name string) (list []host.Stat, err error) {
	if err := f[name].err; err != nil {
		return nil, err
	}
	for path, n := range f {
		if base, ok := strings.CutPrefix(path, name+"/"); ok && !strings.Contains(base, "/") {
			st := n.st
			st.Name = base
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b host.Stat) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (f fake) Open(_ context.Context, name string) (host.File, error) {
	n, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return opened{strings.NewReader(n.content), f, name}, nil
}

type opened struct {
	*strings.Reader
	fs   fake
	name string
}

func (o opened) Close() error             { return nil }
func (o opened) Stat() (host.Stat, error) { return o.fs.Lstat(context.Background(), o.name) }

func TestAWindowThatIsFilledManyTimesKeepsTheOrder(t *testing.T) {
	files := fake{"/d": dir(1)}
	for i := range 10 {
		sub := fmt.Sprintf("/d/%d", i)
		files[sub] = dir(1)
		for j := range 1500 {
			files[fmt.Sprintf("%s/%d", sub, j)] = file(strings.Repeat("x", i*j%3000))
		}
	}
	entries, order := walk(t, files, "/d", host.WalkOptions{Digests: []string{"sha256"}, Workers: 8})
	assert.Len(t, order, len(files))
	assert.True(t, slices.IsSortedFunc(order, tree.Compare))
	for name, n := range files {
		if n.st.IsRegular() {
			require.Equal(t, sumOf([]byte(n.content)), entries[strings.TrimPrefix(name, "/d")].Digests, name)
		}
	}
}

func TestAFileThatChangesEachTimeIsUnstable(t *testing.T) {
	busy := file("busy")
	busy.moving = true
	entries, _ := walk(t, fake{"/d": dir(1), "/d/busy": busy, "/d/calm": file("calm")}, "/d", host.WalkOptions{Digests: []string{"sha256"}})
	assert.True(t, entries["/busy"].Unstable)
	assert.False(t, entries["/busy"].Hashed())
	assert.Equal(t, sumOf([]byte("calm")), entries["/calm"].Digests)
}

func TestAFileOfAnotherLengthThanToldIsUnstable(t *testing.T) {
	long, short := file("12345"), file("12345")
	long.st.Size, short.st.Size = 6, 4
	entries, _ := walk(t, fake{"/d": dir(1), "/d/long": long, "/d/short": short}, "/d", host.WalkOptions{Digests: []string{"sha256"}})
	assert.True(t, entries["/long"].Unstable)
	assert.True(t, entries["/short"].Unstable)
}

func TestWhatVanishesIsCountedAndNoError(t *testing.T) {
	ghost := &node{err: fs.ErrNotExist} // listed without a type, then gone
	gone := dir(1)
	gone.err = fs.ErrNotExist // a directory, gone when it is to be listed
	counts, err := tree.Walk(t.Context(), fake{"/d": dir(1), "/d/ghost": ghost, "/d/gone": gone}, "/d", host.WalkOptions{Digests: []string{"sha256"}},
		func(e *host.Entry) error {
			assert.Equal(t, "/d", e.Path)
			return nil
		})
	require.NoError(t, err)
	assert.Equal(t, tree.Counts{Entries: 1, Vanished: 2}, counts)
}

func TestADirectoryThatCannotBeListedIsNotComplete(t *testing.T) {
	closed := dir(1)
	closed.err = fmt.Errorf("list: %w", fs.ErrPermission)
	entries, order := walk(t, fake{"/d": dir(1), "/d/closed": closed, "/d/z": file("")}, "/d", host.WalkOptions{})
	assert.Equal(t, []string{"", "/closed", "/z"}, order)
	assert.ErrorIs(t, entries["/closed"].Err, fs.ErrPermission)
	assert.False(t, entries["/closed"].Complete)
	assert.True(t, entries[""].Complete)
}

func TestAnotherFileSystemIsToldAndNotEntered(t *testing.T) {
	files := fake{"/d": dir(1), "/d/m": dir(2), "/d/m/x": file("x"), "/d/s": dir(1), "/d/s/y": file("y")}
	entries, order := walk(t, files, "/d", host.WalkOptions{OneFileSystem: true})
	assert.Equal(t, []string{"", "/m", "/s", "/s/y"}, order)
	assert.False(t, entries["/m"].Complete)
	assert.ErrorIs(t, entries["/m"].Err, host.ErrOtherFileSystem)
	_, order = walk(t, files, "/d", host.WalkOptions{})
	assert.Contains(t, order, "/m/x")
}

// remote is a fake that lists whole trees.
type remote struct{ fake }

func (r remote) Walk(_ context.Context, root string, o host.WalkOptions, fn func(*host.Entry) error) error {
	var names []string
	for name := range r.fake {
		if tree.Within(name, root) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, tree.Compare)
	for _, name := range names {
		e := host.Entry{Path: name, Stat: r.fake[name].st, Err: r.fake[name].err}
		if len(o.Digests) > 0 && e.IsRegular() {
			e.Digests = sumOf([]byte(r.fake[name].content))
		}
		if err := fn(&e); err != nil {
			return err
		}
	}
	return nil
}

func TestAWalkerIsAskedForTheWholeTree(t *testing.T) {
	closed := dir(1)
	closed.err = fs.ErrPermission
	files := remote{fake{"/d": dir(1), "/d/a": file("a"), "/d/closed": closed}}
	entries, order := walk(t, files, "/d", host.WalkOptions{Digests: []string{"sha256"}})
	assert.Equal(t, []string{"", "/a", "/closed"}, order)
	assert.Equal(t, sumOf([]byte("a")), entries["/a"].Digests)
	assert.ErrorIs(t, entries["/closed"].Err, fs.ErrPermission)
	none := func(*host.Entry) error { return nil }
	counts, err := tree.Walk(t.Context(), files, "/d", host.WalkOptions{Digests: []string{"sha256"}}, none)
	require.NoError(t, err)
	assert.Equal(t, tree.Counts{Entries: 3, Bytes: 1}, counts)
	_, err = tree.Walk(t.Context(), files, "/d", host.WalkOptions{Prune: []string{"/d/[a"}}, none)
	require.ErrorIs(t, err, path.ErrBadPattern)
	_, err = tree.Walk(t.Context(), files, "/d", host.WalkOptions{Digests: []string{"crc7"}}, none)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
