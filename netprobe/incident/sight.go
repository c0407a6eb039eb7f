package incident

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// Level is how bad something is. The zero level is that nobody knows.
type Level uint8

// The levels.
const (
	Unknown Level = iota
	Well
	Minor // some see it up, or all who look cannot say
	Major // down
)

// String gives "unknown", "well", "minor" or "major".
func (l Level) String() string {
	return [...]string{"unknown", "well", "minor", "major"}[min(l, Major)]
}

func (l Level) bad() bool { return l >= Minor }

// A Sight is what is known of one subject at one time.
type Sight struct {
	Subject    string // a URL, or "vantage:NAME"
	Level      Level
	Conclusive bool      // one look is enough
	Soft       bool      // bad, but not to be told whatever the number of looks
	Newest     time.Time // of what was observed: the same again is no second look
	Onset      time.Time // when it began, as far as is known
	Summary    string    // one sentence
	Detail     string
	Why        verdict.Observation // of who saw it; zero: of nobody

	// Confirmed says that enough vantages agree, so that it may be mended.
	Confirmed bool
}

// Of gives the sight of a verdict.
func Of(v verdict.Verdict) Sight {
	s := Sight{Subject: v.Target, Newest: v.Newest, Onset: v.Onset, Detail: v.Why.Detail, Why: v.Why, Confirmed: v.Confirmed}
	switch v.State {
	case verdict.Reachable:
		s.Level = Well
		s.Summary = v.Target + " answers"
	case verdict.Suspect:
		s.Level, s.Soft = Major, true
		s.Summary = v.Target + " does not answer " + prose.List(v.Down, 5)
	case verdict.Partial:
		s.Level = Minor
		s.Summary = fmt.Sprintf("%s does not answer %s, and answers %s", v.Target, prose.List(v.Down, 5), prose.List(v.Up, 5))
	case verdict.Failed:
		s.Level = Major
		s.Summary = v.Target + " is down, " + map[bool]string{true: "says ", false: "say "}[len(v.Down) == 1] + prose.List(v.Down, 5)
		if !v.Confirmed {
			s.Summary = v.Target + " is down, says " + prose.List(v.Down, 5) + " alone"
		}
	default:
		if s.unsure() { // it is no silence of theirs, and may be no fault of theirs
			s.Level = Minor
		}
		s.Summary = v.Target + ": no vantage can say whether it answers"
	}
	if v.Why.Cause != "" {
		s.Summary += fmt.Sprintf(" (%s at %s)", v.Why.Cause, v.Why.Phase)
	}
	return s
}

// unsure reports whether those who looked could not say.
func (s Sight) unsure() bool { return s.Why.Vantage != "" && s.Why.Vote == verdict.None }

// vantagePrefix begins the subject that is a vantage.
const vantagePrefix = "vantage:"

// OfVantage gives the sight of a vantage: what is wrong there is one trouble,
// whatever the number of targets that it does not see.
func OfVantage(name string, h verdict.Health, now time.Time) Sight {
	s := Sight{Subject: vantagePrefix + name, Level: Well, Conclusive: true, Newest: now, Summary: "The vantage " + name + " is well"}
	if h.State != verdict.Well {
		s.Level = Major
		s.Summary = fmt.Sprintf("The vantage %s is %s: %s", name, h.State, h.Reason)
		s.Detail = "Its votes do not count. Look at its network, its resolver, and whether it runs."
	}
	return s
}
