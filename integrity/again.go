package integrity

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A Look says what is read when some paths are looked at once more.
type Look struct {
	Digests []string // beside SHA-256
	MaxText int64    // bytes; the content of a file up to that size is kept; zero: of none
}

// Seen is what was found at a path: Text is the content that Entry's digests
// are of, nil where it was not kept.
type Seen struct {
	host.Entry
	Text []byte
}

// Again looks once more at some paths of a profile, as Scan does: by the folders
// above them, from the roots of the profile, so that no link which was put in
// the way since is followed. A path that is not in the result is gone. The error
// is that of a walk that was broken off.
func Again(ctx context.Context, files host.FS, p Profile, paths []string, look Look) (map[string]Seen, error) {
	a := again{look: look, wanted: map[string]bool{}, above: map[string]bool{}, seen: map[string]Seen{}, texts: map[string]*text{}}
	for _, name := range paths {
		a.wanted[name] = true
		for dir := path.Dir(name); !a.above[dir]; dir = path.Dir(dir) {
			a.above[dir] = true
		}
	}
	o := p.options()
	o.Digests = append(o.Digests, look.Digests...)
	slices.Sort(o.Digests)
	o.Digests = slices.Compact(o.Digests)
	o.Skip = func(name string, _ host.Stat) bool { return !a.wanted[name] && !a.above[name] }
	o.Read = a.read
	roots := slices.DeleteFunc(p.Tops(), func(root string) bool { return !a.wanted[root] && !a.above[root] })
	if len(roots) > 1 {
		roots = there(ctx, files, roots)
	}
	if _, did, err := tree.Trees(ctx, files, roots, o, a.take); did {
		return a.seen, err
	}
	for _, root := range roots {
		_, err := tree.Walk(ctx, files, root, o, a.take)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return a.seen, err
		}
	}
	return a.seen, nil
}

// An again is one use of Again.
type again struct {
	look          Look
	wanted, above map[string]bool
	seen          map[string]Seen

	mu    sync.Mutex
	texts map[string]*text // by path
}

func (a *again) take(e *host.Entry) error {
	if !a.wanted[e.Path] {
		return nil
	}
	s := Seen{Entry: plain(e)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.texts[e.Path]; t != nil && t.whole {
		s.Text = t.Bytes()
	}
	a.seen[e.Path] = s
	return nil
}

func (a *again) read(now, _ *host.Entry) host.Reading {
	if !a.wanted[now.Path] || now.Stat.Size > a.look.MaxText {
		return host.Reading{}
	}
	t := new(text)
	a.mu.Lock()
	a.texts[now.Path] = t
	a.mu.Unlock()
	return host.Reading{Sink: t}
}

// A text is a content that was kept while it was hashed.
type text struct {
	bytes.Buffer
	whole bool
}

// End notes whether all of the content is there.
func (t *text) End(_ *host.Entry, err error) error {
	t.whole = err == nil
	return nil
}
