package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
)

func (j *job) init(ctx context.Context, c cli.Call) (int, error) {
	w, err := j.open(ctx)
	if err != nil {
		return 0, err
	}
	defer w.close()
	recipients, err := agekey.ReadRecipients(j.recipients)
	if err != nil {
		return 0, err
	}
	made, err := w.keys.Init(recipients...)
	if err != nil {
		return 0, err
	}
	for _, name := range made {
		if err := c.Say(map[string]string{"made": name}, "made", name); err != nil {
			return 0, err
		}
	}
	switch {
	case c.JSON:
		return 0, nil
	case len(made) == 0:
		return 0, c.Say(nil, "the keys are there already", w.keys.Dir)
	case len(recipients) == 0:
		return 0, c.Say(nil, "Copy identity.txt to another place and print it: without it no backup can be read, and with it every one can.")
	}
	return 0, nil
}

func (j *job) run(ctx context.Context, c cli.Call) (int, error) {
	if j.of != "" {
		return 0, errors.New("-of names whose backups are read: none are made in the name of another system")
	}
	return j.with(ctx, func(w *work) (int, error) {
		was, status, err := w.compareKnown(ctx, c)
		if err != nil {
			return 0, err
		}
		src := commit.Source{Host: w.target.Host, Paths: c.Args}
		missing, err := missing(ctx, c, w.target.Host)
		if err != nil {
			return 0, err
		}
		status = max(status, missing)
		if len(c.Args) == 0 {
			src.Paths, src.Queries = capture.Paths(ctx, w.target.Host), capture.Queries(ctx, w.target.Host)
		}
		texts := &confdiff.Cache{Name: w.state.Path("backup-texts"), Key: w.state.RedactKey()}
		src.Text = func(path, sha256 string, content []byte) { texts.Keep(path, sha256, content, w.target.Host.Time()) }
		snap, changes, err := commit.Run(ctx, w.repo, src)
		if errors.Is(err, backup.ErrGap) {
			err = cli.Advise(err, "if the server was put back to a time before, let it go on by confbackup serve -used with the number before this one")
		}
		if err == nil {
			err = texts.Save()
		}
		if err != nil {
			return 0, err
		}
		for _, ch := range changes {
			lines := texts.Change(ch.Path, ch.Before.Object, ch.After.Object)
			object := map[string]any{"path": ch.Path, "kind": ch.Kind.String(), "fields": ch.Fields(), "lines": lines}
			if err := say(c, object, append([]string{ch.String()}, lines...)); err != nil {
				return 0, err
			}
		}
		for _, e := range snap.Failed {
			why := e.Error
			if e.Unstable {
				why = "changed each time it was read; stored as it was read last"
			}
			if err := c.Say(map[string]any{"path": e.Path, "error": why}, "incomplete", e.Path, why); err != nil {
				return 0, err
			}
		}
		if more := snap.Changed.Total() - len(changes); len(changes) > 0 && more > 0 {
			if err := c.Say(map[string]any{"more": more}, fmt.Sprintf("and %d more changes", more)); err != nil {
				return 0, err
			}
		}
		if err := errors.Join(sayHead(c, snap), w.sayDurability(c)); err != nil {
			return 0, err
		}
		if !snap.Complete {
			status = cli.Failed
		}
		kept, err := w.keepKnown(ctx, c, was, snap)
		return max(status, kept), err
	})
}

// sayDurability says of a store that it does not promise to survive a loss of power.
func (w *work) sayDurability(c cli.Call) error {
	level := backup.DurabilityOf(w.repo.Store)
	if level == backup.FileAndDir {
		return nil
	}
	return c.Say(map[string]any{"durable": level.String()}, "the store does not promise to survive a loss of power; what is durable there", level.String())
}

// missing says which paths that were named cannot be found, and why; with none of them nothing is
// stored. Of those that suit a system by themselves some are nowhere.
func missing(ctx context.Context, c cli.Call, h host.Host) (status int, err error) {
	gone := 0
	for _, path := range c.Args {
		if _, err := h.Lstat(ctx, path); err != nil {
			gone, status = gone+1, cli.Failed
			if err := c.Say(map[string]any{"path": path, "error": err.Error()}, "not captured", path, err.Error()); err != nil {
				return 0, err
			}
		}
	}
	if gone > 0 && gone == len(c.Args) {
		return 0, cli.Advise(errors.New("nothing is stored: nothing of what was named can be found"), "name absolute paths")
	}
	return status, nil
}

func sayHead(c cli.Call, s backup.Snapshot) error {
	state := "complete"
	if !s.Complete {
		state = fmt.Sprintf("incomplete: %d not captured", s.Errors)
	}
	return c.Say(s, fmt.Sprintf("snapshot %d", s.Seq), s.Time.Local().Format(time.DateTime), fmt.Sprintf("%d files", s.Files),
		fmt.Sprintf("+%d ~%d -%d", s.Changed.Added, s.Changed.Modified+s.Changed.Metadata, s.Changed.Deleted), fmt.Sprintf("%d bytes stored", s.NewBytes), state)
}

var errNone = cli.Advise(errors.New("there is no snapshot here"), "make one with confbackup run, or name another place with -store")

