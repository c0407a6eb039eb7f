package hosttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// walk tests the sentences of host.Walker.
func (k *fsKit) walk() {
	k.walkAll()
	k.walkEnds()
	k.walkPrunes()
	k.walkBounds()
	k.walkTrusts()
	k.walkSinks()
}

// walked walks the sample tree, or a part of it.
func (k *fsKit) walked(part string, o host.WalkOptions) map[string]host.Entry {
	found := map[string]host.Entry{}
	_, err := tree.Walk(k.ctx, k.fs, k.tree.path(part), o, func(e *host.Entry) error {
		found[strings.TrimPrefix(strings.TrimPrefix(e.Path, k.tree.Name), "/")] = *e
		return nil
	})
	if err != nil {
		k.fail("Walker 2", "%q: %v", part, err)
	}
	return found
}

// fewer leaves out the directory of many entries: where each content costs an
// exchange, once is enough to look at their names.
func (k *fsKit) fewer() []string { return []string{escaped(k.tree.path("many"))} }

// few leaves out that of the odd names too, which walkAll has.
func (k *fsKit) few() []string { return append(k.fewer(), escaped(k.tree.path("odd"))) }

// walkAll tests sentences 1, 3, 4 and 7.
func (k *fsKit) walkAll() {
	k.inOrder(host.WalkOptions{OneFileSystem: true})
	k.inOrder(host.WalkOptions{Digests: []string{"sha256", "md5"}, Attrs: true, Prune: k.fewer()})
}

func (k *fsKit) inOrder(o host.WalkOptions) {
	want := slices.DeleteFunc(k.treeOrder("", sample{mode: host.ModeDir}), func(s sample) bool {
		return o.Pruned(k.tree.path(s.name)) || o.Pruned(k.tree.path(parentOf(s.name)))
	})
	i := 0
	_, err := tree.Walk(k.ctx, k.fs, k.tree.Name, o, func(e *host.Entry) error {
		if i >= len(want) || k.tree.path(want[i].name) != e.Path {
			k.fail("Walker 1", "entry %d is %q", i, e.Path)
			return errors.New("out of order")
		}
		k.walkedEntry(want[i], e, o.Digests)
		i++
		return nil
	})
	if err != nil || i != len(want) {
		k.fail("Walker 1", "%d of %d entries in order, then: %v", i, len(want), err)
	}
}

func (k *fsKit) walkedEntry(s sample, e *host.Entry, digests []string) {
	if denied := s.name == "secret" || s.name == "locked"; denied && errors.Is(e.Err, fs.ErrPermission) {
		if e.Hashed() || e.Complete {
			k.fail("Walker 3", "%q cannot be read, and has digests or is complete", s.name)
		}
		return
	}
	if e.Err != nil || e.Unstable {
		k.fail("Walker 3", "%q: unstable %v, %v", s.name, e.Unstable, e.Err)
		return
	}
	if s.mode&host.ModeType != host.ModeRegular {
		digests = nil
	}
	k.wantDigests("Walker 3", s, e, digests...)
	for _, a := range e.Attrs {
		if value, known := e.Attr(a.Name); a.Name == "" || !known || value != a.Value {
			k.fail("Walker 7", "%q has the attribute %q twice, or without a name", s.name, a.Name)
		}
	}
	if s.name == "" {
		return // the sample does not say how the tree's own directory is
	}
	s.name = s.name[strings.LastIndexByte(s.name, '/')+1:]
	k.entry("Walker 1", s, e.Stat)
}

// wantDigests wants of an entry the digests of its content by these algorithms,
// whole, and no others.
func (k *fsKit) wantDigests(sentence string, s sample, e *host.Entry, algorithms ...string) {
	if len(e.Digests) != len(algorithms) {
		k.fail(sentence, "%q has %d digests of %d", s.name, len(e.Digests), len(algorithms))
	}
	for _, algorithm := range algorithms {
		sum := host.NewHash(algorithm)
		sum.Write(s.data) // of a hash, never fails
		want := host.NewDigest(algorithm, sum.Sum(nil))
		if got, _ := e.Digest(algorithm); got != want {
			k.fail(sentence, "%q has %s %x (%d bytes), got %x (%d bytes)", s.name, algorithm, want.Sum(), want.Size(), got.Sum(), got.Size())
		}
	}
}

// walkEnds tests sentence 2.
func (k *fsKit) walkEnds() {
	stop := errors.New("enough")
	_, err := tree.Walk(k.ctx, k.fs, k.tree.Name, host.WalkOptions{}, func(*host.Entry) error { return stop })
	k.want("Walker 2", "fn ends the walk", err, stop)
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	_, err = tree.Walk(ctx, k.fs, k.tree.Name, host.WalkOptions{}, func(*host.Entry) error { return nil })
	k.want("Walker 2", "cancelled", err, context.Canceled)
}

