package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// Commit captures the source and stores a snapshot if anything differs from the
// last one. It gives the newest snapshot, which may be an older one, and the
// changes that this commit brought. It builds on the newest snapshot that is
// whole, and where there is none everything is new; Verify tells of those that
// are not whole.
//
// When the error is nil the snapshot is durable. An interrupted commit leaves
// nothing that hinders the next.
func (r Repo) Commit(ctx context.Context, src Source) (Snapshot, []Change, error) {
	if l, ok := r.Store.(Locker); ok {
		release, err := l.Lock()
		if err != nil {
			return Snapshot{}, nil, err
		}
		defer release() //nolint:errcheck // the kernel releases it anyway
	}
	c := commit{repo: r, src: src, known: map[string]segment{}, packs: map[string]Pack{}, placed: map[string]string{}}
	if err := c.begin(ctx); err != nil {
		return Snapshot{}, nil, err
	}
	captured, err := src.capture(ctx)
	if err != nil {
		return Snapshot{}, nil, fmt.Errorf("capture: %w", err)
	}
	c.entries = carry(c.before, captured)
	if err := c.store(ctx); err != nil {
		return Snapshot{}, nil, err
	}
	if !c.wrote && c.head.Seq == c.next-1 && same(c.before, c.entries) {
		return c.head, nil, nil
	}
	changes := Compare(c.before, c.entries)
	snap, err := c.finish(ctx, count(changes))
	if err != nil {
		return Snapshot{}, nil, err
	}
	for i := range changes {
		c.locate(&changes[i].After, snap.Root)
	}
	return snap, changes, nil
}

// commit is one commit under way.
type commit struct {
	repo    Repo
	src     Source
	head    Snapshot           // the newest that is whole; Seq zero: none
	before  []Entry            // of head
	known   map[string]segment // of head, by directory
	prev    string             // hash of the newest snapshot file, whole or not
	next    uint64             // number of the snapshot to write
	entries []Entry

	writer   *packWriter
	wrote    bool              // something had to be stored
	newBytes int64             // of written packs
	packs    map[string]Pack   // that the snapshot may need, by ID
	placed   map[string]string // object: ID of its pack; "": the pack being written
}

// begin finds what to build on. A pack that is missing or has another size is
// forgotten, so that its objects are stored again.
func (c *commit) begin(ctx context.Context) error {
	seqs, err := c.repo.seqs(ctx)
	if err != nil {
		return err
	}
	c.next = 1
	for i, seq := range slices.Backward(seqs) {
		snap, file, err := c.repo.snapshot(ctx, seq)
		if i == len(seqs)-1 {
			c.next, c.prev = seq+1, hashOf(file)
		}
		var segments []segment
		if err == nil {
			segments, err = c.repo.segments(ctx, snap, nil)
		}
		if err == nil {
			c.buildOn(snap, segments)
			break
		}
		if !isDamage(err) {
			return err
		}
	}
	if c.writer, err = newPackWriter(c.next); err != nil {
		return err
	}
	return c.present(ctx)
}

func (c *commit) buildOn(snap Snapshot, segments []segment) {
	c.head, c.before = snap, flatten(segments)
	for _, s := range segments {
		c.known[s.dir] = s
	}
}

func (c *commit) present(ctx context.Context) error {
	infos, err := c.repo.Store.List(ctx, "packs/")
	if err != nil {
		return fmt.Errorf("list packs: %w", err)
	}
	sizes := map[string]int64{}
	for _, info := range infos {
		sizes[info.Name[strings.LastIndexByte(info.Name, '/')+1:]] = info.Size
	}
	for _, p := range append([]Pack{c.head.Root}, c.head.Packs...) {
		if sizes[p.ID] == p.Size && p.ID != "" {
			c.packs[p.ID] = p
		}
	}
	for _, e := range c.before {
		if _, ok := c.packs[e.Pack]; ok && e.Object != "" {
			c.placed[e.Object] = e.Pack
		}
	}
	return nil
}

