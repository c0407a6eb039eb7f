package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// mend suggests, or runs, what may mend a target. It reports whether the book has
// changed.
func (w *watcher) mend(ctx context.Context, sights []incident.Sight, now time.Time) (changed bool) {
	for _, s := range sights {
		w.mu.Lock()
		seen := w.last[s.Subject].Vote == verdict.Down
		w.mu.Unlock()
		h, argv, err := w.memory.Book.Propose(w.hooks, s, seen, now)
		if errors.Is(err, incident.ErrNotNow) {
			changed = w.undo(ctx, s, seen, now) || changed
			continue
		}
		if err != nil {
			w.trouble(fmt.Errorf("mend %s: %w", s.Subject, err))
			continue
		}
		note, by, token := "run it by hand", "", uint64(0)
		switch h.Mode {
		case incident.Approve:
			note = "to let it be run: watch approve " + w.memory.Book.Subjects[s.Subject].Incident + " -by NAME"
			by = w.memory.Book.Subjects[s.Subject].Approval(now)
		case incident.Automatic:
			note, by, token = w.lease(ctx, s.Subject)
		}
		w.memory.Book.Suggest(s, argv, note, now)
		changed = true
		if by != "" && !w.stopped() {
			w.act(ctx, s.Subject, incident.Mending{At: now, Argv: argv, By: by}, token)
		}
	}
	return changed
}

// undo takes back what was run from here and has not helped.
func (w *watcher) undo(ctx context.Context, s incident.Sight, seen bool, now time.Time) bool {
	argv, err := w.memory.Book.Undo(w.hooks, s, seen, now)
	if errors.Is(err, incident.ErrNotNow) || w.stopped() {
		return false
	}
	if err != nil {
		w.trouble(fmt.Errorf("take back what was run for %s: %w", s.Subject, err))
		return false
	}
	w.act(ctx, s.Subject, incident.Mending{At: now, Argv: argv, By: w.node.Name + ", since it has not helped", RolledBack: true}, 0)
	return true
}

// leaseLength is longer than a command may take and a look after it: no other host
// runs one meanwhile.
const leaseLength = 15 * time.Minute

// lease asks for the task of mending a target, and says who then does it.
func (w *watcher) lease(ctx context.Context, target string) (note, by string, token uint64) {
	token, err := exchange.Lease(ctx, w.node.Store, "mend "+target, w.node.Name, leaseLength)
	if err != nil {
		return "not run by itself from here: " + err.Error(), "", 0
	}
	return "run by itself", fmt.Sprintf("%s, by lease %d", w.node.Name, token), token
}

// fenced returns an error unless the lease is still the one of that token: since
// it was given, this process may have stood still for longer than it lasts.
func (w *watcher) fenced(ctx context.Context, target string, token uint64) error {
	if token == 0 {
		return nil // a person said so
	}
	now, err := exchange.Lease(ctx, w.node.Store, "mend "+target, w.node.Name, leaseLength)
	if err == nil && now != token {
		err = fmt.Errorf("lease %d was lost meanwhile", token)
	}
	return err
}

// mendPatience is how long a command is waited for. It is not ended then.
const mendPatience = time.Minute

// act runs a command that was approved: noted, stored and told before it begins,
// so that neither a process that begins anew nor another host runs it again.
func (w *watcher) act(ctx context.Context, target string, m incident.Mending, token uint64) {
	w.memory.Book.Begin(target, m)
	w.changed = true
	err := w.save()
	if err == nil {
		err = w.sayValue(ctx, mendedWord+target, m, m.At)
	}
	if err == nil {
		err = w.fenced(ctx, target, token)
	}
	if err != nil {
		w.memory.Book.End(target, "not begun: "+err.Error())
		w.trouble(fmt.Errorf("mend %s: not begun: %w", target, err))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mendPatience)
	defer cancel()
	out, err := host.Local().Run(ctx, host.Command{Args: m.Argv, Mutates: true, Limit: 64 << 10})
	how := "exit status 0"
	if err == nil {
		err = out.Err()
	}
	if err != nil {
		how = err.Error()
	}
	w.memory.Book.End(target, how)
	w.hasten(target)
}

// stopped reports whether a person has forbidden all mending, by a file.
func (w *watcher) stopped() bool {
	_, err := os.Lstat(filepath.Join(w.folder, "no-mending"))
	return !errors.Is(err, os.ErrNotExist)
}
