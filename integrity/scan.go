package integrity

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"iter"
	"path"
	"slices"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// Entries is a stream of entries in the order of [tree.Compare]. An error is the
// last thing it yields: what would have come behind it is unknown.
type Entries = iter.Seq2[host.Entry, error]

// Counts say how much a scan has seen.
type Counts struct {
	Entries  int64 // yielded
	Bytes    int64 // of content that was read
	Vanished int64 // listed, but gone when looked at: no error
	Trusted  int64 // whose content was not read (package trust)
	Full     error // of package trust: why the content of every file was read all the same
}

// Scan looks at all files of a profile, and reads the content of regular ones.
// What cannot be read is yielded with host.Entry.Err. A stream can be used once;
// counts, which may be nil, is right when it has ended.
func Scan(ctx context.Context, files host.FS, p Profile, counts *Counts) Entries {
	return Scanner{Files: files, Profile: p}.Entries(ctx, counts)
}

// Pace bounds what a scan takes of a machine on which others work.
type Pace = tree.Pace

// A Scanner is a scan by rules that a profile cannot say.
type Scanner struct {
	Files   host.FS
	Profile Profile

	// Choose says of a path whether it is in the stream, and of a folder whether
	// anything below it may be; nil: all that Profile selects. It is called from one
	// goroutine at a time.
	Choose func(path string, st host.Stat) (take, descend bool)

	// Old are the entries of an earlier scan by the same rules; nil: none. Read says
	// of a content what is to be done beside hashing it; was is the old entry, nil
	// where there is none. It is called from several goroutines.
	Old  Entries
	Read func(now, was *host.Entry) host.Reading

	// Hash makes the hashes of algorithms in Profile.Digests that host.NewHash does not
	// know, and may make others of its own; nil for an algorithm: host.NewHash does. Over
	// a connection there are those of host.NewHash alone.
	Hash func(algorithm string) hash.Hash

	Pace Pace // the zero Pace: as fast as can be
}

