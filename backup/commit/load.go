package commit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// load finds what the last commit has found: in the local state, or else in the
// store, if it can be read. Without either, everything is stored anew.
func (c *commit) load(ctx context.Context) error {
	c.old = nothing
	if c.repo.State != "" {
		if err := c.settle(ctx); err != nil {
			return err
		}
		o, err := loadState(filepath.Join(c.repo.State, stateName), c.learn)
		if err == nil {
			c.old, c.root = o, o.root
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, durable.ErrDamaged) {
			return err
		}
		c.objects = newObjects()
	}
	if c.repo.Keys.Opener == nil {
		return nil
	}
	return c.reread(ctx)
}

// settle ends what an interrupted commit has left: its state takes effect if its
// snapshot is in the store.
func (c *commit) settle(ctx context.Context) error {
	name := filepath.Join(c.repo.State, pendingName)
	pending, err := loadState(name, func(record) {})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		var file []byte
		file, err = backup.Read(ctx, c.repo.Store, backup.SnapshotName(pending.snap.Seq), backup.MaxSnapshot)
		switch {
		case err == nil && backup.Digest(file) == pending.snap.Digest:
			return promote(c.repo.State)
		case err != nil && !backup.IsDamage(err):
			return err // nobody knows
		}
	}
	return os.Remove(name)
}

// learn notes where the content of a record is.
func (c *commit) learn(r record) {
	if !r.HasContent() {
		return
	}
	if r.List != "" {
		if sum, ok := sumOf(r.List); ok {
			c.objects.note(sum, held(r.Entry).first(), true)
		}
		c.objects.learnParts(r.List, r.parts)
		return
	}
	if sum, ok := sumOf(r.Object); ok {
		c.objects.note(sum, r.Place, r.Type != backup.Regular)
	}
}

// reread takes the newest snapshot that can be read.
func (c *commit) reread(ctx context.Context) error {
	rd := backup.NewReader(c.repo)
	for _, seq := range slices.Backward(c.seqs) {
		s, err := c.repo.Snapshot(ctx, seq)
		var entries []backup.Entry
		if err == nil {
			entries, err = rd.Entries(ctx, s)
		}
		if err == nil {
			c.root, err = rd.Member(ctx, s, s.Root, backup.RootMember)
		}
		switch {
		case err == nil:
			return c.buildOn(ctx, rd, s, entries)
		case errors.Is(err, backup.ErrNoIdentity):
			return nil
		case !backup.IsDamage(err):
			return err
		}
	}
	return nil
}

func (c *commit) buildOn(ctx context.Context, rd *backup.Reader, s backup.Snapshot, entries []backup.Entry) error {
	slices.SortFunc(entries, func(a, b backup.Entry) int { return compareClosed(a.Path, b.Path) })
	for _, e := range entries {
		r := record{Entry: e}
		if e.List != "" {
			var err error
			if r.parts, err = rd.Member(ctx, s, held(e).first(), backup.ObjectPrefix+e.List); err != nil && !backup.IsDamage(err) {
				return err
			}
		}
		c.learn(r)
	}
	c.old = old{snap: s, records: func(yield func(record, error) bool) {
		for _, e := range entries {
			if !yield(record{Entry: e}, nil) {
				return
			}
		}
	}}
	return nil
}

// compareClosed orders paths as a commit ends them: a directory behind what is
// in it, and what is no file behind all.
func compareClosed(a, b string) int {
	aFile, bFile := strings.HasPrefix(a, "/"), strings.HasPrefix(b, "/")
	switch {
	case aFile != bFile:
		if aFile {
			return -1
		}
		return 1
	case !aFile || a == b:
		return strings.Compare(a, b)
	case tree.Within(a, b):
		return -1
	case tree.Within(b, a):
		return 1
	}
	return tree.Compare(a, b)
}
