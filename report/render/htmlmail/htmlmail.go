// Package htmlmail writes a report as the HTML part of a mail: tables and inline
// styles, no style element, no picture, no link but those of findings, since mail
// programs know little more, and one column that fits a phone.
//
//	err := htmlmail.Write(w, rep, htmlmail.Options{Zone: time.Local})
//
// It says what the text says, in the same order, and is bounded: a large mail is
// cut by its reader's program. The whole report is the page of package html.
package htmlmail

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Options of a mail. The zero Options work.
type Options struct {
	Zone *time.Location // of all times; nil: UTC
}

//go:embed mail.html
var source string

var mail = template.Must(template.New("mail").Parse(source))

// Write writes the report.
func Write(w io.Writer, rep *report.Report, opt Options) error {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if err := mail.Execute(w, newView(render.InZone(rep, opt.Zone), opt)); err != nil {
		return fmt.Errorf("write html mail: %w", err)
	}
	return nil
}

// shown is a text that holds nothing invisible and no line of its own.
type shown string

func clean(s string) shown { return shown(term.Visible(s)) }

type view struct {
	Verdict, Facts shown
	Color          string
	Notices        []shown
	Parts          []part
	Well           shown
}

type part struct {
	Title string
	Rows  []row
	More  int
}

// row is a finding; one that has no word is an act that explains some.
type row struct {
	Word, Color string
	Title       shown
	Detail      []shown // a paragraph each
	Added, Gone []shown
	Why, Note   shown
	Do          []shown
	Advice      shown
}

// Bounds, so that a mail is no longer than its reader's program shows.
const (
	maxRows   = 25
	maxLines  = 8
	maxDetail = 400
)

var colors = map[report.Severity]string{report.Critical: "#b3261e", report.Warning: "#9a5b00", report.Notice: "#0b5cad", report.Info: "#5f6b7a"}

func newView(rep *report.Report, opt Options) view {
	d := render.NewDigest(rep)
	v := view{Verdict: clean(d.Verdict), Color: "#1d7a3c", Well: clean(strings.Join(append(render.Well(rep), d.Checks.String()), " · "))}
	if d.Level > report.RuleSeverity {
		v.Color = colors[render.Rank(d.Level)]
	} else if len(d.Unseen)+len(d.Rights) > 0 || d.Checks.All == 0 {
		v.Color = colors[report.Warning]
	}
	facts := []string{rep.Labels.System, rep.Labels.Tenant}
	if !rep.Started.IsZero() {
		facts = append(facts, rep.Started.In(opt.Zone).Format("Mon 2 Jan 2006, 15:04 MST"))
	}
	v.Facts = clean(join(append(facts, render.SignedSince(rep, opt.Zone))...))
	for _, n := range slices.Concat(rep.Notices, render.Reminders(rep)) {
		v.Notices = append(v.Notices, clean(n))
	}
	for _, res := range append(d.Unseen, d.Rights...) {
		v.Notices = append(v.Notices, clean("Not fully looked at: "+res.Check+": "+cmp.Or(res.Reason, render.StatusWord(res.Status))))
	}
	for _, s := range d.Sections {
		v.Parts = append(v.Parts, newPart(s, opt.Zone))
	}
	return v
}

func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

func newPart(s render.Section, zone *time.Location) part {
	p := part{Title: s.Title}
	add := func(r row) {
		if len(p.Rows) == maxRows {
			p.More++
			return
		}
		p.Rows = append(p.Rows, r)
	}
	for _, e := range s.Entries {
		if !e.Folded {
			add(newRow(e, s.News()))
		}
	}
	for _, f := range s.Folds {
		r := newRow(f.Entries[0], false)
		if n := len(f.Entries); n > 1 {
			r.Note = clean(fmt.Sprintf("%d like it: %s", n, render.FewSubjects(f.Entries)))
		}
		add(r)
	}
	for _, g := range s.Groups {
		add(newAct(g, zone))
	}
	return p
}

func newAct(g render.Group, zone *time.Location) row {
	r := row{Color: colors[report.Info], Title: clean(g.Title()), Note: clean(g.Explains(zone))}
	if len(g.Who) > 0 {
		r.difference(*g.Cause)
	}
	return r
}

// difference shows the first lines of a file that came and went.
func (r *row) difference(e render.Entry) {
	for _, line := range render.Lines(e) {
		if len(r.Added)+len(r.Gone) == maxLines {
			return
		}
		if line[0] == '+' {
			r.Added = append(r.Added, clean(line))
		} else {
			r.Gone = append(r.Gone, clean(line))
		}
	}
}

func newRow(e render.Entry, full bool) row {
	f := e.Finding
	r := row{Word: render.Word(f.Severity), Color: colors[render.Rank(f.Severity)], Title: clean(cmp.Or(f.Title, f.Rule))}
	if e.Days > 0 && !e.Since.IsZero() {
		r.Note = clean(render.Age(e.Days))
	}
	if !full || e.Brief {
		return r
	}
	for line := range strings.Lines(prose.Clip(cmp.Or(f.Detail, f.Explain), maxDetail)) {
		if line = strings.TrimSpace(line); line != "" && len(r.Detail) < maxLines {
			r.Detail = append(r.Detail, clean(line))
		}
	}
	r.difference(e)
	for _, why := range e.Why {
		r.Why = clean(why.Confidence + ": " + why.Text)
	}
	look, do := render.Typed(f.Remedy)
	if len(do) == 0 && f.Fix != "" {
		r.Advice = clean(f.Fix)
	}
	for _, line := range slices.Concat(look, do) {
		r.Do = append(r.Do, clean(line))
	}
	return r
}
