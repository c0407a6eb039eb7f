package sessions

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is what one run hands to the next.
var memory = report.State[state]{Name: "state", Version: 1, Valid: state.valid}

// Bounds of the memory.
const (
	maxOpen  = 500
	maxKnown = 5_000
)

// state is where reading ended, who was in then, and from where whom came.
type state struct {
	Positions map[string]logstream.Position `json:"positions"`
	Until     time.Time                     `json:"until,omitzero"`
	Open      []Session                     `json:"open,omitempty"`
	Known     []string                      `json:"known,omitempty"` // user, a blank, address
}

func (s state) valid() error {
	for _, p := range s.Positions {
		if !p.Check() {
			return errors.New("a position in a log")
		}
	}
	if len(s.Open) > maxOpen || len(s.Known) > maxKnown {
		return errors.New("more than is kept")
	}
	return nil
}

// known is who came from where, to be asked for.
func (s *state) known() map[string]bool {
	out := make(map[string]bool, len(s.Known))
	for _, key := range s.Known {
		out[key] = true
	}
	return out
}

// remember makes the memory of what is open, and of who came from where.
func (r *run) remember(all []Session) {
	r.next.Until, r.next.Known = r.now, slices.Clone(r.old.Known)
	known := r.old.known()
	for _, s := range all {
		if s.open() {
			kept := s
			kept.Commands, kept.Dropped = nil, 0
			r.next.Open = append(r.next.Open, kept)
		}
		if key := s.from(); key != "" && !known[key] {
			known[key] = true
			r.next.Known = append(r.next.Known, key)
		}
	}
	if more := len(r.next.Open) - maxOpen; more > 0 {
		r.rec.Problem(fmt.Errorf("the ends of %s will not be known: so many are open", prose.Count(more, "session")), "sessions/open")
	} else {
		r.rec.Covered("sessions/open")
	}
	r.next.Open = r.next.Open[max(0, len(r.next.Open)-maxOpen):]
	r.next.Known = r.next.Known[max(0, len(r.next.Known)-maxKnown):]
}

// from is who came from where; empty where it is not known.
func (s *Session) from() string {
	if !s.Addr.IsValid() {
		return ""
	}
	return s.User + " " + s.Addr.String()
}
