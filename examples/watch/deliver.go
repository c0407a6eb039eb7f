package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/delivery"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
)

// deliverPatience is how long a target may take for one message, where the
// configuration does not say: meanwhile nothing is judged.
const deliverPatience = 10 * time.Second

// targets are those who get messages. What they did not take waits in a folder.
func (s settings) targets(folder string) (*deliver.Targets, error) {
	list := slices.Clone(s.Deliver)
	for i := range list {
		list[i].Timeout = cmp.Or(list[i].Timeout, deliverPatience)
	}
	out, err := delivery.Targets(list, filepath.Join(folder, "undelivered"), subject)
	if err == nil {
		out.Longest = s.Interval
	}
	return out, err
}

// subject is that of a mail: what happened.
func subject(rep *report.Report) string {
	if len(rep.Changes) != 1 {
		return rep.ID
	}
	return openings[rep.Changes[0].Kind] + rep.Changes[0].Finding.Title
}

// openings stand before what is not simply a problem.
var openings = map[report.ChangeKind]string{report.Still: "Still: ", report.Fixed: "Over: ", report.Retired: "Over: "}

// A sending is how far a message has come from here.
type sending struct {
	Number uint64 // of its report
	Kept   bool   // it is in the spool, or was
}

// number gives each new message the number of its report, which must be stored
// before it is kept: what is kept again after a crash is then the same.
func (w *watcher) number() {
	for _, e := range w.memory.Book.Outbox {
		if _, known := w.memory.Sending[e.ID]; !known {
			w.memory.Number = max(w.memory.Number, 1) + 1 // the report of number 1 would be a baseline
			w.memory.Sending[e.ID] = sending{Number: w.memory.Number}
			w.changed = true
		}
	}
}

// deliver brings what is in the outbox to the spool, and from there to those who
// get it, and says what failed. A message that another host sends waits until
// that one says that it has, and is sent from here when it does not.
func (w *watcher) deliver(ctx context.Context, live []string, sent []verdict.Observation, now time.Time) (failed []error) {
	for _, e := range slices.Clone(w.memory.Book.Outbox) {
		sender := senderOf(e, live)
		ours := sender == w.node.Name || sender == "" || now.Sub(e.At) >= w.hold() || e.Kind == incident.Muted
		switch kept := w.memory.Sending[e.ID].Kept; {
		case !(e.Kind == incident.Repeat && sender == w.node.Name) && w.sentBy(sent, e):
			failed = append(failed, w.drop(ctx, e))
		case ours && !kept:
			failed = append(failed, w.keep(ctx, e))
		}
	}
	failed = append(failed, w.save(), w.targets.Flush(ctx))
	for _, e := range slices.Clone(w.memory.Book.Outbox) {
		if w.memory.Sending[e.ID].Kept {
			failed = append(failed, w.finish(ctx, e, now))
		}
	}
	return failed
}

// senderOf gives who sends a message. Another may send each repetition, and for that
// one no other's word is taken: who has stolen a key can delay an alarm by it, and
// not keep it from being told.
func senderOf(e incident.Event, live []string) string {
	if e.Kind == incident.Repeat {
		return incident.Sender(e.ID, live)
	}
	return incident.Sender(e.Subject, live)
}

// keep puts a message into the spool of each who gets it.
func (w *watcher) keep(ctx context.Context, e incident.Event) error {
	rep, err := w.report(ctx, e)
	if err == nil {
		err = w.targets.Keep(rep)
	}
	if err == nil {
		w.memory.Sending[e.ID], w.changed = sending{Number: rep.Seq, Kept: true}, true
	}
	return err
}

// drop forgets what another host has sent.
func (w *watcher) drop(ctx context.Context, e incident.Event) error {
	rep, err := w.report(ctx, e)
	if err == nil {
		err = w.targets.Drop(rep)
	}
	w.done(e)
	return err
}

// finish tells the other hosts of a message that all have who get it.
func (w *watcher) finish(ctx context.Context, e incident.Event, now time.Time) error {
	rep, err := w.report(ctx, e)
	if err != nil {
		return err
	}
	if waits, err := w.targets.Waits(rep); waits || err != nil {
		return err
	}
	w.done(e)
	return w.say(ctx, sentWord+e.Subject, e.ID, now)
}

// report is the message as those who get it are handed it.
func (w *watcher) report(ctx context.Context, e incident.Event) (*report.Report, error) {
	return e.Report(ctx, report.Labels{Tenant: w.set.Tenant, Observer: w.node.Name}, w.memory.Sending[e.ID].Number)
}

// hold is how long another host has to send a message.
func (w *watcher) hold() time.Duration { return max(w.set.Interval, 4*w.set.Tick) }

func (w *watcher) done(e incident.Event) {
	w.memory.Book.Sent(e.ID)
	delete(w.memory.Sending, e.ID)
	w.changed = true
}

// sentBy reports whether a peer has sent this message, or one of its kind for the
// same reason: two hosts may see the beginning of an incident in other slots of time.
func (w *watcher) sentBy(sent []verdict.Observation, e incident.Event) bool {
	if e.Kind == incident.Muted {
		return false // that is about what a peer says, and told from here
	}
	return slices.ContainsFunc(sent, func(o verdict.Observation) bool {
		return o.Vantage != w.node.Name && o.Target == sentWord+e.Subject &&
			(o.Detail == e.ID || kindOf(o.Detail) == kindOf(e.ID) && !o.At.Before(e.At.Add(-w.hold())))
	})
}

// kindOf gives what a message's id says besides incident and time.
func kindOf(id string) string {
	parts := strings.Split(id, "/")
	return strings.Join(parts[1:min(3, len(parts))], "/")
}
