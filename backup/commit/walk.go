package commit

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"iter"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// results are the contents that sinks have taken, until their entries come.
type results struct {
	mu sync.Mutex
	at map[string]result
}

type result struct {
	ref  ref
	kept *content // of a file that changed meanwhile: what was read last
}

func (r *results) set(path string, res result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[string]result{}
	}
	if old := r.at[path]; old.kept != nil {
		old.kept.drop()
	}
	r.at[path] = res
}

func (r *results) take(path string) (result, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	res, ok := r.at[path]
	delete(r.at, path)
	return res, ok
}

// A sink stores one content while it is read.
type sink struct {
	*content
	path    string
	results *results
	text    func(path, sha256 string, content []byte) // nil: nobody wants it
	was     host.Digest                               // of what the old snapshot has, and its packs are there; zero: not known
}

// End is host.Sink's.
func (s *sink) End(e *host.Entry, err error) error {
	if err != nil {
		s.results.set(s.path, result{kept: s.content})
		return nil
	}
	digest := ""
	if d, ok := e.Digest("sha256"); ok {
		digest = d.Hex()
		if s.text != nil && s.list == nil {
			s.text(s.path, digest, s.buf)
		}
		if d == s.was && s.list == nil {
			s.drop()
			s.results.set(s.path, result{ref: ref{object: digest}}) // emit knows where it is
			return nil
		}
	}
	at, err := s.close(digest)
	if err == nil {
		s.results.set(s.path, result{ref: at})
	}
	return err
}

// capture walks the source and asks its queries.
func (c *commit) capture(ctx context.Context) error {
	roots, err := c.src.roots()
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(c.old.records)
	defer stop()
	c.snap.Complete = true
	c.builder = builder{commit: c, next: next, levels: []*level{{}}}
	for _, root := range roots {
		if err := c.walk(ctx, root); err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	if err := c.builder.closeTo(1); err != nil {
		return err
	}
	for _, q := range c.src.queries() {
		if err := c.ask(ctx, q); err != nil {
			return err
		}
	}
	return c.builder.end()
}

func (c *commit) walk(ctx context.Context, root string) error {
	skip, seen := c.src.skip(), false
	opts := host.WalkOptions{
		OneFileSystem: true, Attrs: true, Digests: []string{"sha256"}, MaxFileSize: c.src.MaxFileSize,
		Skip: func(name string, _ host.Stat) bool { return skip(name) },
		Old:  c.before(root), Read: c.reading, Workers: atOnce(),
	}
	_, err := tree.Walk(ctx, c.src.Host.Files, root, opts, func(e *host.Entry) error {
		seen = true
		return c.found(ctx, e, root)
	})
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist) && !seen:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case seen:
		return err // it broke off, and nobody knows where
	}
	entry := backup.Entry{Path: root, Type: backup.Dir}
	if fail(&entry, err); entry.Cause == "" {
		return err // nobody knows what is there
	}
	return c.builder.add(ctx, entry, host.Stat{}, true)
}

// before gives the regular files that were found below root, in the order of
// the walk.
func (c *commit) before(root string) iter.Seq2[host.Entry, error] {
	return func(yield func(host.Entry, error) bool) {
		for r, err := range c.old.records {
			if err != nil {
				yield(host.Entry{}, err)
				return
			}
			if r.Type == backup.Regular && r.Error == "" && !r.Unstable && tree.Within(r.Path, root) && !yield(r.before(), nil) {
				return
			}
		}
	}
}

// again is the number of days in which each file is read at least once, although
// it looks as it did.
const again = 7

// reading decides whether a file is read: one that looks as it did is not, but
// for its turn once a week.
func (c *commit) reading(now, was *host.Entry) host.Reading {
	if was != nil && c.looksSame(now, was) && !c.due(now.Path) {
		return host.Reading{Trust: true}
	}
	s := &sink{content: c.objects.content(c.data, backup.PartSize, now.Size), path: now.Path, results: &c.results, text: c.src.Text}
	if was != nil && !c.lost {
		s.was, _ = was.Digest("sha256")
	}
	return host.Reading{Sink: s}
}

