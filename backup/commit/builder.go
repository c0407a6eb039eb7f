package commit

import (
	"context"
	"errors"
	"slices"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A builder makes the listings of a snapshot while entries come in the order of
// a walk, and compares with what was there before. Of all entries it holds only
// the directories that lead to the one that comes.
type builder struct {
	commit *commit
	next   func() (record, error, bool) // old records, a directory behind what is in it
	ahead  *record                      // taken from next, not used yet
	levels []*level                     // the first is what the snapshot holds
}

// A level is a directory that is being listed.
type level struct {
	entry  backup.Entry
	stat   host.Stat
	unread bool     // its names are not known: what was known of them stands
	lines  *content // nil of the first
}

// add takes an entry. unread says of a directory that nothing in it follows
// because it could not be read.
func (b *builder) add(ctx context.Context, e backup.Entry, st host.Stat, unread bool) error {
	if err := b.enter(ctx, e.Path); err != nil {
		return err
	}
	if e.Type == backup.Dir {
		b.push(e, st, unread)
		return nil
	}
	return b.emit(e, st, false)
}

func (b *builder) push(e backup.Entry, st host.Stat, unread bool) {
	c := b.commit
	lines := c.objects.content(c.meta, maxListing, 0)
	lines.always = true
	b.levels = append(b.levels, &level{e, st, unread, lines})
}

// enter ends the directories that name does not lie in, and begins those on the
// way to it.
func (b *builder) enter(ctx context.Context, name string) error {
	dir := backup.DirOf(name)
	n := len(b.levels)
	for n > 1 && (dir == backup.Top || !tree.Within(dir, b.levels[n-1].entry.Path)) {
		n--
	}
	if err := b.closeTo(n); err != nil {
		return err
	}
	var missing []string
	for at := dir; at != backup.Top && at != b.levels[n-1].entry.Path; at = backup.DirOf(at) {
		missing = append(missing, at)
	}
	for _, at := range slices.Backward(missing) {
		b.push(b.onTheWay(ctx, at), host.Stat{}, false)
	}
	return nil
}

// onTheWay describes a directory that leads to what is backed up: restoring
// needs its owner and mode.
func (b *builder) onTheWay(ctx context.Context, name string) backup.Entry {
	e := backup.Entry{Path: name, Type: backup.Dir, Mode: 0o755, Partly: true}
	if st, err := b.commit.src.Host.Lstat(ctx, name); err == nil && st.IsDir() {
		e.Mode, e.UID, e.GID = st.Perm(), st.UID, st.GID
		e.User, e.Group = b.commit.users[e.UID], b.commit.groups[e.GID]
	}
	return e
}

// closeTo ends directories until n levels are left.
func (b *builder) closeTo(n int) error {
	for len(b.levels) > n {
		l := b.levels[len(b.levels)-1]
		b.levels = b.levels[:len(b.levels)-1]
		if l.unread {
			l.lines.drop()
		} else {
			at, err := l.lines.close("")
			if err != nil {
				return err
			}
			hold(&l.entry, at)
		}
		if err := b.emit(l.entry, l.stat, l.unread); err != nil {
			return err
		}
	}
	return nil
}

// emit writes an entry: as a line of its directory, into the local state, and as
// a change where it is one.
func (b *builder) emit(e backup.Entry, st host.Stat, unread bool) error {
	c := b.commit
	was, had, err := b.upTo(e.Path, unread)
	if err != nil {
		return err
	}
	if e.Object != "" && e.Place == "" {
		c.trusted(&e, was, had)
	}
	if e.Error != "" && !e.HasContent() && had && was.Type == e.Type && was.HasContent() && c.living(was.Place) {
		hold(&e, held(was.Entry))
	}
	text, err := backup.EncodeLine(e)
	if errors.Is(err, backup.ErrUnstored) {
		e = backup.Entry{Path: e.Path, Type: e.Type, Mode: e.Mode, UID: e.UID, GID: e.GID, Size: e.Size}
		fail(&e, backup.ErrUnstored)
		text, err = backup.EncodeLine(e)
	}
	if err != nil {
		c.snap.Errors++ // not even its name can be kept
		return nil
	}
	if parent := b.levels[len(b.levels)-1]; parent.lines != nil {
		_, err = parent.lines.Write(text)
	} else {
		c.listed.Write(text)
	}
	c.count(e)
	now := record{e, st.Known, st.Ctime, st.Dev, st.Ino, nil}
	if e.List != "" {
		now.parts = c.objects.partsOf(e.List)
	}
	c.state.add(now)
	b.compare(was, had, now)
	return err
}

// trusted finds where the content of a file is that was not read, since it looks as
// it did.
func (c *commit) trusted(e *backup.Entry, was record, had bool) {
	place, ok := c.objects.at(e.Object)
	switch {
	case had && was.Object == e.Object && c.living(was.Place):
		hold(e, held(was.Entry))
	case ok:
		e.Place = place
	default:
		e.Object = ""
		fail(e, errUnread)
	}
}

// upTo takes the old records before path, and gives that of path. The others are
// gone, unless they lie in a directory that could not be read.
func (b *builder) upTo(path string, unread bool) (record, bool, error) {
	for {
		if b.ahead == nil {
			r, err, more := b.next()
			if !more || err != nil {
				return record{}, false, err
			}
			b.ahead = &r
		}
		order := compareClosed(b.ahead.Path, path)
		if order > 0 {
			return record{}, false, nil
		}
		r := *b.ahead
		b.ahead = nil
		if order == 0 {
			return r, true, nil
		}
		b.gone(r, unread && tree.Within(r.Path, path))
	}
}

func (b *builder) gone(r record, unread bool) {
	c := b.commit
	if unread {
		c.count(r.Entry)
		c.state.add(r)
		return
	}
	c.restated = true
	c.change(backup.Change{Kind: backup.Deleted, Path: r.Path, Before: r.Entry})
}

// compare says what is new of an entry.
func (b *builder) compare(was record, had bool, now record) {
	c := b.commit
	if !had {
		c.restated = true
		c.change(backup.Change{Kind: backup.Added, Path: now.Path, After: now.Entry})
		return
	}
	if was.ctime != now.ctime || was.ino != now.ino || was.dev != now.dev || was.known != now.known {
		c.restated = true
	}
	changes := backup.Compare([]backup.Entry{was.Entry}, []backup.Entry{now.Entry})
	if len(changes) == 0 {
		return
	}
	change := changes[0]
	const all = host.KnownInode | host.KnownSize | host.KnownMtime | host.KnownCtime
	change.Silent = now.Type == backup.Regular && was.Object != now.Object && was.known.Has(all) && now.known.Has(all) &&
		was.Size == now.Size && was.Mtime == now.Mtime && was.ctime == now.ctime && was.ino == now.ino
	c.change(change)
}

// end takes the old records that are left.
func (b *builder) end() error {
	for {
		if b.ahead != nil {
			b.gone(*b.ahead, false)
			b.ahead = nil
		}
		r, err, more := b.next()
		if !more || err != nil {
			return err
		}
		b.ahead = &r
	}
}

// What is given of a commit in full; the snapshot counts all.
const (
	mostChanges = 5_000
	mostFailed  = 5_000
)

func (c *commit) change(ch backup.Change) {
	count(&c.snap.Changed, ch.Kind)
	if c.old.snap.Seq > 0 && (len(c.changes) < mostChanges || ch.Silent) {
		c.changes = append(c.changes, ch)
	}
}

// count notes an entry of the snapshot, and the packs that it needs.
func (c *commit) count(e backup.Entry) {
	c.snap.Entries++
	if e.Error != "" {
		c.snap.Errors++
	}
	if e.Error != "" || e.Unstable {
		if len(c.snap.Failed) < mostFailed {
			c.snap.Failed = append(c.snap.Failed, e)
		} else {
			c.snap.FailedMore++
		}
	}
	if e.Unstable {
		c.snap.Complete = false
	}
	if e.Type == backup.Regular {
		c.snap.Files++
		c.snap.Bytes += e.Size
	}
	if e.HasContent() {
		for label := range backup.Labels(e.Place) {
			c.needed[label] = true
		}
	}
}

func count(c *backup.Changed, kind backup.ChangeKind) {
	switch kind {
	case backup.Added:
		c.Added++
	case backup.Modified:
		c.Modified++
	case backup.Deleted:
		c.Deleted++
	case backup.Metadata:
		c.Metadata++
	}
}
