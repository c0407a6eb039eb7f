package incident

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Mode says what a hook may do. The zero mode is Off.
type Mode uint8

// The modes.
const (
	Off       Mode = iota
	Suggest        // the command is told
	Approve        // it is told, and run once when a person says so
	Automatic      // it is run, where a store gives a lease
)

var modes = []string{"off", "suggest", "approve", "automatic"}

// String returns the word for the mode.
func (m Mode) String() string { return modes[min(m, Automatic)] }

// ParseMode reads what String returns.
func ParseMode(text string) (Mode, error) {
	i := slices.Index(modes, text)
	if i < 0 {
		return Off, fmt.Errorf("%.40q is no mode: there are %s", text, strings.Join(modes, ", "))
	}
	return Mode(i), nil
}

// A Hook is a command that may mend a subject.
type Hook struct {
	Subject  string // a glob in which * is any text, or the subject itself
	Mode     Mode
	Argv     []string      // {target} and {host} are put in word by word
	Cooldown time.Duration // between two attempts; zero: 15 minutes
	Most     int           // attempts for one incident; zero: 1
	Hourly   int           // attempts in an hour, over all subjects; zero: 3

	// Rollback is run once, by who ran Argv, where that has not helped within
	// Settle; none: nothing is taken back.
	Rollback []string
	Settle   time.Duration // zero: 10 minutes
}

// command gives the words for one subject. A word of the subject's is no option.
func (h Hook) command(argv []string, subject string) ([]string, error) {
	u, err := url.Parse(subject)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(argv))
	for i, word := range argv {
		out[i] = strings.NewReplacer("{target}", subject, "{host}", u.Hostname()).Replace(word)
		if out[i] != word && strings.HasPrefix(out[i], "-") && !strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("%.80q would be an option", out[i])
		}
	}
	if len(out) == 0 || !path.IsAbs(out[0]) {
		return nil, errors.New("the command has no absolute path")
	}
	return out, nil
}

// A Mending is one attempt, noted before it begins: one that was cut off counts.
type Mending struct {
	At         time.Time
	Argv       []string
	By         string // who approved it; "" for one by itself
	End        string // how it ended; "" for one that has not, as far as is known
	Far        bool   // another vantage did it, and told
	RolledBack bool   // it took back the one before
}

// approvalHolds is how long a person's word lets a command be run.
const approvalHolds = time.Hour

// Approval gives who lets the command be run now; "": nobody, or not any more.
func (r *Record) Approval(now time.Time) string {
	if now.Sub(r.ApprovedAt) > approvalHolds {
		return ""
	}
	return r.Approved
}

// ErrNotNow says that a command is not to be run, and why.
var ErrNotNow = errors.New("not now")

// Propose gives the command that a hook has for a subject, if it may be told or
// run now: the subject is down for sure, the vantages agree, this one sees it
// itself, and nothing speaks against it: a window, an acknowledgement, flapping.
func (b *Book) Propose(hooks []Hook, s Sight, seenHere bool, now time.Time) (Hook, []string, error) {
	h, err := b.mayMend(hooks, s, seenHere, now)
	if err != nil {
		return h, nil, err
	}
	r := b.Subjects[s.Subject]
	switch {
	case r.tried() >= max(h.Most, 1):
		return h, nil, fmt.Errorf("%w: it was tried, and did not help", ErrNotNow)
	case len(r.Mended) > 0 && now.Sub(r.Mended[len(r.Mended)-1].At) < or(h.Cooldown, 15*time.Minute):
		return h, nil, fmt.Errorf("%w: it was just tried", ErrNotNow)
	case b.tries(now) >= or(h.Hourly, 3):
		return h, nil, fmt.Errorf("%w: too much was tried in the last hour", ErrNotNow)
	}
	argv, err := h.command(h.Argv, s.Subject)
	return h, argv, err
}

