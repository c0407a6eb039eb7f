package verdict

import (
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Policy says who votes and how many votes make a verdict.
type Policy struct {
	Vantages   []string      // who may vote; all others are not heard
	Quorum     int           // votes that make "down"; zero: more than half, of two both
	Interval   time.Duration // of a target whose observations do not tell; zero: 15 minutes
	Slack      time.Duration // by which an observation may be late beyond twice its interval; zero: one minute
	SoloGrace  time.Duration // after which the word of the only one that sees anything counts; zero: two intervals
	References []string      // targets that tell whether a vantage can see at all, such as its gateway
}

// The default of Policy.Interval.
const defaultInterval = 15 * time.Minute

func (p Policy) quorum() int {
	n := p.Quorum
	if n <= 0 {
		n = len(p.Vantages)/2 + 1
	}
	return max(1, min(n, len(p.Vantages)))
}

// fresh reports whether an observation is young enough to vote.
func (p Policy) fresh(o Observation, now time.Time) bool {
	interval := o.Interval
	if interval <= 0 {
		interval = p.interval()
	}
	slack := p.Slack
	if slack <= 0 {
		slack = time.Minute
	}
	age := now.Sub(o.seen())
	return age <= 2*interval+slack && age >= -slack
}

func (p Policy) interval() time.Duration {
	if p.Interval <= 0 {
		return defaultInterval
	}
	return p.Interval
}

// State is the verdict in one word. The zero State is Unknown.
type State uint8

// The states, from the least to the most grave.
const (
	Unknown   State = iota // no vantage can say
	Reachable              // up
	Suspect                // one vantage alone says down, and nobody else can say
	Partial                // some see it up and some down: the way to it, or a part of it
	Failed                 // down
)

// String gives "unknown", "up", "suspect", "partial" or "down".
func (s State) String() string {
	return [...]string{"unknown", "up", "suspect", "partial", "down"}[min(s, Failed)]
}

// A Verdict is what the vantages together say of one target.
type Verdict struct {
	Target    string
	State     State
	Confirmed bool // by as many as the policy asks for
	Up, Down  []string
	None      []string    // who has no vote
	Unsure    []string    // of these, who has looked, is well, and cannot say
	Why       Observation // the observation that is told: the gravest, of the first vantage by name; zero of Unknown where too few are unsure
	Onset     time.Time   // when the first of those that say down began to, or of those who are unsure; zero without one
	Newest    time.Time   // of the observations that say so: of those for down, where there is one
}

// Judge gives the verdict over the observations of one target. Those of others,
// of vantages that may not vote, that are late, or whose vantage is not well
// have no vote.
func (p Policy) Judge(observations []Observation, health map[string]Health, now time.Time) Verdict {
	last := Set{}
	last.Add(observations...)
	v := Verdict{}
	votes, unsure := map[string]Observation{}, map[string]Observation{}
	for _, o := range last.All() {
		v.Target = o.Target
		switch {
		case !slices.Contains(p.Vantages, o.Vantage) || !p.fresh(o, now) || health[o.Vantage].State == Sick:
		case o.Vote != None:
			votes[o.Vantage] = o
		case health[o.Vantage].State == Well:
			unsure[o.Vantage] = o
		}
	}
	for _, name := range slices.Sorted(slices.Values(p.Vantages)) {
		o, ok := votes[name]
		switch {
		case !ok:
			v.None = append(v.None, name)
			if unsure[name].Vantage != "" {
				v.Unsure = append(v.Unsure, name)
			}
			continue
		case o.Vote == Up:
			v.Up = append(v.Up, name)
		default:
			v.Down = append(v.Down, name)
			if v.Onset.IsZero() || o.Since.Before(v.Onset) {
				v.Onset = o.Since
			}
		}
		v.take(o)
	}
	v.State, v.Confirmed = p.state(v, now)
	if v.State == Unknown && len(v.Unsure) >= p.quorum() {
		v.blind(unsure)
	}
	return v
}

// blind tells of what as many as make a verdict have looked at, and none can say:
// then it is the target, such as a name that no resolver gives an answer for.
func (v *Verdict) blind(unsure map[string]Observation) {
	for _, name := range v.Unsure {
		o := unsure[name]
		if v.Onset.IsZero() || o.Since.Before(v.Onset) {
			v.Onset = o.Since
		}
		v.take(o)
	}
}

// take notes what is told of an observation that votes. That others look again and
// see it up is no second look of those who see it down.
func (v *Verdict) take(o Observation) {
	seen := o.seen()
	switch first := v.Why.Vantage == ""; {
	case first, o.Vote == Down && v.Why.Vote == Up:
		v.Newest = seen
	case o.Vote == v.Why.Vote && seen.After(v.Newest):
		v.Newest = seen
	}
	if v.Why.Vantage == "" || grave(o) > grave(v.Why) {
		v.Why = o
	}
}

func grave(o Observation) int {
	switch {
	case o.Vote == Down:
		return 2
	case o.State == netprobe.Warning:
		return 1
	}
	return 0
}

func (p Policy) state(v Verdict, now time.Time) (State, bool) {
	up, down := len(v.Up), len(v.Down)
	enough := up+down >= p.quorum()
	switch {
	case up+down == 0:
		return Unknown, false
	case down >= p.quorum():
		return Failed, true
	case up > 0 && down > 0:
		return Partial, enough
	case down == 0:
		return Reachable, enough
	case now.Sub(v.Onset) >= p.grace(v):
		return Failed, false
	}
	return Suspect, false
}

func (p Policy) grace(v Verdict) time.Duration {
	if p.SoloGrace > 0 {
		return p.SoloGrace
	}
	if v.Why.Interval > 0 {
		return 2 * v.Why.Interval
	}
	return 2 * p.interval()
}