// Entries is the stream, as Scan gives it.
func (s Scanner) Entries(ctx context.Context, counts *Counts) Entries {
	if counts == nil {
		counts = new(Counts)
	}
	inner := scan{files: s.Files, counts: counts, opts: s.Profile.options()}
	inner.opts.Read, inner.opts.Hash = s.Read, s.Hash
	s.Pace.Slow(ctx, &inner.opts)
	if s.Choose == nil {
		return inner.entries(ctx, s.Profile, s.Old)
	}
	var mu sync.Mutex
	choose := func(name string, st host.Stat) (take, descend bool) {
		mu.Lock()
		defer mu.Unlock()
		return s.Choose(name, st)
	}
	skip := inner.opts.Skip
	inner.opts.Skip = func(name string, st host.Stat) bool {
		take, descend := choose(name, st)
		return skip != nil && skip(name, st) || st.IsDir() && !descend || !st.IsDir() && !take
	}
	return func(yield func(host.Entry, error) bool) {
		for e, err := range inner.entries(ctx, s.Profile, s.Old) {
			if err == nil && e.Err == nil {
				if take, _ := choose(e.Path, e.Stat); !take {
					continue
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// entries is the stream of a scan; old are the entries of an earlier one, which
// its options may ask for; nil: none.
func (s scan) entries(ctx context.Context, p Profile, old Entries) Entries {
	return func(yield func(host.Entry, error) bool) {
		if err := errors.Join(p.Validate(), s.opts.Validate()); err != nil {
			yield(host.Entry{}, fmt.Errorf("scan: %w", err))
			return
		}
		if s.yield = yield; old != nil {
			from, stop := onward(old)
			defer stop()
			s.opts.Old = from
		}
		roots := there(ctx, s.files, p.Tops())
		seen, did, err := tree.Trees(ctx, s.files, roots, s.opts, s.give)
		s.saw(seen)
		if did {
			if err != nil && !errors.Is(err, errStop) {
				s.yield(host.Entry{}, fmt.Errorf("scan: %w", err))
			}
			return
		}
		for _, root := range roots {
			if !s.root(ctx, root) {
				return
			}
		}
	}
}

// give passes on an entry of a walk.
func (s *scan) give(e *host.Entry) error {
	s.counts.Entries++
	if e.Trusted {
		s.counts.Trusted++
	}
	if !s.yield(plain(e), nil) {
		return errStop
	}
	return nil
}

// saw counts what a walk saw.
func (s *scan) saw(seen tree.Counts) {
	s.counts.Bytes += seen.Bytes
	s.counts.Vanished += seen.Vanished
}

// there leaves out the roots that do not exist, where they can all be asked for at
// once. A walk finds that out as well, for an exchange each.
func there(ctx context.Context, files host.FS, roots []string) []string {
	if _, ok := files.(host.Batcher); !ok {
		return roots
	}
	var asks []host.Ask
	for _, root := range roots {
		asks = append(asks, host.Ask{Op: host.OpLstat, Name: root})
	}
	answers, err := host.Host{Files: files}.BatchAll(ctx, asks)
	if err != nil {
		return roots // the walks say what is wrong
	}
	var list []string
	for i, a := range answers {
		if !errors.Is(a.Err, fs.ErrNotExist) {
			list = append(list, roots[i])
		}
	}
	return list
}

// A scan is one use of a stream.
type scan struct {
	files  host.FS
	opts   host.WalkOptions
	counts *Counts
	yield  func(host.Entry, error) bool
}

// errStop ends a walk whose consumer has seen enough.
var errStop = errors.New("stop")

// root reports whether the scan is to go on with the next root.
func (s *scan) root(ctx context.Context, root string) bool {
	seen, err := tree.Walk(ctx, s.files, root, s.opts, s.give)
	s.saw(seen)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist) && seen.Entries == 0:
		return true
	case errors.Is(err, errStop):
		return false
	case seen.Entries == 0 && ctx.Err() == nil:
		s.counts.Entries++
		return s.yield(host.Entry{Path: root, Err: err}, nil)
	}
	s.yield(host.Entry{}, fmt.Errorf("scan: %w", err))
	return false
}

func (p Profile) options() host.WalkOptions {
	o := host.WalkOptions{Digests: slices.Clone(p.Digests), Attrs: p.Attrs, MaxFileSize: p.MaxFileSize, OneFileSystem: !p.CrossFileSystems}
	if len(o.Digests) == 0 {
		o.Digests = []string{"sha256"}
	}
	if len(p.Exclude)+len(p.Sparse) > 0 {
		o.Skip = newChoice(p).skips
	}
	return o
}

// plain is the entry as it stands in streams: its path has the name.
func plain(e *host.Entry) host.Entry {
	out := *e
	out.Name = ""
	return out
}

// FollowRoots adds to a profile the folders that its roots are links to, each
// followed once, so that what is behind them is looked at as well as the link.
func FollowRoots(ctx context.Context, files host.FS, p Profile) Profile {
	var asks []host.Ask
	for _, root := range slices.Concat(p.Roots, p.Sparse) {
		asks = append(asks, host.Ask{Op: host.OpLstat, Name: root})
	}
	roots := len(p.Roots)
	// What cannot be asked is told by the walk of the root itself.
	_ = host.Host{Files: files}.Batch(ctx, asks, func(i int, a host.Answer) error {
		if a.Err != nil || !a.Stat.IsLink() || !a.Stat.Known.Has(host.KnownLink) {
			return nil
		}
		to := a.Stat.Link
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(asks[i].Name), to)
		}
		if to = path.Clean(to); !host.ValidName(to) || to == "/" || p.Selects(to, true) {
			return nil
		}
		list := &p.Roots
		if i >= roots {
			list = &p.Sparse
		}
		*list = append(slices.Clip(*list), to)
		return nil
	})
	return p
}

// onward makes one stream of entries serve several walks in their order: each
// goes on where the one before stopped.
func onward(entries Entries) (Entries, func()) {
	next, stop := iter.Pull2(entries)
	var last host.Entry
	held := false
	return func(yield func(host.Entry, error) bool) {
		if held && !yield(last, nil) {
			return
		}
		for e, err, more := next(); more; e, err, more = next() {
			last, held = e, err == nil
			if !yield(e, err) || err != nil {
				return
			}
		}
	}, stop
}
