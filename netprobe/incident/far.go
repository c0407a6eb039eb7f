package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// Bounds of how long somebody can keep this vantage quiet. What other vantages tell
// is bounded more closely, and is told: who has taken the key of one must not make
// another quiet for ever.
const (
	MaxMute    = 7 * 24 * time.Hour // of one window
	MaxWindows = 10                 // at a time, of each vantage

	maxFarAck   = 24 * time.Hour // of one acknowledgement
	maxFarAcks  = 3              // of one incident
	maxMendings = 20             // that are remembered of one incident
	maxAhead    = 5 * time.Minute
)

// Learn takes an acknowledgement that a person gave at another vantage: once, of
// an incident that had begun by then, and not in place of a later one. It holds for
// a day at most, and the fourth of one incident does not count.
func (b *Book) Learn(subject string, a Ack, now time.Time) (taken bool) {
	r := b.Subjects[subject]
	if r == nil || r.Incident == "" || !a.At.After(r.Onset) || !a.At.After(r.Learned) || r.Ack != nil && !a.At.After(r.Ack.At) ||
		a.At.Sub(now) > maxAhead || r.Far >= maxFarAcks {
		return false
	}
	if end := a.At.Add(maxFarAck); a.Until.IsZero() || a.Until.After(end) {
		a.Until = end
	}
	r.Ack, r.Learned = &a, a.At
	r.Far++
	return true
}

// Heard takes the word of another vantage that it has begun to mend something: it
// counts here too.
func (b *Book) Heard(subject string, m Mending, now time.Time) (taken bool) {
	r := b.Subjects[subject]
	m.Far = true
	if r == nil || r.Incident == "" || !m.At.After(r.Onset) || m.At.Sub(now) > maxAhead || len(r.Mended) >= maxMendings ||
		slices.ContainsFunc(r.Mended, func(o Mending) bool { return o.At.Equal(m.At) }) {
		return false
	}
	b.Begin(subject, m)
	return true
}

// Mute adds a window, once; false: it is there, over, not begun or one too many. It
// lasts for MaxMute at most. One of another vantage is told, which no window mutes.
func (b *Book) Mute(w Window, now time.Time) (added bool) {
	if end := w.From.Add(MaxMute); w.To.After(end) {
		w.To = end
	}
	same := func(o Window) bool {
		return o.Subject == w.Subject && o.From.Equal(w.From) && o.To.Equal(w.To) && o.Vantage == w.Vantage
	}
	if !now.Before(w.To) || w.From.Sub(now) > maxAhead || slices.ContainsFunc(b.Windows, same) || len(b.WindowsOf(w.Vantage)) >= MaxWindows {
		return false
	}
	b.Windows = append(b.Windows, w)
	if w.Vantage != "" {
		b.Outbox = append(b.Outbox, w.event(now))
	}
	return true
}

// WindowsOf gives those of one vantage; of "": those that people here have opened.
func (b *Book) WindowsOf(vantage string) (out []Window) {
	for _, w := range b.Windows {
		if w.Vantage == vantage {
			out = append(out, w)
		}
	}
	return out
}

// mutePrefix begins the subject that is a window of another vantage: its name, a
// blank, and the glob follow.
const mutePrefix = "mute:"

func (w Window) event(now time.Time) Event {
	subject := mutePrefix + w.Vantage + " " + w.Subject
	id := ID("", subject, w.From, time.Nanosecond)
	return Event{
		ID: id + "/" + string(Muted), Incident: id, Kind: Muted, Subject: subject, Level: Minor, Worst: Minor, At: now, Onset: w.From,
		Summary: fmt.Sprintf("The vantage %s has muted %q for %s", w.Vantage, prose.Clip(w.Subject, 200), prose.Duration(w.To.Sub(w.From))),
		Detail:  fmt.Sprintf("%q says so, and writes %q: nothing is told of these targets meanwhile, from here either", prose.Clip(w.By, 100), prose.Clip(w.Comment, 300)),
	}
}
