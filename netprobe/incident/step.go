package incident

import (
	"slices"
	"time"
)

// Rules say when people are told. The zero values of its fields work.
type Rules struct {
	Tenant   string
	Attempts int           // bad looks until it is sure; zero: 3
	Recover  int           // good looks until it is over; zero: 1
	Repeat   time.Duration // between repetitions; zero: 4 hours; negative: none
	Most     int           // repetitions; zero: 12
	Slot     time.Duration // in which two vantages begin one incident; zero: 15 minutes
	FlapHigh float64       // per cent of change at which it flaps; zero: 20
	FlapLow  float64       // and at which it has settled; zero: 5

	// Parents of a subject: while one of them is down, nothing is told of it.
	Parents map[string][]string
}

func (o Rules) withDefaults() Rules {
	o.Attempts = max(o.Attempts, 0)
	if o.Attempts == 0 {
		o.Attempts = 3
	}
	o.Recover = max(o.Recover, 1)
	if o.Repeat == 0 {
		o.Repeat = 4 * time.Hour
	}
	if o.Most == 0 {
		o.Most = 12
	}
	if o.Slot <= 0 {
		o.Slot = 15 * time.Minute
	}
	if o.FlapHigh == 0 {
		o.FlapHigh = 20
	}
	if o.FlapLow == 0 {
		o.FlapLow = 5
	}
	return o
}

// Step takes the next look at every subject. The events are put in the book's
// outbox, and returned; the book must be stored before they are delivered.
func (o Rules) Step(b *Book, now time.Time, sights []Sight) []Event {
	o = o.withDefaults()
	b.Windows = slices.DeleteFunc(b.Windows, func(w Window) bool { return !now.Before(w.To) })
	bad := map[string]bool{}
	sights = slices.DeleteFunc(slices.Clone(sights), func(s Sight) bool { return s.Level == Unknown })
	for _, s := range sights { // before anything is told, since some depend on others
		bad[s.Subject] = s.Level == Major
		if b.Subjects[s.Subject] == nil {
			b.Subjects[s.Subject] = &Record{Level: Well}
		}
		o.look(b.Subjects[s.Subject], s, now)
	}
	var events []Event
	for _, s := range sights {
		muted := slices.ContainsFunc(b.Windows, func(w Window) bool { return w.covers(s.Subject, now) }) ||
			slices.ContainsFunc(o.Parents[s.Subject], func(p string) bool { return bad[p] || b.down(p) })
		events = append(events, o.tell(b.Subjects[s.Subject], s, now, muted)...)
	}
	slices.SortFunc(events, byID)
	b.Outbox = append(b.Outbox, events...)
	return events
}

// down reports whether the last hard state of a subject is down.
func (b *Book) down(subject string) bool {
	r := b.Subjects[subject]
	return r != nil && r.Level == Major
}

// look moves the state of a record by one look.
func (o Rules) look(r *Record, s Sight, now time.Time) {
	if !s.Newest.After(r.Newest) {
		return // the same look again
	}
	r.Newest = s.Newest
	switch {
	case s.Level.bad():
		o.lookBad(r, s, now)
	case r.Level.bad():
		if r.Goods++; r.Goods >= o.Recover {
			r.Level, r.Attempt, r.Goods = Well, 0, 0
		}
		r.record()
	default:
		r.Attempt = 0
		r.record()
	}
}

func (o Rules) lookBad(r *Record, s Sight, now time.Time) {
	r.Goods = 0
	if r.Level.bad() {
		o.change(r, s)
		r.record()
		return
	}
	if r.Attempt == 0 && !r.Notified {
		r.Onset = s.Onset
		if r.Onset.IsZero() {
			r.Onset = now
		}
	}
	if r.Attempt++; s.Soft || r.Attempt < o.Attempts && !s.Conclusive {
		return
	}
	r.Level, r.Hard, r.Attempt = s.Level, now, 0
	if r.Incident == "" { // by what all of them know now, and not by who of them has looked first
		r.Incident = ID(o.Tenant, s.Subject, onsetOf(s.Onset, r.Onset), o.Slot)
	}
	r.record()
}

