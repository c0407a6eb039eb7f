package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/fleet"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// logName is the log of what people did, in the state folder.
const logName = fleet.LogName

// person is who works on what was found, and on which terms.
type person struct {
	by, comment, ticket, until, upTo string
}

// desk is what a person works at: the last report, what is open, and the log.
type desk struct {
	review.Desk
	target    *daily.Target
	state     *statedir.Dir
	settings  daily.Settings
	repo      backup.Repo // the agent's own backup
	saved     memory.Saved
	log       []review.Record
	standings []review.Standing // worst first
}

// openDesk reads what is stored; a run may be under way.
func (r *round) openDesk(ctx context.Context) (*desk, error) {
	t, err := daily.Open(ctx, r.settings.Host, r.wrap)
	if err != nil {
		return nil, err
	}
	st, err := cli.ReadState(r.settings.State, t.Name, t.Machine(ctx))
	if err != nil {
		t.Close()
		return nil, err
	}
	d := &desk{target: t, state: st, settings: r.settings}
	d.Desk = review.Desk{By: r.person.by}
	d.repo, err = t.Repo(st, r.settings.Backup, r.identity)
	if err == nil {
		err = d.read(ctx)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return d, nil
}

func (d *desk) read(ctx context.Context) (err error) {
	if d.saved, err = d.state.Store().Load(ctx); err != nil {
		return err
	}
	if d.saved.Report == nil {
		return fmt.Errorf("there is no report yet; run %s first", os.Args[0])
	}
	d.Labels = d.saved.Report.Labels
	d.Store = actsOf(d.settings, d.state, d.Labels)
	if d.log, err = d.Store.Acts(ctx); err != nil {
		return cli.Advise(err, "what people did cannot be trusted: find out who changed it, and put it back from a backup of the state folder")
	}
	if known := d.saved.Report.Review; known != nil {
		if err := review.Reaches(d.log, known.Acts, known.Head); err != nil {
			return cli.Advise(err, "put %s back from a backup of the state folder", d.state.Path(logName))
		}
	}
	d.standings = nil
	for _, s := range review.Standings(d.saved.Open, d.log, time.Now()) {
		if s.State != review.Resolved {
			d.standings = append(d.standings, s)
		}
	}
	slices.SortStableFunc(d.standings, func(a, b review.Standing) int { // as on the page
		return report.Change{Check: a.Check, Finding: a.Finding}.Compare(report.Change{Check: b.Check, Finding: b.Finding})
	})
	return nil
}

// open gives what nobody has dealt with.
func (d *desk) open() []review.Standing {
	var out []review.Standing
	for _, s := range d.standings {
		if !s.Handled() {
			out = append(out, s)
		}
	}
	return out
}

// signedAt is the moment since which something is new to the people.
func signedAt(log []review.Record) time.Time {
	if last := review.LastSignature(log); last != nil {
		return last.At
	}
	return time.Time{}
}

// actsOf is where people's acts about a host are kept.
func actsOf(set daily.Settings, st *statedir.Dir, labels report.Labels) review.Store {
	file := review.FileStore{Name: st.Path(logName)}
	if set.Database != "" {
		return fleet.Shared{Address: set.Database, Labels: labels, Before: file}
	}
	return file
}

// name says who acts: who was named, else who is logged in.
func (p *person) name(getenv func(string) string) error {
	for _, variable := range []string{"SUDO_USER", "DOAS_USER", "LOGNAME", "USER"} {
		if p.by == "" {
			p.by = getenv(variable)
		}
	}
	if p.by == "" {
		return errors.New("say who you are, with -by NAME")
	}
	return nil
}

// end reads -until: a day, which ends at its midnight here, a time, or a span.
func (p *person) end(now time.Time) (time.Time, error) {
	if p.until == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, p.until); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, p.until, now.Location()); err == nil {
		return at.AddDate(0, 0, 1), nil
	}
	if span, err := time.ParseDuration(p.until); err == nil {
		return now.Add(span), nil
	}
	var days int
	if n, err := fmt.Sscanf(p.until, "%dd", &days); n == 1 && err == nil && days > 0 {
		return now.AddDate(0, 0, days), nil
	}
	return time.Time{}, fmt.Errorf("-until %s: give a day such as 2026-12-24, a time, or a span such as 14d", p.until)
}

func (p *person) terms(now time.Time) (review.Terms, error) {
	until, err := p.end(now)
	upTo, badly := p.worst()
	return review.Terms{Comment: p.comment, Ticket: p.ticket, Until: until, UpTo: upTo}, errors.Join(err, badly)
}

// worst reads -up-to; zero is as bad as it is.
func (p *person) worst() (report.Severity, error) {
	for s := range report.Critical + 1 {
		if p.upTo == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("-up-to %s: give info, notice, warning or critical", p.upTo)
}
