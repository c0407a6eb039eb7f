package incident

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Kind says what a message is about.
type Kind string

// The kinds.
const (
	Problem    Kind = "problem"
	Changed    Kind = "changed" // the incident became better or worse, and is not over
	Repeat     Kind = "repeat"
	Recovery   Kind = "recovery"
	Flapping   Kind = "flapping" // it comes and goes, and is told again when it has settled
	Retired    Kind = "retired"  // it is no longer watched
	Suggestion Kind = "suggestion"
	Muted      Kind = "muted" // another vantage says that nothing is to be told of something
)

// An Event is one message. A receiver that has seen its ID has seen it all.
type Event struct {
	ID       string // of the incident, and which message of it
	Incident string
	Kind     Kind
	Subject  string
	Level    Level
	Worst    Level // that people were told of this incident
	At       time.Time
	Onset    time.Time
	Summary  string
	Detail   string

	// Why, and where it stopped, as one who saw it says.
	Cause      netprobe.Cause `json:",omitempty"`
	Phase      netprobe.Phase `json:",omitempty"`
	Code       int            `json:",omitempty"` // reply code of the protocol
	Transcript string         `json:",omitempty"` // the end of what was said, without secrets

	Argv []string `json:",omitempty"` // of a suggestion
	Note string   `json:",omitempty"` // such as who has acknowledged it
}

func byID(a, b Event) int { return strings.Compare(a.ID, b.ID) }

// event makes the message of a record; the number of a repetition is part of its id.
func (r *Record) event(subject string, kind Kind, now time.Time, s Sight) Event {
	id := r.Incident + "/" + string(kind)
	switch kind {
	case Repeat:
		id += fmt.Sprintf("/%d", r.Repeats)
	case Changed:
		id += "/" + r.Level.String() + s.Newest.UTC().Format("/20060102T1504")
	}
	return Event{
		ID: id, Incident: r.Incident, Kind: kind, Subject: subject, Level: r.Level, Worst: r.Worst,
		At: now, Onset: r.Onset, Summary: s.Summary, Detail: s.Detail,
		Cause: s.Why.Cause, Phase: s.Why.Phase, Code: s.Why.Code, Transcript: s.Why.Transcript,
	}
}

// ID is the name of an incident: the same for all who see that it began in the
// same slot of time.
func ID(tenant, subject string, onset time.Time, slot time.Duration) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%d", len(tenant), tenant, len(subject), subject, onset.Truncate(slot).Unix()))
	return hex.EncodeToString(sum[:8])
}

// Sender says which of the live vantages delivers the messages of an incident:
// the same for all who see the same ones, and another when it falls silent.
func Sender(incident string, live []string) string {
	best, rank := "", uint64(0)
	for _, name := range slices.Sorted(slices.Values(live)) {
		sum := sha256.Sum256([]byte(incident + "\x00" + name))
		if n := binary.BigEndian.Uint64(sum[:8]); best == "" || n > rank {
			best, rank = name, n
		}
	}
	return best
}