// Undo gives the command that takes back what this vantage has tried in vain, under
// the same conditions as Propose.
func (b *Book) Undo(hooks []Hook, s Sight, seenHere bool, now time.Time) ([]string, error) {
	h, err := b.mayMend(hooks, s, seenHere, now)
	if err != nil {
		return nil, err
	}
	tried := b.Subjects[s.Subject].Mended
	if len(h.Rollback) == 0 || len(tried) == 0 {
		return nil, fmt.Errorf("%w: there is nothing to take back", ErrNotNow)
	}
	if last := tried[len(tried)-1]; last.Far || last.RolledBack || now.Sub(last.At) < or(h.Settle, 10*time.Minute) {
		return nil, fmt.Errorf("%w: it is not ours, was taken back, or may still help", ErrNotNow)
	}
	return h.command(h.Rollback, s.Subject)
}

// mayMend gives the hook of a subject to which nothing but earlier tries can be
// in the way.
func (b *Book) mayMend(hooks []Hook, s Sight, seenHere bool, now time.Time) (Hook, error) {
	r := b.Subjects[s.Subject]
	h, found := hookOf(hooks, s.Subject)
	if !found || r == nil || r.Incident == "" {
		return Hook{}, fmt.Errorf("%w: there is no hook or no incident", ErrNotNow)
	}
	muted := slices.ContainsFunc(b.Windows, func(w Window) bool { return w.covers(s.Subject, now) })
	switch {
	case r.Level != Major, s.Level != Major, !s.Confirmed, s.Soft:
		return h, fmt.Errorf("%w: it is not down for sure", ErrNotNow)
	case !seenHere:
		return h, fmt.Errorf("%w: it is not seen from here", ErrNotNow)
	case muted, r.Ack != nil, r.Flapping, !r.Notified:
		return h, fmt.Errorf("%w: it is in a window, acknowledged, flapping or not told", ErrNotNow)
	}
	return h, nil
}

// hookOf gives the first hook of a subject that is not off.
func hookOf(hooks []Hook, subject string) (h Hook, found bool) {
	i := slices.IndexFunc(hooks, func(h Hook) bool {
		return h.Mode != Off && fits(h.Subject, subject)
	})
	if i < 0 {
		return Hook{}, false
	}
	return hooks[i], true
}

func or[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// tried is how often it was tried to mend this, wherever.
func (r *Record) tried() (n int) {
	for _, m := range r.Mended {
		if !m.RolledBack {
			n++
		}
	}
	return n
}

// tries is how many commands were run in the last hour.
func (b *Book) tries(now time.Time) int {
	b.Tries = slices.DeleteFunc(b.Tries, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	return len(b.Tries)
}

// Suggest puts a suggestion in the outbox, once for each incident.
func (b *Book) Suggest(s Sight, argv []string, note string, now time.Time) {
	r := b.Subjects[s.Subject]
	if r == nil || r.Suggested {
		return
	}
	r.Suggested = true
	e := r.event(s.Subject, Suggestion, now, s)
	e.Argv, e.Note = argv, note
	b.Outbox = append(b.Outbox, e)
}

// Begin notes an attempt. The book must be stored before the command is run.
func (b *Book) Begin(subject string, m Mending) {
	if r := b.Subjects[subject]; r != nil {
		r.Mended = append(r.Mended, m)
		r.Approved = ""
		b.Tries = append(b.Tries, m.At)
	}
}

// End notes how the last attempt of this vantage ended.
func (b *Book) End(subject, how string) {
	r := b.Subjects[subject]
	if r == nil {
		return
	}
	for i, m := range slices.Backward(r.Mended) {
		if !m.Far {
			r.Mended[i].End = how
			return
		}
	}
}

// Approve notes that a person lets the command of an open incident be run once,
// within an hour. It returns an error where none would be run.
func (b *Book) Approve(hooks []Hook, name, by string, at time.Time) error {
	subject, r, err := b.find(name)
	if err != nil {
		return err
	}
	switch h, found := hookOf(hooks, subject); {
	case !found || h.Mode != Approve:
		return fmt.Errorf("for %.80q there is no command that waits for a person's word", subject)
	case r.tried() >= max(h.Most, 1):
		return fmt.Errorf("the command for %.80q was run, and is not run again in this incident", subject)
	}
	r.Approved, r.ApprovedAt = by, at
	return nil
}
