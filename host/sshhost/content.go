package sshhost

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

const (
	contentTries = 3
	// streamed are the bytes from which on a content is not brought in a batch.
	streamed = 4 << 20
	// groupNames bounds the contents that are read together, groupEntries the
	// entries that wait for them.
	groupNames   = 2000
	groupEntries = 20_000
)

// sumBody gives the digests of the files that follow $1 by the commands in it,
// one record each, and then what these files are now.
const sumBody = `c=$1; shift
for s in $c; do blob $s -z -- "$@"; done
blob find "$@" -maxdepth 0 -printf '` + findFormat + `\0%p\0%l\0'`

// deliver gives the entries of a listing to fn, group by group: of each group the
// contents are read before.
func (w walker) deliver(ctx context.Context, t *listing, o *host.WalkOptions, fn func(*host.Entry) error) error {
	c := contents{walker: w, opts: o, old: tree.Follow(o.Old)}
	defer c.old.Close()
	left := leaver{opts: o}
	for i, st := range t.entries {
		if t.roots[st.Name] {
			left.device, left.dir = st.Dev, ""
		}
		if e := left.entry(st, t.errs[st.Name]); e != nil {
			if err := c.add(ctx, e); err != nil {
				return err
			}
		}
		if !c.full() && i+1 < len(t.entries) {
			continue
		}
		if err := c.flush(ctx, fn); err != nil {
			return err
		}
	}
	return c.flush(ctx, fn)
}

// A leaver makes entries of what is not left out.
type leaver struct {
	opts   *host.WalkOptions
	device uint64 // of the root
	dir    string // the directory whose content is left out; "" is none
}

func (l *leaver) entry(st host.Stat, err error) *host.Entry {
	name := st.Name
	if l.dir != "" && tree.Within(name, l.dir) {
		return nil
	}
	l.dir = ""
	e := &host.Entry{Path: name, Stat: named(st), Err: err}
	switch {
	case l.opts.Leaves(name, e.Stat):
		if st.IsDir() {
			l.dir = name
		}
		return nil
	case !st.IsDir():
		return e
	case err == nil && l.opts.OneFileSystem && st.Dev != l.device:
		e.Err = fmt.Errorf("%s: %w", name, host.ErrOtherFileSystem)
	}
	if e.Complete = e.Err == nil; !e.Complete {
		l.dir = name
	}
	return e
}

// contents reads the contents of groups of entries.
type contents struct {
	walker
	opts  *host.WalkOptions
	old   *tree.Old
	group []*wanted
	reads int // contents that are read of the group
	size  int // bytes of their names
}

// full reports whether no more goes into one exchange.
func (c *contents) full() bool {
	return len(c.group) == groupEntries || c.reads == groupNames || c.size >= maxArgs
}

// A wanted entry is one of a group.
type wanted struct {
	*host.Entry
	was    *host.Entry
	way    way  // how the content is to be read
	again  bool // it changed while it was read
	gone   bool
	hashes []hash.Hash // where the content comes here
	sink   host.Sink
	err    error // of reading
}

func (c *contents) add(ctx context.Context, e *host.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &wanted{Entry: e}
	was, has, err := c.old.At(e.Path)
	if err != nil {
		return err
	}
	if has {
		w.was = &was
	}
	c.group = append(c.group, w)
	if !e.IsRegular() || len(c.opts.Digests) == 0 && c.opts.Read == nil {
		return nil
	}
	if c.plan(w); w.way != notRead {
		c.reads, c.size = c.reads+1, c.size+len(e.Path)+3
	}
	return nil
}

// flush reads the contents of the group and gives its entries to fn.
func (c *contents) flush(ctx context.Context, fn func(*host.Entry) error) error {
	for try := 1; try <= contentTries; try++ {
		if err := c.read(ctx, try == contentTries); err != nil {
			return err
		}
		for _, w := range c.group {
			if w.again {
				c.plan(w)
			}
		}
	}
	for _, w := range c.group {
		if w.gone {
			continue
		}
		if err := fn(w.Entry); err != nil {
			return err
		}
	}
	c.group, c.reads, c.size = c.group[:0], 0, 0
	return ctx.Err()
}

// read reads what is still to be read, once.
func (c *contents) read(ctx context.Context, last bool) error {
	var there, here []*wanted
	for _, w := range c.group {
		switch w.way {
		case byTool:
			there = append(there, w)
		case bySink:
			here = append(here, w)
		}
		w.way = notRead
	}
	err := c.sums(ctx, there)
	if err == nil {
		err = c.bring(ctx, here)
	}
	for _, w := range append(there, here...) {
		w.end(err, last)
	}
	return err
}

type way int

const (
	notRead way = iota
	byTool
	bySink
)

// plan asks how a content is read.
func (c *contents) plan(w *wanted) {
	w.err, w.Digests, w.again = nil, nil, false
	var reading host.Reading
	if c.opts.Read != nil {
		reading = c.opts.Read(w.Entry, w.was)
	}
	w.sink = reading.Sink
	trusted := c.opts.Trusts(reading, w.was)
	switch {
	case len(c.opts.Digests) == 0 && w.sink == nil:
	case trusted != nil:
		w.Digests, w.Trusted = trusted, true
	case c.opts.MaxFileSize > 0 && w.Size > c.opts.MaxFileSize:
		w.Err = fmt.Errorf("%s: %w of %d bytes", w.Path, host.ErrTooLarge, c.opts.MaxFileSize)
		if w.sink != nil {
			_ = w.sink.End(w.Entry, host.ErrTooLarge) // the entry says the same
		}
	case w.sink == nil:
		w.way = byTool
	default:
		w.way, w.hashes = bySink, nil
		for _, name := range c.opts.Digests {
			w.hashes = append(w.hashes, c.opts.NewHash(name))
		}
	}
}

