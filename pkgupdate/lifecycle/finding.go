package lifecycle

import (
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Beyond this age the table's age is told: releases have come out since.
const oldTable = 120 * 24 * time.Hour

// A phase that ends within this time ends soon.
const soon = 90 * 24 * time.Hour

// finding says what a person has to know of the answer; false: nothing.
func (s Support) finding(now time.Time) (report.Finding, bool) {
	f := report.Finding{Scope: scope, Subject: releaseAttr(s), Detail: s.detail(now)}
	left := s.Phase.Until.Time.Sub(now)
	switch {
	case s.State == Ended:
		f.Rule, f.Title = ruleEnded, s.Name()+" has no security support: "+s.ended()
	case s.State == Paid:
		f.Rule, f.Title = rulePaid, s.Name()+" has only paid "+s.Phase.Name+" support"+s.Phase.until()
	case s.State == Development:
		f.Rule, f.Title = ruleDevelopment, s.Name()+" is under development, and no release"
	case s.State != Unknown && s.State != Rolling && !s.Phase.Open && left < soon && s.lastFree():
		f.Rule, f.Title = ruleSoon, s.Name()+": the last support for everybody ends in "+prose.Duration(left)+", on "+s.Phase.Until.Text
	case s.State == Extended:
		f.Rule, f.Title = ruleExtended, s.Name()+" is in its "+s.Phase.Name+" phase"+s.Phase.until()
	default:
		return f, false
	}
	return f, true
}

// lastFree reports whether no later phase is open to everybody.
func (s Support) lastFree() bool {
	for _, p := range s.Release.Phases {
		if !p.Paid && (p.Open || p.Until.Time.After(s.Phase.Until.Time)) {
			return false
		}
	}
	return true
}

// detail names what a person would look up: the other phases, the newest
// release, and how far the table knows.
func (s Support) detail(now time.Time) string {
	var out []string
	if s.Newest != "" {
		out = append(out, "The newest release is "+s.Newest+".")
	}
	var others []string
	for _, p := range s.Release.Phases {
		if p.Name != s.Phase.Name && !p.over(now) {
			others = append(others, p.String())
		}
	}
	if len(others) > 0 {
		out = append(out, "There is "+prose.List(others, len(others))+".")
	}
	if age := now.Sub(s.Dated); age > oldTable {
		out = append(out, "The dates are those that were known "+prose.Duration(age)+" ago.")
	}
	return strings.Join(out, " ")
}

// releaseAttr is the release as ID-VERSION, or ID alone.
func releaseAttr(s Support) report.Attr {
	version := s.Release.Version
	if version == "" {
		version = s.System.Version
	}
	return report.Attr{Key: report.Release, Value: strings.TrimSuffix(s.System.ID+"-"+version, "-")}
}
