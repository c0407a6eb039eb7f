package verdict

import (
	"fmt"
	"slices"
	"time"
)

// HealthState says whether a vantage can be believed. The zero state is Well.
type HealthState uint8

// The states of a vantage.
const (
	Well   HealthState = iota
	Silent             // it has said nothing lately
	Sick               // what it does not see, it alone does not see: its votes are void
)

// String gives "well", "silent" or "sick".
func (s HealthState) String() string { return [...]string{"well", "silent", "sick"}[min(s, Sick)] }

// Health is the state of a vantage and why.
type Health struct {
	State  HealthState
	Reason string
}

// The rule of mass failure: so many targets of so many groups, and such a share
// of all, do not fail at once for reasons of their own.
const (
	massTargets = 10
	massGroups  = 3
	massShare   = 0.3
	allTargets  = 3 // of a vantage with few: all of them, and at least so many
)

// A tally is what one vantage sees of all.
type tally struct {
	fresh, down           int // votes on targets that are no references
	alone                 int // of down: others see it up, and none sees it down
	unsupported           int // of down: nobody else sees it down
	groups, unsupportedIn map[string]bool
	references, blind     int
}

// Health judges every vantage from the observations of all on all targets.
func (p Policy) Health(all []Observation, now time.Time) map[string]Health {
	set := Set{}
	set.Add(all...)
	byTarget := map[string][]Observation{}
	for _, o := range set.All() {
		if slices.Contains(p.Vantages, o.Vantage) && p.fresh(o, now) {
			byTarget[o.Target] = append(byTarget[o.Target], o)
		}
	}
	tallies := map[string]*tally{}
	for _, name := range p.Vantages {
		tallies[name] = &tally{groups: map[string]bool{}, unsupportedIn: map[string]bool{}}
	}
	for target, votes := range byTarget {
		reference := slices.Contains(p.References, target)
		for _, o := range votes {
			tallies[o.Vantage].count(o, votes, reference)
		}
	}
	out := map[string]Health{}
	for name, t := range tallies {
		out[name] = t.health(len(p.Vantages))
	}
	return out
}

func (t *tally) count(o Observation, votes []Observation, reference bool) {
	if reference {
		t.references++
		if o.Vote != Up {
			t.blind++
		}
		return
	}
	t.fresh++
	if o.Vote == Up {
		return
	}
	othersUp, othersDown := false, false
	for _, other := range votes {
		if other.Vantage != o.Vantage {
			othersUp = othersUp || other.Vote == Up
			othersDown = othersDown || other.Vote == Down
		}
	}
	t.down++
	if !othersDown {
		t.unsupported++
		t.unsupportedIn[o.Group] = true
		if othersUp {
			t.alone++
			t.groups[o.Group] = true
		}
	}
}

func (t *tally) health(vantages int) Health {
	share := func(n int) float64 { return float64(n) / float64(max(t.fresh, 1)) }
	switch {
	case t.fresh+t.references == 0:
		return Health{Silent, "it has said nothing for two intervals"}
	case t.references > 0 && 2*t.blind > t.references:
		return Health{Sick, fmt.Sprintf("%d of its %d reference targets do not answer it", t.blind, t.references)}
	case t.alone >= massTargets && len(t.groups) >= massGroups && share(t.alone) >= massShare,
		t.alone >= allTargets && t.alone == t.fresh && vantages > 1:
		return Health{Sick, fmt.Sprintf("%d of its %d targets do not answer it, and answer others", t.alone, t.fresh)}
	case t.unsupported >= massTargets && len(t.unsupportedIn) >= massGroups && share(t.unsupported) >= 0.9:
		return Health{Sick, fmt.Sprintf("%d of its %d targets do not answer it, all at once", t.unsupported, t.fresh)}
	}
	return Health{}
}
