package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// listed is a finding as -json shows it.
type listed struct {
	ID       string          `json:"id"`
	State    review.State    `json:"state"`
	Stale    bool            `json:"stale,omitempty"`
	New      bool            `json:"new"` // since the last sign-off
	Severity report.Severity `json:"severity"`
	Title    string          `json:"title"`
	Check    string          `json:"check"`
	Rule     string          `json:"rule"`
	Subject  report.Attr     `json:"subject"`
	Since    time.Time       `json:"since"`
	Why      string          `json:"why,omitempty"`
	By       string          `json:"by,omitempty"`
	Until    time.Time       `json:"until,omitzero"`
	UpTo     report.Severity `json:"up_to,omitzero"`
	Comment  string          `json:"comment,omitempty"`
}

// list shows what is new since the last sign-off, then what is older, then what
// people dealt with; each worst first.
func (d *desk) list(c cli.Call) (int, error) {
	var parts [3][]review.Standing
	for _, s := range d.standings {
		at := 2
		if !s.Handled() {
			at = 1
			if s.Since.After(signedAt(d.log)) || s.Again != "" {
				at = 0
			}
		}
		parts[at] = append(parts[at], s)
	}
	if !c.JSON {
		fmt.Fprintln(c.Stdout, d.signedText())
	}
	for i, title := range []string{"New since then", "Still open", "Dealt with"} {
		if !c.JSON {
			heading(c.Stdout, title, len(parts[i]))
		}
		for _, s := range parts[i] {
			if err := d.line(c, s, i == 0); err != nil {
				return 0, err
			}
		}
	}
	for _, u := range d.saved.Open.Overflow {
		if err := c.Say(u, fmt.Sprintf("  %d more of %s, at worst %s, since %s: see the reports of those days, or accept all", u.Count, u.Check, u.Worst, u.First.Format(time.DateOnly))); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// signedText says whose report it is and who signed last.
func (d *desk) signedText() string {
	rep := d.saved.Report
	text := fmt.Sprintf("%s, report %d of %s", cli.Visible(rep.Labels.Host), rep.Seq, rep.Finished.Local().Format("2006-01-02 15:04"))
	last := review.LastSignature(d.log)
	if last == nil {
		return text + "; nobody has signed yet"
	}
	return text + fmt.Sprintf("; signed last by %s on %s (report %d)", cli.Visible(last.By), last.At.Local().Format("2006-01-02 15:04"), last.Seq)
}

func (d *desk) line(c cli.Call, s review.Standing, fresh bool) error {
	f := s.Finding
	l := listed{
		ID: render.ShortID(f.Fingerprint), State: s.State, Stale: s.Stale, New: fresh, Severity: f.Severity, Title: f.Title,
		Check: s.Check, Rule: f.Rule, Subject: f.Subject, Since: s.Since, Why: s.Why(),
	}
	if s.Act != nil && s.Handled() {
		l.By, l.Until, l.UpTo, l.Comment = s.Act.By, s.Act.Until, s.Act.UpTo, s.Act.Comment
	}
	if c.JSON {
		return c.Say(l)
	}
	_, err := fmt.Fprintf(c.Stdout, "  %-8s %s  %s%s\n", render.Word(f.Severity), l.ID, cli.Visible(f.Title), cli.Visible(about(s)))
	return err
}

// about is what a line says of a finding's state, where that is not plain.
func about(s review.Standing) string {
	var notes []string
	if s.Handled() {
		note := fmt.Sprintf("%s by %s", s.State, s.Act.By)
		if !s.Act.Until.IsZero() {
			note += " until " + s.Act.LastDay(time.Local)
		}
		if s.Act.UpTo > s.Finding.Severity {
			note += ", up to " + s.Act.UpTo.String()
		}
		if s.Act.Comment != "" {
			note += ": " + s.Act.Comment
		}
		notes = append(notes, note)
	}
	if why := s.Why(); why != "" {
		notes = append(notes, why)
	}
	if s.Stale {
		notes = append(notes, "out of sight: "+s.Item.Why)
	}
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, "; ") + ")"
}

// show tells all about what the selectors name.
func (d *desk) show(c cli.Call, selectors []string) (int, error) {
	if len(selectors) == 0 {
		return 0, fmt.Errorf("say what to show: the beginning of an id, a rule, a pattern of paths, package:NAME, ticket:ID, or all")
	}
	status := 0
	for _, selector := range selectors {
		found, err := review.Select(d.standings, selector)
		if err != nil {
			fmt.Fprintf(c.Stderr, "agent: %s\n", cli.Line(err))
			status = exitRefused
		}
		for _, s := range found {
			if err := d.tell(c, s); err != nil {
				return 0, err
			}
		}
	}
	return status, nil
}

// tell tells all about one finding.
func (d *desk) tell(c cli.Call, s review.Standing) error {
	if c.JSON {
		return d.line(c, s, s.Since.After(signedAt(d.log)))
	}
	f, w := s.Finding, c.Stdout
	if err := d.line(c, s, false); err != nil {
		return err
	}
	put := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "    %-8s %s\n", label, cli.Visible(text))
		}
	}
	put("why", f.Explain)
	put("detail", f.Detail)
	for _, fact := range render.Facts(f, time.Local) {
		text := fact.Value
		if fact.Changed {
			text = fact.Field + ": " + fact.Was + " → " + fact.Now
		}
		put(fact.Label, text)
	}
	put("since", s.Since.Local().Format("2006-01-02 15:04")+", "+render.Age(int(time.Since(s.Since)/(24*time.Hour))))
	for _, e := range d.saved.Report.Explanations {
		if e.Finding == f.Fingerprint {
			put("because", e.Text+" ("+e.Confidence+")")
		}
	}
	put("do", f.Fix)
	for _, part := range render.Remedy(f.Remedy) {
		for _, line := range part.Lines {
			put(part.Label, line)
		}
	}
	put("rule", f.Rule)
	return nil
}
