package integrity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// Entries is a stream of entries in tree order (ComparePaths). An error is the
// last thing it yields: what would have come behind it is unknown.
type Entries = iter.Seq2[Entry, error]

// Counts say how much a scan has seen.
type Counts struct {
	Entries  int64 // yielded
	Bytes    int64 // of content that was read
	Vanished int64 // listed, but gone when looked at: no error
}

// ComparePaths gives the order of entries: -1, 0 or 1, by components, each by
// its bytes, so that a directory stands right before what it contains.
func ComparePaths(a, b string) int { return tree.Compare(a, b) }

// Scan looks at all files of a profile, and reads the content of regular ones.
// What cannot be read is yielded with Entry.Err. A stream can be used once;
// counts, which may be nil, is right when it has ended.
func Scan(ctx context.Context, files host.FS, p Profile, counts *Counts) Entries {
	if counts == nil {
		counts = new(Counts)
	}
	return func(yield func(Entry, error) bool) {
		if err := p.Validate(); err != nil {
			yield(Entry{}, fmt.Errorf("scan: %w", err))
			return
		}
		s := scan{files, p.options(), counts, yield}
		for _, root := range p.roots() {
			if !s.root(ctx, root) {
				return
			}
		}
	}
}

// A scan is one use of a stream.
type scan struct {
	files  host.FS
	opts   tree.Options
	counts *Counts
	yield  func(Entry, error) bool
}

// errStop ends a walk whose consumer has seen enough.
var errStop = errors.New("stop")

// root reports whether the scan is to go on with the next root.
func (s *scan) root(ctx context.Context, root string) bool {
	seen, err := tree.Walk(ctx, s.files, root, s.opts, func(e *tree.Entry) error {
		s.counts.Entries++
		if !s.yield(entryOf(e), nil) {
			return errStop
		}
		return nil
	})
	s.counts.Bytes += seen.Bytes
	s.counts.Vanished += seen.Vanished
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist) && seen.Entries == 0:
		return true
	case errors.Is(err, errStop):
		return false
	case seen.Entries == 0 && ctx.Err() == nil:
		s.counts.Entries++
		return s.yield(Entry{Path: root, Err: err}, nil)
	}
	s.yield(Entry{}, fmt.Errorf("scan: %w", err))
	return false
}

func (p Profile) options() tree.Options {
	o := tree.Options{Digest: true, MaxFileSize: p.MaxFileSize, OneFileSystem: !p.CrossFileSystems}
	if len(p.Exclude)+len(p.Sparse) > 0 {
		o.Skip = func(name string, st host.Stat) bool { return p.excludes(name) || p.passesOver(name, st.IsDir()) }
	}
	return o
}

func entryOf(e *tree.Entry) Entry {
	st := e.Stat
	st.Name = ""
	return Entry{
		Path: e.Path, Stat: st, Digest: e.Digest, Hashed: e.Hashed,
		Unstable: e.Unstable, Complete: e.Complete, Err: e.Err,
	}
}
