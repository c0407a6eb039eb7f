// Package tree walks a directory tree, fast and safe against whoever changes
// it meanwhile, and hashes its files.
//
//	counts, err := tree.Walk(ctx, host.Local().Files, "/etc", host.WalkOptions{Digests: []string{"sha256"}},
//		func(e *host.Entry) error { fmt.Println(e.Path, e.Size); return nil })
//
// It follows no link, opens regular files only, and changes nothing. It does
// not remember anything, and does not decide what a difference means.
//
// # Design
//
// On Linux, a file system that gives real directories (host.DirOpener) is read
// through a chain of directory descriptors, one component at a time, each
// opened with O_NOFOLLOW: a directory that is swapped for a link while the walk
// is below it leads nowhere else. Any other file system is read by path; there
// a file is read only if the open file is the one that was listed. A host.Walker
// is asked for the whole tree at once.
//
// One goroutine lists directories, a pool looks at files in small batches, and
// the caller's goroutine receives the batches in the order in which they were
// listed. The number of batches is fixed, so memory is bounded by them and by
// the names of the directories that the walk is in.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// Counts say how much a walk has seen.
type Counts struct {
	Entries  int64 // given to fn
	Bytes    int64 // hashed
	Vanished int64 // listed, but gone when looked at
}

// ErrTooDeep says that a directory was not read because it lies more than
// maxDepth levels below the root.
var ErrTooDeep = fmt.Errorf("not read: more than %d levels deep", maxDepth)

// maxDepth bounds the directory descriptors that a walk holds.
const maxDepth = 256

// Walk walks any file system by the sentences of host.Walker. The error is
// ctx's, or fn's, or that of the old stream, or says that root could not be
// looked at; it wraps fs.ErrNotExist only when root is known not to exist. After
// an error, entries behind the last are unknown.
func Walk(ctx context.Context, files host.FS, root string, o host.WalkOptions, fn func(*host.Entry) error) (Counts, error) {
	if files == nil {
		return Counts{}, fmt.Errorf("walk %s: %w", root, errors.ErrUnsupported)
	}
	if !host.ValidName(root) || path.Clean(root) != root {
		return Counts{}, fmt.Errorf("walk %q: %w", root, fs.ErrInvalid)
	}
	if err := o.Validate(); err != nil {
		return Counts{}, fmt.Errorf("walk %s: %w", root, err)
	}
	if w, ok := files.(host.Walker); ok && !opensDirs(files) {
		return walkRemote(ctx, w, root, o, fn)
	}
	st, err := files.Lstat(ctx, root)
	if err != nil {
		return Counts{}, fmt.Errorf("walk %s: %w", root, err)
	}
	if o.Leaves(root, st) {
		return Counts{}, nil
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	w := newWalk(ctx, files, o, fn)
	return w.run(root, st)
}

// Look looks at one file as Walk does, and at nothing below it. By name it may
// find another file than an earlier walk did: the caller compares.
func Look(ctx context.Context, files host.FS, name string, o host.WalkOptions) (host.Entry, error) {
	st, err := files.Lstat(ctx, name)
	if err != nil {
		return host.Entry{}, fmt.Errorf("look at %s: %w", name, err)
	}
	o.Prune, o.Skip = nil, nil
	s := slot{Entry: host.Entry{Path: name, Stat: st}, dir: &folder{reader: byPath{files, path.Dir(name)}}}
	if !st.IsDir() {
		newWorker(&o).examine(ctx, &s)
	}
	if s.vanished {
		return host.Entry{}, fmt.Errorf("look at %s: %w", name, fs.ErrNotExist)
	}
	return s.Entry, nil
}

// Compare orders paths as Walk does: by components, each by its bytes. It
// gives -1, 0 or 1.
func Compare(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '/' || b[i] != '/' && a[i] < b[i] {
			return -1
		}
		return 1
	}
	return compareInt(len(a), len(b))
}

// Within reports whether name is dir or below it.
func Within(name, dir string) bool {
	return name == dir || dir == "/" || strings.HasPrefix(name, dir) && name[len(dir)] == '/'
}

func compareInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// join puts a name behind a directory's path.
func join(dir, name string) string {
	if dir == "/" {
		return dir + name
	}
	return dir + "/" + name
}
