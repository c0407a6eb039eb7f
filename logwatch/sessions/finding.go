package sessions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Rules of the check.
const (
	ruleLogin      = name + ".login"
	ruleNewAddress = name + ".new-address"
	ruleForged     = name + ".forged"
)

// Rules lists what the check can report.
func (Logins) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Event.Rule(ruleLogin, report.Info, "A user was logged in").Text(
			"Who was in while something happened is the first question about it.", "Nothing, where the person is known."),
		report.Event.Rule(ruleNewAddress, report.Notice, "A user logged in from an address that is new").Text(
			"Most people come from a few places; a stolen key or password comes from another.", "Ask the person. If nobody knows of it, change that account's password and keys."),
		report.Event.Rule(ruleForged, report.Warning, "A program wrote to the log in the name of one that watches over logins").Text(
			"Somebody wants a login, or a command with the rights of another, to be believed that never was.", "Ask the user, and look at the program."),
	)
}

// group is the sessions of one user from one place by one service.
type group struct {
	first    *Session
	sessions []*Session
}

// tell groups the sessions since the last run.
func (r *run) tell() {
	all := r.collector.Sessions()
	known := r.old.known()
	var groups []*group
	byKey := map[string]*group{}
	for i := range all {
		s := &all[i]
		if !r.old.Until.IsZero() && s.Start.Before(r.old.Until) && s.End.IsZero() && len(s.Commands) == 0 {
			continue // it was told when it began, and goes on
		}
		key := s.Service + " " + s.User + " " + s.By + " " + s.Addr.String()
		if byKey[key] == nil {
			byKey[key] = &group{first: s}
			groups = append(groups, byKey[key])
		}
		byKey[key].sessions = append(byKey[key].sessions, s)
	}
	for _, g := range groups {
		r.rec.Finding(g.finding())
		if key := g.first.from(); key != "" && !r.first && !known[key] {
			r.rec.Finding(g.newAddress())
		}
	}
	for _, f := range r.collector.Forged {
		r.rec.Finding(f.finding())
	}
	lost := r.collector.Lost
	for _, source := range slices.Sorted(maps.Keys(lost)) {
		r.rec.Problem(fmt.Errorf("%s of %s more than are kept", prose.Count(lost[source], "session"), source), "sessions")
	}
	if len(lost) == 0 {
		r.rec.Covered("sessions")
	}
	r.remember(all)
}

// subject is the user, or what stands for a name that is none.
func (g *group) subject() report.Attr {
	if a := report.User.Of(cmp.Or(g.first.By, g.first.User)); a.Validate() == nil {
		return a
	}
	return report.System.Of("sessions")
}

func (g *group) finding() report.Finding {
	s := g.first
	f := report.Finding{
		Rule: ruleLogin, Subject: g.subject(), Scope: "sessions", Count: len(g.sessions), First: s.Start, Last: s.Start,
		Title: fmt.Sprintf("%s was logged in %s", s.User, g.how()), Identity: g.identity(),
	}
	if s.Service == "sudo" || s.Service == "doas" {
		f.Title = fmt.Sprintf("%s ran commands by %s", s.User, s.Service)
	}
	if s.Service == "su" && s.By != "" {
		f.Title = fmt.Sprintf("%s became %s by su", s.By, s.User)
	}
	f.Last = g.last()
	var left int
	f.Evidence, left = g.evidence(true)
	f.Detail = g.detail(left)
	return f
}

// how says by which service and from where.
func (g *group) how() string {
	s := g.first
	if s.Addr.IsValid() {
		return "by " + s.Service + " from " + s.Addr.String()
	}
	return "by " + s.Service
}

// identity tells the sessions of one user apart.
func (g *group) identity() []report.Attr {
	out := []report.Attr{report.Service.Of(g.first.Service)}
	if g.first.By != "" {
		out = append(out, report.Attr{Key: "x-became", Value: g.first.User})
	}
	if g.first.Addr.IsValid() {
		out = append(out, report.Addr.Of(g.first.Addr.String()))
	}
	return out
}

func (g *group) newAddress() report.Finding {
	s := g.first
	evidence, _ := g.evidence(false)
	return report.Finding{
		Rule: ruleNewAddress, Subject: g.subject(), Scope: "sessions", Count: len(g.sessions), First: s.Start, Last: g.sessions[len(g.sessions)-1].Start,
		Title: fmt.Sprintf("%s logged in from %s for the first time", s.User, s.Addr), Identity: []report.Attr{report.Addr.Of(s.Addr.String())}, Evidence: evidence,
	}
}

func (f *Forgery) finding() report.Finding {
	out := report.Finding{
		Rule: ruleForged, Subject: report.System.Of("sessions"), Scope: "sessions", Count: f.Lines, Last: f.Last, Title: f.sentence(),
		Identity: []report.Attr{{Key: "x-name", Value: printable(f.Name)}, {Key: "x-user", Value: printable(cmp.Or(f.User, "unknown"))}},
		Evidence: append(valid(report.Sample.Of(f.Text)), report.AtTime(f.Last)),
	}
	if a := report.Program.Of(f.Program); a.Validate() == nil {
		out.Subject = a
	}
	return out
}
