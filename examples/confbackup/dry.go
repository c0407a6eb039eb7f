package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
)

// A rehearsal says what a restore would change.
type rehearsal struct {
	*work
	call    cli.Call
	snap    backup.Snapshot
	now     host.Host // what is below the target
	replace bool
	same    int
	status  int
}

func (j *job) rehearse(ctx context.Context, c cli.Call, w *work, s backup.Snapshot, done []restore.Restored) (int, error) {
	dir, err := filepath.Abs(j.to)
	if err != nil {
		return 0, err
	}
	r := &rehearsal{work: w, call: c, snap: s, now: host.Root(dir), replace: j.inPlace}
	for _, one := range done {
		if err := r.entry(ctx, one); err != nil {
			return 0, err
		}
	}
	if r.same > 0 {
		err = c.Say(map[string]any{"same": r.same}, fmt.Sprintf("there as in the snapshot: %d", r.same))
	}
	return r.status, err
}

func (r *rehearsal) entry(ctx context.Context, one restore.Restored) error {
	e := one.Entry
	now, err := commit.Present(ctx, r.now, e.Path)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case one.Err != nil || err != nil && !missing:
		r.status = cli.Failed
		err = errors.Join(one.Err, err)
		return r.call.Say(map[string]any{"path": e.Path, "error": err.Error()}, "cannot be restored", e.Path, err.Error())
	case missing:
		return r.say(e.Path, []string{"would be added " + e.Path})
	}
	now.Attrs, now.Flags = e.Attrs, e.Flags // not asked for
	if e.Type == backup.Dir {
		now.Object, now.List = e.Object, e.List
	}
	changes := backup.Compare([]backup.Entry{now}, []backup.Entry{e})
	if len(changes) == 0 {
		r.same++
		return nil
	}
	words := []string{"would be restored: " + changes[0].String()}
	if !r.replace && e.Type != backup.Dir {
		words[0] = "stays without -replace: " + changes[0].String()
	}
	lines, err := r.lines(ctx, changes[0])
	if err != nil {
		return err
	}
	return r.say(e.Path, append(words, lines...))
}

func (r *rehearsal) say(path string, words []string) error {
	return say(r.call, map[string]any{"path": path, "would": words[0], "lines": words[1:]}, words)
}

// lines say how a content would change, without its secrets.
func (r *rehearsal) lines(ctx context.Context, ch backup.Change) ([]string, error) {
	const most = 1 << 20
	if ch.Before.Object == ch.After.Object || ch.Before.Type != backup.Regular || ch.After.Type != backup.Regular {
		return nil, nil
	}
	if max(ch.Before.Size, ch.After.Size) > most {
		return []string{fmt.Sprintf("%d bytes to %d", ch.Before.Size, ch.After.Size)}, nil
	}
	now, err := r.now.ReadFile(ctx, ch.Path, most)
	if err != nil {
		return nil, err
	}
	var then bytes.Buffer
	err = r.repo.Content(ctx, r.snap, ch.After, &then)
	return confdiff.Of(ch.Path, now, then.Bytes(), r.state.RedactKey()), err
}
