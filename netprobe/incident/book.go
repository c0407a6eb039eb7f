package incident

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// A Book is all that is remembered of incidents. It is stored whole.
type Book struct {
	Subjects map[string]*Record
	Windows  []Window
	Outbox   []Event     // decided, and not yet delivered
	Tries    []time.Time // when commands were run, in the last hour
}

// A Record is what is remembered of one subject.
type Record struct {
	Level    Level     // the hard state
	Attempt  int       // bad looks in a row, while it is soft
	Goods    int       // good looks in a row, while it is bad
	Newest   time.Time // of the last look
	Onset    time.Time // of what is bad now
	Hard     time.Time // when it became hard
	Incident string    // "" while all is well

	Notified      bool // people were told of the problem, and not yet of its end
	NotifiedLevel Level
	Worst         Level // that was told
	ToldAt        time.Time
	Repeats       int

	Ring     []Level // the last states, the oldest first
	Flapping bool
	Ack      *Ack
	Learned  time.Time // when the last acknowledgement was given that another vantage told of
	Far      int       // how many of those were heeded in this incident

	Suggested  bool   // what would mend it was told
	Approved   string // who lets it be run; "": nobody
	ApprovedAt time.Time
	Mended     []Mending // of this incident
}

// An Ack says that a person knows and wants no repetition.
type Ack struct {
	By, Comment string
	At          time.Time
	Until       time.Time // zero: until it is over
	Sticky      bool      // also when it becomes better or worse
}

// A Window is a time in which nobody is told of problems.
type Window struct {
	From, To    time.Time
	Subject     string // a glob in which * is any text, or the subject itself
	By, Comment string
	Vantage     string `json:",omitempty"` // that told of it; "": a person here said so
}

func (w Window) covers(subject string, now time.Time) bool {
	return fits(w.Subject, subject) && !now.Before(w.From) && now.Before(w.To)
}

// flat lets the * of path.Match be any text, as subjects are no paths.
var flat = strings.NewReplacer("/", "\x1f")

func fits(glob, subject string) bool {
	matched, err := path.Match(flat.Replace(glob), flat.Replace(subject))
	return matched && err == nil || glob == subject
}

// NewBook returns one in which nothing has happened.
func NewBook() *Book { return &Book{Subjects: map[string]*Record{}} }

// ParseBook reads what json.Marshal wrote.
func ParseBook(data []byte) (*Book, error) {
	b := NewBook()
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("book of incidents: %w", err)
	}
	if b.Subjects == nil {
		return nil, errors.New("book of incidents: it has no subjects")
	}
	for subject, r := range b.Subjects {
		if r == nil || r.Level > Major || len(r.Ring) > ringLength || r.Attempt < 0 {
			return nil, fmt.Errorf("book of incidents: %.80q is no record", subject)
		}
	}
	return b, nil
}

// Sent takes delivered events out of the outbox.
func (b *Book) Sent(ids ...string) {
	b.Outbox = slices.DeleteFunc(b.Outbox, func(e Event) bool { return slices.Contains(ids, e.ID) })
}

// ErrNoIncident says that nothing is open under that name.
var ErrNoIncident = errors.New("no such incident is open")

// Acknowledge notes that a person knows of an open incident, by its id, the
// beginning of it, or its subject.
func (b *Book) Acknowledge(name string, a Ack) error {
	_, r, err := b.find(name)
	if err == nil {
		r.Ack = &a
	}
	return err
}

// Open gives the subject of an open incident, by its id, the beginning of it, or
// the subject itself.
func (b *Book) Open(name string) (subject string, err error) {
	subject, _, err = b.find(name)
	return subject, err
}

// find gives the record of an open incident.
func (b *Book) find(name string) (at string, found *Record, err error) {
	for subject, r := range b.Subjects {
		if r.Incident == "" || subject != name && (len(name) < 4 || !strings.HasPrefix(r.Incident, name)) {
			continue
		}
		if found != nil {
			return "", nil, fmt.Errorf("%.40q names several incidents", name)
		}
		at, found = subject, r
	}
	if found == nil {
		return "", nil, fmt.Errorf("%.80q: %w", name, ErrNoIncident)
	}
	return at, found, nil
}

// Forget removes the records of subjects that are no longer watched. An incident
// of which people were told is closed, and that is told.
func (b *Book) Forget(watched func(subject string) bool, now time.Time) []Event {
	var events []Event
	for subject, r := range b.Subjects {
		if watched(subject) {
			continue
		}
		if r.Notified {
			events = append(events, r.event(subject, Retired, now, Sight{Subject: subject, Summary: subject + " is no longer watched"}))
		}
		delete(b.Subjects, subject)
	}
	slices.SortFunc(events, byID)
	b.Outbox = append(b.Outbox, events...)
	return events
}
