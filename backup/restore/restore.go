package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// Options say what is restored, and how. The zero value restores all of a
// snapshot into a place where nothing of it is.
type Options struct {
	Paths []string // each with all below it; nil: everything
	// Want chooses of them what is restored; nil: all.
	Want func(backup.Entry) bool
	// Keep lets a file give way whose name is taken: it stays under its name with
	// this behind it, such as ".before-restore", and a dot before it: what programs
	// read of a folder are not the hidden files. Behind that stands a number where an
	// earlier one is kept. "": a name that is taken is an error of
	// that entry, and nothing is replaced.
	Keep   string
	DryRun bool // says what would be done, and does nothing
}

// Kept gives the name of the first file that gave way.
func (o Options) Kept(name string) string {
	dir, base := path.Split(name)
	return dir + "." + strings.TrimPrefix(base, ".") + o.Keep
}

func (o Options) wants(e backup.Entry) bool {
	return (o.Paths == nil || slices.ContainsFunc(o.Paths, func(p string) bool { return tree.Within(e.Path, p) })) && (o.Want == nil || o.Want(e))
}

// A Restored says what became of one entry.
type Restored struct {
	Entry backup.Entry
	Kept  string   // path of the old file below the target; "": there was none
	Left  []string // what could not be given back, such as "owner"
	Err   error    // why the entry was not restored; the others were
}

// Into writes the entries of a snapshot below into, each under its own path:
// /etc/motd becomes etc/motd. Directories on the way that are missing get the
// mode and owner that the snapshot knows. It follows no link, whoever changes
// what lies below into meanwhile. Set-id bits are given back with the owner only,
// and they and devices only when the snapshot's signature was verified.
//
// What is wrong with one entry is said in its Restored; the error says that the
// snapshot itself could not be read. A path that the snapshot does not have is
// an error that wraps fs.ErrNotExist.
func Into(ctx context.Context, r backup.Repo, snap backup.Snapshot, into *os.Root, o Options) ([]Restored, error) {
	rd := backup.NewReader(r)
	entries, err := rd.Entries(ctx, snap)
	if err != nil {
		return nil, err
	}
	for _, p := range o.Paths {
		if !slices.ContainsFunc(entries, func(e backup.Entry) bool { return e.Path == p }) {
			return nil, fmt.Errorf("%q in snapshot %d: %w", p, snap.Seq, fs.ErrNotExist)
		}
	}
	w, err := newRestorer(r, rd, snap, into, o)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type == backup.Dir {
			w.known[e.Path] = e
		}
		if e.Type == backup.State || e.Partly || !o.wants(e) {
			continue
		}
		w.restore(ctx, e)
		if ctx.Err() != nil {
			break
		}
	}
	w.leave(0)
	return w.done, ctx.Err()
}

var (
	errSwapped   = errors.New("a directory on the way is no directory, or was exchanged")
	errExchanged = errors.New("it was exchanged meanwhile")
	errNotKnown  = errors.New("its content could not be captured, and no earlier one is known")
)

// restore restores one entry, and notes what became of it.
func (w *restorer) restore(ctx context.Context, e backup.Entry) {
	w.done = append(w.done, Restored{Entry: e})
	res := &w.done[len(w.done)-1]
	if e.Error != "" && (e.HasContent() || e.Type != backup.Regular && e.Type != backup.Dir) {
		res.Left = append(res.Left, "its last state ("+e.Error+")")
	}
	if e.Type == backup.Regular && !e.HasContent() {
		res.Err = fmt.Errorf("restore %q: %w", e.Path, errors.Join(errNotKnown, errors.ErrUnsupported))
		return
	}
	if w.o.DryRun {
		return
	}
	if err := w.write(ctx, e, res); err != nil {
		res.Err = fmt.Errorf("restore %q: %w", e.Path, err)
	}
}
