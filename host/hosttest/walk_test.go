package hosttest_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A walker walks as the tree walks any file system, but for one fault in its
// options or its entries.
type walker struct {
	host.FS
	options func(o *host.WalkOptions)
	entry   func(e *host.Entry)
}

func (w walker) Walk(ctx context.Context, root string, o host.WalkOptions, fn func(*host.Entry) error) error {
	if w.options != nil {
		w.options(&o)
	}
	_, err := tree.Walk(ctx, w.FS, root, o, func(e *host.Entry) error {
		if w.entry != nil {
			w.entry(e)
		}
		return fn(e)
	})
	return err
}

func TestKitFindsEachFaultOfAWalker(t *testing.T) {
	need.Long(t)
	layout := hosttest.Tree{Name: "/t"}
	good := hosttest.New(layout.Text())
	assert.NoError(t, hosttest.TestFS(t.Context(), walker{FS: good}, layout))
	short := func(algorithm string) func(e *host.Entry) {
		return func(e *host.Entry) {
			for i, d := range e.Digests {
				if d.Algorithm == algorithm {
					e.Digests[i] = host.NewDigest(algorithm, d.Sum()[:d.Size()-1])
				}
			}
		}
	}
	for name, c := range map[string]struct {
		sentence string
		fault    walker
	}{
		"a file that is there is not":           {"Walker 3", walker{entry: func(e *host.Entry) { e.Err = fs.ErrNotExist }}},
		"a digest lacks a byte":                 {"Walker 3", walker{entry: short("sha256")}},
		"a digest besides lacks a byte":         {"Walker 3", walker{entry: short("md5")}},
		"only one algorithm is known":           {"Walker 3", walker{options: func(o *host.WalkOptions) { o.Digests = o.Digests[:min(1, len(o.Digests))] }}},
		"no file is too large":                  {"Walker 5", walker{options: func(o *host.WalkOptions) { o.MaxFileSize = 0 }}},
		"what is to be left out is not":         {"Walker 6", walker{options: func(o *host.WalkOptions) { o.Prune, o.Skip = nil, nil }}},
		"the old tree is forgotten":             {"Walker 8", walker{options: func(o *host.WalkOptions) { o.Old = nil }}},
		"nobody is asked before a file is read": {"Walker 8", walker{options: func(o *host.WalkOptions) { o.Read = nil }}},
	} {
		c.fault.FS = good
		assert.ErrorContains(t, hosttest.TestFS(t.Context(), c.fault, layout), c.sentence+":", name)
	}
}