func (j *job) list(ctx context.Context, c cli.Call) (int, error) {
	return j.with(ctx, func(w *work) (int, error) {
		_, lost, err := w.compareKnown(ctx, c)
		if err != nil {
			return 0, err
		}
		snaps, err := w.repo.List(ctx)
		for _, s := range snaps {
			if err := sayHead(c, s); err != nil {
				return 0, err
			}
		}
		if err == nil && len(snaps) == 0 {
			err = errNone
		}
		return lost, err
	})
}

func (j *job) show(ctx context.Context, c cli.Call) (int, error) {
	return j.with(ctx, func(w *work) (int, error) {
		s, err := w.snapshot(ctx, c.Args[0])
		if err != nil {
			return 0, err
		}
		e, err := w.repo.Entry(ctx, s, c.Args[1])
		if err != nil {
			return 0, err
		}
		return 0, w.repo.Content(ctx, s, e, c.Stdout)
	})
}

// pair gives the two snapshots to compare: the two newest, or as the arguments say.
func (w *work) pair(ctx context.Context, args []string) (from, to backup.Snapshot, err error) {
	if len(args) == 2 {
		if to, err = w.snapshot(ctx, args[1]); err != nil {
			return from, to, err
		}
	} else if to, err = w.snapshot(ctx, "latest"); err != nil {
		return from, to, err
	}
	if len(args) > 0 {
		from, err = w.snapshot(ctx, args[0])
		return from, to, err
	}
	if to.Seq == 1 {
		return to, to, nil
	}
	from, err = w.repo.Snapshot(ctx, to.Seq-1)
	return from, to, err
}

func (j *job) diff(ctx context.Context, c cli.Call) (int, error) {
	return j.with(ctx, func(w *work) (int, error) {
		from, to, err := w.pair(ctx, c.Args)
		if err != nil {
			return 0, err
		}
		changes, err := w.repo.Diff(ctx, from.Seq, to.Seq)
		if err != nil {
			return 0, err
		}
		for _, ch := range changes {
			lines, err := w.lines(ctx, from, to, ch)
			if err != nil {
				return cli.Failed, err
			}
			words := append([]string{ch.String()}, lines...)
			object := map[string]any{"path": ch.Path, "kind": ch.Kind.String(), "fields": ch.Fields(), "lines": lines}
			if c.JSON {
				words = nil
			}
			if err := say(c, object, words); err != nil {
				return 0, err
			}
		}
		if len(changes) > 0 {
			return 1, nil
		}
		return 0, c.Say(map[string]any{"changes": 0}, fmt.Sprintf("no difference between snapshots %d and %d", from.Seq, to.Seq))
	})
}

// say writes a thing with -json, else each line.
func say(c cli.Call, thing any, lines []string) error {
	if c.JSON {
		return c.Say(thing)
	}
	for i, l := range lines {
		if i > 0 {
			l = "    " + l
		}
		if err := c.Say(nil, l); err != nil {
			return err
		}
	}
	return nil
}

// lines say how the content of a changed file differs, without its secrets.
func (w *work) lines(ctx context.Context, from, to backup.Snapshot, ch backup.Change) ([]string, error) {
	var sides [2][]byte
	for i, side := range []struct {
		snap  backup.Snapshot
		entry backup.Entry
	}{{from, ch.Before}, {to, ch.After}} {
		if !side.entry.HasContent() || side.entry.Type == backup.Dir {
			continue
		}
		var text bytes.Buffer
		if err := w.repo.Content(ctx, side.snap, side.entry, &text); err != nil {
			return nil, err
		}
		sides[i] = slices.Concat([]byte{}, text.Bytes())
	}
	return confdiff.Of(ch.Path, sides[0], sides[1], w.state.RedactKey()), nil
}

func (j *job) restore(ctx context.Context, c cli.Call) (int, error) {
	return j.with(ctx, func(w *work) (int, error) {
		_, lost, err := w.compareKnown(ctx, c)
		if err != nil {
			return 0, err
		}
		s, err := w.snapshot(ctx, c.Args[0])
		if err != nil {
			return 0, err
		}
		into, err := root(j.to)
		if err != nil {
			return 0, err
		}
		defer into.Close() //nolint:errcheck // it is only a place
		o := restore.Options{DryRun: j.dry}
		if len(c.Args) > 1 {
			o.Paths = c.Args[1:]
		}
		if j.inPlace {
			o.Keep = ".before-restore"
		}
		done, err := restore.Into(ctx, w.repo, s, into, o)
		if err != nil {
			return 0, err
		}
		say := sayRestored
		if j.dry {
			say = func(c cli.Call, done []restore.Restored) (int, error) { return j.rehearse(ctx, c, w, s, done) }
		}
		status, err := say(c, done)
		return max(status, lost), err
	})
}

func sayRestored(c cli.Call, done []restore.Restored) (int, error) {
	status := 0
	for _, one := range done {
		object := map[string]any{"path": one.Entry.Path, "kept": one.Kept, "left": one.Left}
		words := []string{"restored", one.Entry.Path}
		switch {
		case one.Err != nil:
			status = cli.Failed
			object["error"] = one.Err.Error()
			words = []string{"not restored", one.Entry.Path, one.Err.Error()}
		case len(one.Left) > 0:
			status = cli.Failed
			words = append(words, "without "+strings.Join(one.Left, ", "))
		}
		if err := c.Say(object, words...); err != nil {
			return 0, err
		}
	}
	return status, nil
}
