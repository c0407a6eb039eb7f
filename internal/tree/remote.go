package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
)

// walkRemote asks the file system for the whole tree and leaves out what the
// options leave out.
func walkRemote(ctx context.Context, files host.Walker, root string, o Options, fn func(*Entry) error) (Counts, error) {
	r := remote{root: root, opts: o, fn: fn}
	err := files.Walk(ctx, root, o.Digest, r.entry)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("walk %s: %w", root, err)
	}
	return r.counts, err
}

type remote struct {
	root   string
	opts   Options
	fn     func(*Entry) error
	counts Counts
	device uint64
	left   string // the directory whose content is left out; "" is none
}

func (r *remote) entry(name string, st host.Stat, sum []byte, err error) error {
	if name == r.root {
		r.device = st.Dev
	}
	if r.left != "" && Within(name, r.left) {
		return nil
	}
	r.left = ""
	if errors.Is(err, fs.ErrNotExist) {
		r.counts.Vanished++
		return nil
	}
	if r.opts.Skip != nil && r.opts.Skip(name, st) {
		if st.IsDir() {
			r.left = name
		}
		return nil
	}
	e := Entry{Path: name, Stat: st, Err: err}
	if st.IsDir() {
		if err == nil && r.opts.OneFileSystem && st.Dev != r.device {
			e.Err = fmt.Errorf("%s: %w", name, ErrOtherFileSystem)
		}
		if e.Complete = e.Err == nil; !e.Complete {
			r.left = name
		}
		return r.hand(&e)
	}
	r.takeDigest(&e, sum)
	return r.hand(&e)
}

// takeDigest keeps a digest of the right length; none at all is told.
func (r *remote) takeDigest(e *Entry, sum []byte) {
	switch {
	case !r.opts.Digest || !e.IsRegular() || e.Err != nil:
	case len(sum) == len(e.Digest):
		e.Digest, e.Hashed = [32]byte(sum), true
		r.counts.Bytes += e.Size
	default:
		e.Err = fmt.Errorf("read %s: no digest was given: %w", e.Path, errors.ErrUnsupported)
	}
}

func (r *remote) hand(e *Entry) error {
	r.counts.Entries++
	return r.fn(e)
}