// walkPrunes tests sentence 6: what is left out is not there, and all else is.
func (k *fsKit) walkPrunes() {
	all := k.walked("", host.WalkOptions{Prune: k.fewer()})
	for _, pattern := range []string{
		"/links",
		"/l?nks",
		"/odd/*",
		"/[l-m]inks/*",
		`/l\inks`,
		"/*ks",
		"/*",
		"*",
		"/links*x",
		"/odd/$(id)",
		`/odd/\*`,
		"/odd/\xff?",
	} {
		o := host.WalkOptions{Prune: append(k.fewer(), strings.TrimSuffix(escaped(k.tree.Name), "/")+pattern)}
		k.later("Walker 6", "walk without "+pattern, func(context.Context) {
			got := k.walked("", o)
			for name := range all {
				_, there := got[name]
				left := o.Pruned(k.tree.path(name))
				for up := name; up != ""; {
					up = parentOf(up)
					left = left || o.Pruned(k.tree.path(up))
				}
				if there == left {
					k.fail("Walker 6", "with %q pruned %q is there: %v", pattern, name, there)
				}
			}
		})
	}
	k.together()
	got := k.walked("", host.WalkOptions{
		Digests: []string{"sha256"},
		Skip:    func(path string, st host.Stat) bool { return st.IsRegular() && !strings.HasSuffix(path, "/file") },
	})
	for name, e := range got {
		if e.IsRegular() && name != "file" {
			k.fail("Walker 6", "%q is skipped, and is there", name)
		}
	}
	if _, ok := got["file"]; !ok {
		k.fail("Walker 6", "file is not skipped, and is not there")
	}
}

func parentOf(name string) string {
	return name[:max(strings.LastIndexByte(name, '/'), 0)]
}

// escaped makes a pattern of a path.
func escaped(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// walkBounds tests sentence 5.
func (k *fsKit) walkBounds() {
	got := k.walked("", host.WalkOptions{Digests: []string{"sha256"}, MaxFileSize: 8, Prune: k.few()})
	for name, size := range map[string]int{"bytes": 128000, "file": 8} {
		e := got[name]
		if large := size > 8; errors.Is(e.Err, host.ErrTooLarge) != large || e.Hashed() == large {
			k.fail("Walker 5", "%q of %d bytes with a bound of 8: %v, hashed %v", name, size, e.Err, e.Hashed())
		}
	}
}

// walkTrusts tests the first half of sentence 8.
func (k *fsKit) walkTrusts() {
	planted := host.NewDigest("sha256", bytes.Repeat([]byte{7}, sha256.Size))
	old := func(yield func(host.Entry, error) bool) {
		for _, name := range []string{"bytes", "file", "no-such", "odd/*"} {
			if !yield(host.Entry{Path: k.tree.path(name), Digests: []host.Digest{planted}}, nil) {
				return
			}
		}
	}
	var mu sync.Mutex
	asked := map[string]int{}
	got := k.walked("", host.WalkOptions{
		Digests: []string{"sha256"}, Old: old, Prune: k.few(),
		Read: func(now, was *host.Entry) host.Reading {
			mu.Lock()
			defer mu.Unlock()
			if asked[now.Path]++; was != nil && was.Path != now.Path {
				k.fail("Walker 8", "%q has the old entry of %q", now.Path, was.Path)
			}
			return host.Reading{Trust: was != nil && now.Name == "file"}
		},
	})
	if e := got["file"]; !e.Trusted || len(e.Digests) != 1 || e.Digests[0] != planted {
		k.fail("Walker 8", "file is not trusted: %v", e.Digests)
	}
	if e := got["bytes"]; e.Trusted || len(e.Digests) != 1 || e.Digests[0] == planted {
		k.fail("Walker 8", "bytes is not read: %v", e.Digests)
	}
	if n := asked[k.tree.path("bytes")]; n != 1 {
		k.fail("Walker 8", "bytes was asked for %d times", n)
	}
}

// A heap is a Sink that remembers.
type heap struct {
	bytes.Buffer
	ends []error
}

func (h *heap) End(_ *host.Entry, err error) error {
	h.ends = append(h.ends, err)
	return nil
}

// walkSinks tests sentence 9 and the second half of 8.
func (k *fsKit) walkSinks() {
	var mu sync.Mutex
	sinks := map[string]*heap{}
	got := k.walked("", host.WalkOptions{
		Digests: []string{"sha256"}, Prune: k.few(),
		Read: func(now, _ *host.Entry) host.Reading {
			mu.Lock()
			defer mu.Unlock()
			h := new(heap)
			sinks[now.Path] = h
			return host.Reading{Sink: h}
		},
	})
	for _, s := range k.tree.samples() {
		h, e := sinks[k.tree.path(s.name)], got[s.name]
		switch {
		case parentOf(s.name) == "many", parentOf(s.name) == "odd":
			continue
		case s.mode&host.ModeType != host.ModeRegular:
			continue
		case h == nil || len(h.ends) != 1:
			k.fail("Walker 9", "%q: the sink was not ended once", s.name)
		case h.ends[0] != nil:
			if e.Err == nil {
				k.fail("Walker 9", "%q: the sink was ended with %v, and the entry has no error", s.name, h.ends[0])
			}
		case e.Err != nil:
			k.fail("Walker 9", "%q: the sink was ended with nil, and the entry has %v", s.name, e.Err)
		default:
			k.wantDigests("Walker 8", s, &e, "sha256")
			if !bytes.Equal(h.Bytes(), s.data) {
				k.fail("Walker 9", "%q: the sink got %d bytes of %d", s.name, h.Len(), len(s.data))
			}
		}
	}
}

// treeOrder lists s and what is below it, each with its name from the tree.
func (k *fsKit) treeOrder(name string, s sample) []sample {
	s.name = name
	list := []sample{s}
	for _, kid := range k.tree.below(name) {
		list = append(list, k.treeOrder(strings.TrimPrefix(name+"/"+kid.name, "/"), kid)...)
	}
	return list
}