// onsetOf gives t, which the vantages have in common, or what is known without them.
func onsetOf(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

// change takes over how bad it is now. A suspicion does not change what was sure, nor
// does it that nobody can say any more,
// and better is sure after some looks only: it is most often on its way to well.
func (o Rules) change(r *Record, s Sight) {
	switch {
	case s.Soft, s.unsure():
		return
	case s.Level == r.Level:
		r.Attempt = 0
		return
	case s.Level < r.Level && r.Attempt+1 < o.Attempts && !s.Conclusive:
		r.Attempt++
		return
	}
	r.Level, r.Attempt = s.Level, 0
	if r.Ack != nil && !r.Ack.Sticky {
		r.Ack = nil
	}
}

// tell decides which messages there are.
func (o Rules) tell(r *Record, s Sight, now time.Time, muted bool) []Event {
	if r.Ack != nil && !r.Ack.Until.IsZero() && !now.Before(r.Ack.Until) {
		r.Ack = nil
	}
	began := o.flap(r)
	switch {
	case began && r.Incident != "" && !muted:
		return []Event{r.event(s.Subject, Flapping, now, s)}
	case r.Flapping:
		return nil
	case !r.Level.bad():
		return o.tellWell(r, s, now)
	case muted:
		return nil
	}
	return o.tellBad(r, s, now)
}

func (o Rules) tellWell(r *Record, s Sight, now time.Time) (events []Event) {
	if r.Notified {
		events = []Event{r.event(s.Subject, Recovery, now, s)}
	}
	r.Incident, r.Ack, r.Notified, r.NotifiedLevel, r.Worst, r.Repeats = "", nil, false, Unknown, Unknown, 0
	r.Suggested, r.Approved, r.Mended, r.Far = false, "", nil, 0
	return events
}

func (o Rules) tellBad(r *Record, s Sight, now time.Time) []Event {
	kind := Problem
	switch {
	case !r.Notified:
	case r.NotifiedLevel != r.Level:
		kind = Changed
	case r.Ack == nil && o.Repeat > 0 && r.Repeats < o.Most && now.Sub(r.ToldAt) >= o.Repeat:
		kind = Repeat
		r.Repeats++
	default:
		return nil
	}
	r.Notified, r.NotifiedLevel, r.ToldAt = true, r.Level, now
	r.Worst = max(r.Worst, r.Level)
	e := r.event(s.Subject, kind, now, s)
	if r.Ack != nil {
		e.Note = "acknowledged by " + r.Ack.By
	}
	return []Event{e}
}

// ringLength is how many states are kept, for as many changes but one.
const ringLength = 21

// record notes a hard state, or a recovery from a soft one.
func (r *Record) record() {
	r.Ring = append(r.Ring, r.Level)
	r.Ring = r.Ring[max(0, len(r.Ring)-ringLength):]
}

// changed is the share of the last states that differ from the one before, in per
// cent; later ones weigh more, as Nagios has it.
func (r *Record) changed() float64 {
	sum := 0.0
	gap := ringLength - len(r.Ring) // before the first there was no change
	for i := 1; i < len(r.Ring); i++ {
		if r.Ring[i] != r.Ring[i-1] {
			sum += 0.75 + float64(gap+i-1)*0.5/float64(ringLength-2)
		}
	}
	return sum * 100 / (ringLength - 1)
}

// flap says whether the subject has begun to flap.
func (o Rules) flap(r *Record) (began bool) {
	share := r.changed()
	switch {
	case !r.Flapping && share >= o.FlapHigh:
		r.Flapping = true
		return true
	case r.Flapping && share <= o.FlapLow:
		r.Flapping = false
	}
	return false
}