func (c *commit) looksSame(now, was *host.Entry) bool {
	const all = host.KnownInode | host.KnownSize | host.KnownMtime | host.KnownCtime
	d, hashed := was.Digest("sha256")
	if !hashed || !now.Known.Has(all) || !was.Known.Has(all) || !tree.SameVersion(now.Stat, was.Stat) {
		return false
	}
	// What changed in the moment of the last capture may have changed again in it.
	const moment = 2 * time.Second
	if now.Ctime > c.old.snap.Time.Add(-moment).UnixNano() {
		return false
	}
	return !c.lost || c.knows(d.Hex())
}

// knows reports whether an object is stored in a pack that is there.
func (c *commit) knows(digest string) bool {
	_, ok := c.objects.at(digest)
	return ok
}

func (c *commit) due(path string) bool {
	h := fnv.New32a()
	h.Write([]byte(path))
	day := c.snap.Time.Unix() / (24 * 60 * 60)
	last := c.old.snap.Time.Unix() / (24 * 60 * 60)
	turn := int64(h.Sum32() % again)
	for d := max(last, day-again) + 1; d <= day; d++ {
		if d%again == turn {
			return true
		}
	}
	return false
}

// found takes one entry of the walk.
func (c *commit) found(ctx context.Context, e *host.Entry, root string) error {
	entry := entryOf(e)
	entry.User, entry.Group = c.users[e.UID], c.groups[e.GID]
	if e.Path == root && entry.Type == backup.Symlink {
		fail(&entry, errLinkedRoot)
	}
	if entry.Type != backup.Dir {
		if err := c.contentOf(&entry, e); err != nil {
			return err
		}
	}
	return c.builder.add(ctx, entry, e.Stat, e.IsDir() && e.Err != nil && !e.Complete)
}

// contentOf finds what is stored of a file that is no directory.
func (c *commit) contentOf(entry *backup.Entry, e *host.Entry) error {
	res, read := c.results.take(e.Path)
	if res.kept != nil {
		defer res.kept.drop()
	}
	switch {
	case e.Unstable && res.kept != nil && (res.kept.list != nil || len(res.kept.buf) > 0 || e.Size == 0):
		at, err := res.kept.close("")
		if err != nil {
			return err
		}
		hold(entry, at)
		entry.Unstable = true
	case e.Unstable:
		fail(entry, errUnstable)
	case e.Err != nil || entry.Type != backup.Regular:
	case read:
		hold(entry, res.ref)
	case e.Hashed():
		entry.Object = e.Digests[0].Hex() // emit knows where it is
	default:
		fail(entry, errUnread)
	}
	return nil
}

func (s Source) queries() []Query {
	sorted := slices.Clone(s.Queries)
	slices.SortFunc(sorted, func(a, b Query) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// ask stores the answer of a query. A program that is not there has no state.
func (c *commit) ask(ctx context.Context, q Query) error {
	e := backup.Entry{Path: backup.StatePrefix + q.Name, Type: backup.State, Mode: 0o600}
	out, err := c.src.Host.Run(ctx, host.Command{Args: q.Args})
	answer := out.Stdout
	if err == nil {
		err = out.Err()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", q.Args[0], err)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil
	case out.Denied():
		e.Error, e.Cause = err.Error(), backup.Denied
	case err != nil:
		e.Error, e.Cause = err.Error(), backup.Failed
	default:
		if q.Normalize != nil {
			answer = q.Normalize(answer)
		}
		into := c.objects.content(c.data, backup.PartSize, int64(len(answer)))
		into.always = true
		if _, err := into.Write(answer); err != nil {
			return err
		}
		at, err := into.close("")
		if err != nil {
			return err
		}
		e.Size = int64(len(answer))
		hold(&e, at)
	}
	return c.builder.add(ctx, e, host.Stat{}, false)
}