// store writes the objects that are not yet stored.
func (c *commit) store(ctx context.Context) error {
	for i := range c.entries {
		e := &c.entries[i]
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.Type != Regular || e.Object == "" || c.isPlaced(e.Object) {
			continue
		}
		if e.Error != "" { // carried, and its pack is gone
			e.Object = ""
			continue
		}
		if err := c.storeEntry(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) isPlaced(object string) bool {
	_, ok := c.placed[object]
	return ok
}

func (c *commit) storeEntry(ctx context.Context, e *Entry) error {
	before := *e
	data, err := c.src.content(ctx, e)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		*e = before
		e.Object, e.Error = c.lastObject(e.Path), reason(err)
		return nil
	case c.isPlaced(e.Object):
		return nil
	}
	if err := c.makeRoom(ctx, nil); err != nil {
		return err
	}
	c.wrote = true
	c.placed[e.Object] = ""
	return c.writer.add("o/"+e.Object, data)
}

// lastObject is the content that was last known of a path, if it is stored.
func (c *commit) lastObject(name string) string {
	i, found := slices.BinarySearchFunc(c.before, name, func(e Entry, name string) int { return tree.Compare(e.Path, name) })
	if found && c.isPlaced(c.before[i].Object) {
		return c.before[i].Object
	}
	return ""
}

// makeRoom writes the current pack if it is full, and begins another. Those of
// done that lie in it learn its name.
func (c *commit) makeRoom(ctx context.Context, done []segment) error {
	if c.writer.plain < fullPack {
		return nil
	}
	pack, err := c.write(ctx)
	if err != nil {
		return err
	}
	for object, id := range c.placed {
		if id == "" {
			c.placed[object] = pack.ID
		}
	}
	for i := range done {
		if done[i].pack == "" {
			done[i].pack = pack.ID
		}
	}
	c.packs[pack.ID] = pack
	c.writer, err = newPackWriter(c.next)
	return err
}

func (c *commit) write(ctx context.Context) (Pack, error) {
	pack, data, err := c.writer.close()
	if err == nil {
		err = c.repo.Store.Create(ctx, pack.name(), data)
	}
	if err != nil {
		return Pack{}, fmt.Errorf("store a pack: %w", err)
	}
	c.newBytes += pack.Size
	return pack, nil
}

// finish writes the last pack, with the manifest, and then the snapshot.
func (c *commit) finish(ctx context.Context, changed Changed) (Snapshot, error) {
	snap := c.summary()
	snap.Changed = changed
	segments, err := c.manifest(ctx)
	if err == nil {
		snap.Root, err = c.write(ctx)
	}
	if err != nil {
		return Snapshot{}, err
	}
	snap.Packs, snap.NewBytes = c.needed(snap.Root, segments), c.newBytes
	file, err := snap.encode()
	if err == nil {
		err = c.repo.Store.Create(ctx, snapName(snap.Seq), file)
	}
	if errors.Is(err, ErrExists) {
		err = fmt.Errorf("another writer was faster: %w", err)
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("store snapshot %d: %w", snap.Seq, err)
	}
	return snap, nil
}

// summary counts the entries.
func (c *commit) summary() Snapshot {
	snap := Snapshot{Version: formVersion, Seq: c.next, Prev: c.prev, Time: c.src.Host.Time().UTC(), Entries: len(c.entries)}
	for _, e := range c.entries {
		if e.Error != "" {
			snap.Errors++
		}
		if e.Type == Regular {
			snap.Files++
			snap.Bytes += e.Size
		}
	}
	snap.Complete = snap.Errors == 0
	return snap
}

// locate tells an entry where its content lies, once all packs are written.
func (c *commit) locate(e *Entry, last Pack) {
	if e.Object == "" {
		return
	}
	if e.Pack = c.placed[e.Object]; e.Pack == "" {
		e.Pack = last.ID
	}
}

// manifest writes the root, and the segments that are not stored already.
func (c *commit) manifest(ctx context.Context) ([]segment, error) {
	segments := divide(c.entries)
	for i := range segments {
		seg := &segments[i]
		if err := c.makeRoom(ctx, segments[:i]); err != nil {
			return nil, err
		}
		for j := range seg.entries {
			seg.entries[j].Pack = c.placed[seg.entries[j].Object]
		}
		old := c.known[seg.dir]
		if _, ok := c.packs[old.pack]; ok && slices.Equal(old.entries, seg.entries) {
			*seg = old
			continue
		}
		data, err := encodeSegment(seg.entries)
		if err != nil {
			return nil, err
		}
		seg.hash = hashOf(data)
		if err := c.writer.add("o/"+seg.hash, data); err != nil {
			return nil, err
		}
	}
	root, err := encodeRoot(segments)
	if err != nil {
		return nil, err
	}
	return segments, c.writer.add(rootMember, root)
}

// needed gives the packs that the snapshot refers to, by ID.
func (c *commit) needed(root Pack, segments []segment) []Pack {
	ids := map[string]bool{"": true, root.ID: true}
	packs := []Pack{root}
	need := func(id string) {
		if !ids[id] {
			ids[id] = true
			packs = append(packs, c.packs[id])
		}
	}
	for _, s := range segments {
		need(s.pack)
		for _, e := range s.entries {
			need(e.Pack)
		}
	}
	slices.SortFunc(packs, func(a, b Pack) int { return strings.Compare(a.ID, b.ID) })
	return packs
}

// underUnread is the error of what lies in a directory that could not be read.
const underUnread = "its directory could not be read"

// carry takes over what is known from before for what could not be read now.
func carry(before []Entry, now capture) []Entry {
	last := make(map[string]Entry, len(before))
	for _, e := range before {
		last[e.Path] = e
	}
	seen := make(map[string]bool, len(now.entries))
	out := slices.Clone(now.entries)
	for i, e := range out {
		seen[e.Path] = true
		if old, ok := last[e.Path]; ok && e.Error != "" && e.Type == Regular && e.Object == "" {
			out[i].Object = old.Object
		}
	}
	for _, e := range before {
		for _, dir := range now.unread {
			if !seen[e.Path] && tree.Within(e.Path, dir) {
				seen[e.Path] = true
				e.Error = underUnread
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return tree.Compare(a.Path, b.Path) })
	return out
}

// same reports whether two captures are equal, wherever their objects lie.
func same(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(x, y Entry) bool {
		x.Pack, y.Pack = "", ""
		return x == y
	})
}