// Write gives a part of the content to the hashes and to the sink.
func (w *wanted) Write(b []byte) (int, error) {
	for _, h := range w.hashes {
		h.Write(b) // never fails
	}
	if len(b) == 0 {
		return 0, nil
	}
	return w.sink.Write(b)
}

// end settles one reading. broken ends the whole walk.
func (w *wanted) end(broken error, last bool) {
	err := errors.Join(w.err, broken)
	if err != nil {
		w.Digests = nil
	}
	if w.sink != nil {
		if ended := w.sink.End(w.Entry, err); err == nil && ended != nil {
			w.Digests, err = nil, fmt.Errorf("store %s: %w", w.Path, ended)
		}
		w.sink = nil
	}
	switch {
	case w.gone:
	case errors.Is(err, tree.ErrUnsteady) && w.IsRegular():
		w.again, w.Unstable = !last, last
	case errors.Is(err, tree.ErrUnsteady):
	case err != nil:
		w.Err = err
	}
}

// sums asks the machine for digests.
func (c *contents) sums(ctx context.Context, list []*wanted) error {
	if len(list) == 0 {
		return nil
	}
	commands := make([]string, len(c.opts.Digests))
	for i, name := range c.opts.Digests {
		if host.NewHash(name) == nil {
			return fmt.Errorf("digests by %s on another machine: %w", name, errors.ErrUnsupported)
		}
		commands[i] = name + "sum"
	}
	records, _, err := c.c.records(ctx, sumBody, append([]string{strings.Join(commands, " ")}, pathsOf(list)...)...)
	if err == nil {
		err = answer.Enough(records, len(commands)+1)
	}
	if err != nil {
		return err
	}
	for i, name := range c.opts.Digests {
		sums, err := parseSums(name, records[i].Data)
		if err != nil {
			return err
		}
		for _, w := range list {
			if d, ok := sums[w.Path]; ok {
				w.Digests = append(w.Digests, d)
			}
		}
	}
	if err := settle(list, records[len(commands)]); err != nil {
		return err
	}
	return c.explain(ctx, list)
}

// settle compares what the files are now with what they were.
func settle(list []*wanted, r answer.Record) error {
	stats, err := answer.Find.ParseStats(r.Data)
	if err != nil {
		return err
	}
	now := make(map[string]host.Stat, len(stats))
	for _, st := range stats {
		now[st.Name] = named(st)
	}
	for _, w := range list {
		st, there := now[w.Path]
		switch {
		case !there:
			w.gone, w.err = true, fs.ErrNotExist
		case !tree.SameVersion(w.Stat, st):
			w.Stat, w.err = st, tree.ErrUnsteady
		}
	}
	return nil
}

// explain finds out why files have no digest.
func (c *contents) explain(ctx context.Context, list []*wanted) error {
	var names []string
	by := map[string]*wanted{}
	for _, w := range list {
		if len(w.Digests) < len(c.opts.Digests) && w.err == nil && !w.gone {
			names, by[w.Path] = append(names, w.Path), w
		}
	}
	return c.c.ReadFiles(ctx, names, 1, func(name string, _ host.Stat, _ []byte, err error) error {
		if err == nil || errors.Is(err, host.ErrTruncated) {
			err = tree.ErrUnsteady
		}
		by[name].err = err
		return nil
	})
}

func pathsOf(list []*wanted) []string {
	paths := make([]string, len(list))
	for i, w := range list {
		paths[i] = w.Path
	}
	return paths
}

// bring reads contents here: small ones in batches, others one by one.
func (c *contents) bring(ctx context.Context, list []*wanted) error {
	if len(list) == 0 {
		return nil
	}
	var small []string
	by := map[string]*wanted{}
	for _, w := range list {
		by[w.Path] = w
		if w.Size <= streamed {
			small = append(small, w.Path)
		} else {
			w.err = tree.Sum(ctx, c.files, w.Path, w.Stat, w)
		}
	}
	err := c.c.ReadFiles(ctx, small, streamed, func(name string, st host.Stat, data []byte, err error) error {
		w := by[name]
		switch {
		case errors.Is(err, host.ErrTruncated), errors.Is(err, host.ErrNotRegular), errors.Is(err, fs.ErrNotExist),
			err == nil && (int64(len(data)) != w.Size || !tree.SameVersion(w.Stat, st)):
			w.err = tree.ErrUnsteady
		case err != nil:
			w.err = err
		default:
			_, w.err = w.Write(data)
		}
		return nil
	})
	if err != nil {
		return err
	}
	records, _, err := c.c.records(ctx, sumBody, append([]string{""}, pathsOf(list)...)...)
	if err == nil {
		err = answer.Enough(records, 1)
	}
	if err != nil {
		return err
	}
	for _, w := range list {
		if w.err == nil {
			for i, h := range w.hashes {
				w.Digests = append(w.Digests, host.NewDigest(c.opts.Digests[i], h.Sum(nil)))
			}
		}
	}
	return settle(list, records[0])
}
