package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// A Vote is what one observation says of the service. The zero Vote is none.
type Vote uint8

// The votes.
const (
	None Vote = iota // nobody knows: trouble of the vantage's own, or silence
	Up
	Down
)

// VoteOf gives the vote of a result. A warning comes from a service that answers.
func VoteOf(r netprobe.Result) Vote {
	switch {
	case r.Cause.Local():
		return None
	case r.State == netprobe.OK, r.State == netprobe.Warning:
		return Up
	case r.State == netprobe.Critical:
		return Down
	}
	return None
}

// An Observation is what one vantage saw of one target at one time.
type Observation struct {
	Target   string // a URL
	Vantage  string
	Seq      uint64 // grows with each observation of the vantage, also after a restart
	At       time.Time
	Interval time.Duration // when the next one is due

	Vote  Vote
	Since time.Time // when the vantage began to see this vote without a break

	// What the result says, for people.
	State  netprobe.State
	Cause  netprobe.Cause
	Phase  netprobe.Phase
	Code   int
	Detail string

	Transcript string    // the end of what was said, without secrets; of a vote for down only
	Group      string    // what fails together, such as a network: "192.0.2.0/24"
	Received   time.Time `json:"-"` // by the reader's clock; zero: At
}

// seen is when the observation was made, by the reader's clock where that is known.
func (o Observation) seen() time.Time {
	if o.Received.IsZero() {
		return o.At
	}
	return o.Received
}

// compare orders the observations of one vantage on one target: a greater number
// is later. Two of one number are an anomaly; which of them counts must be the
// same for every reader, so it is the greater by content.
func compare(a, b Observation) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), a.At.Compare(b.At), cmp.Compare(a.Vote, b.Vote), a.Since.Compare(b.Since),
		cmp.Compare(a.State, b.State), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Detail, b.Detail), cmp.Compare(a.Transcript, b.Transcript), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Interval, b.Interval))
}

// A Key names whose observation of what.
type Key struct{ Target, Vantage string }

// A Set holds the last observation of each vantage on each target. Adding is
// commutative, associative and idempotent.
type Set map[Key]Observation

// Add takes what is later than what the set has, and returns what it took.
func (s Set) Add(all ...Observation) (taken []Observation) {
	for _, o := range all {
		key := Key{o.Target, o.Vantage}
		if old, ok := s[key]; ok && compare(o, old) <= 0 {
			continue
		}
		s[key] = o
		taken = append(taken, o)
	}
	return taken
}

// All gives the observations in order of target and vantage.
func (s Set) All() []Observation { return s.where(func(Observation) bool { return true }) }

// Of gives the observations of one target, in order of vantage.
func (s Set) Of(target string) []Observation {
	return s.where(func(o Observation) bool { return o.Target == target })
}

func (s Set) where(wanted func(Observation) bool) []Observation {
	out := []Observation{}
	for _, o := range s {
		if wanted(o) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b Observation) int {
		return cmp.Or(strings.Compare(a.Target, b.Target), strings.Compare(a.Vantage, b.Vantage))
	})
	return out
}
