// Package text writes a report as plain text: for a mail, or with colours and
// the right width for a terminal.
//
//	err := text.Write(os.Stdout, rep, text.Options{Width: 100, Color: true})
//
// It asks nobody for the width of the terminal and reads no environment:
// internal/term and the caller do.
//
// # Design
//
// The renderer's own lines start in the first column, and what comes from the
// report never does, so that no data can forge a verdict or a section. The
// report's header is the only place for times of day: on a quiet day the text
// differs from yesterday's in that one line.
package text

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Options fit the text to where it is read. The zero Options give the body of
// a plain mail.
type Options struct {
	Width    int            // columns, taken as 40 to 120, beyond which lines are hard to read; zero: 78, as mail wants it
	Color    bool           // with ANSI colours
	ASCII    bool           // no character beyond ASCII; others are spelled \u{e9}
	MaxItems int            // findings in each section, the rest is counted; zero: 100
	MaxLines int            // lines shown of an artifact; zero: 12, negative: none
	Zone     *time.Location // of all times; nil: UTC
}

func (o Options) withDefaults() Options {
	if o.Width == 0 {
		o.Width = 78
	}
	o.Width = min(max(o.Width, 40), 120)
	if o.MaxItems <= 0 {
		o.MaxItems = 100
	}
	if o.MaxLines == 0 {
		o.MaxLines = 12
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return o
}

// Write writes the report. The first line is the verdict.
func Write(w io.Writer, rep *report.Report, opt Options) error {
	p := page{opt: opt.withDefaults()}
	d := render.NewDigest(rep)
	p.head(rep, d)
	p.worst(rep, d)
	p.notices(rep)
	p.unseen(d)
	for _, s := range d.Sections {
		p.section(s)
	}
	p.figures(render.NewFigures(rep))
	p.foot(rep, d)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write text report: %w", err)
	}
	return nil
}

func (p *page) head(rep *report.Report, d render.Digest) {
	for i, line := range term.Wrap(p.clean(d.Verdict), p.opt.Width-2) {
		p.line([]string{"", "  "}[min(i, 1)] + p.paint(bold+colorOf(d), line))
	}
	if rep.Started.IsZero() {
		return
	}
	started := rep.Started.In(p.opt.Zone)
	when := started.Format("Mon 2 Jan 2006, 15:04")
	if took := rep.Finished.Sub(rep.Started); took >= time.Minute {
		when += " to " + rep.Finished.In(p.opt.Zone).Format("15:04")
	}
	facts := []string{when + " " + started.Format("MST"), fmt.Sprintf("report %d", rep.Seq), rep.Labels.System, rep.Labels.Tenant}
	if rep.Labels.Observer != "" {
		facts = append(facts, "seen from "+rep.Labels.Observer)
	}
	p.prose(0, 2, dim, strings.Join(nonEmpty(facts), ", "))
}

// worst tells the worst news at once, where other things stand before it.
func (p *page) worst(rep *report.Report, d render.Digest) {
	if d.Worst == nil || len(rep.Notices)+len(d.Unseen)+len(d.Rights) == 0 {
		return
	}
	p.prose(2, 4, severityColor(d.Worst.Finding.Severity), "Worst: "+cmp.Or(d.Worst.Finding.Title, d.Worst.Finding.Rule))
}

func (p *page) notices(rep *report.Report) {
	if len(rep.Notices) == 0 {
		return
	}
	p.heading("Note", "")
	for _, n := range rep.Notices {
		p.prose(2, 4, "", "- "+n)
	}
}

// unseen comes first: what nobody looked at may hold anything.
func (p *page) unseen(d render.Digest) {
	if len(d.Unseen)+len(d.Rights) == 0 {
		return
	}
	p.heading("Not fully looked at", "")
	for _, res := range d.Unseen {
		p.result(res)
	}
	if len(d.Rights) == 0 {
		return
	}
	var what []string
	for _, res := range d.Rights {
		what = append(what, res.Check+scopes(res.Problems))
	}
	p.prose(2, 4, "", "Not looked at for want of root: "+strings.Join(what, ", ")+".")
}

// scopes gives " (first scope and 3 more)".
func scopes(problems []report.Problem) string {
	var names []string
	for _, pr := range problems {
		if pr.Scope != "" {
			names = append(names, pr.Scope)
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return " (" + names[0] + ")"
	}
	return fmt.Sprintf(" (%s and %d more)", names[0], len(names)-1)
}

// maxProblems bounds what is told of one check.
const maxProblems = 5

func (p *page) result(res report.Result) {
	text := res.Check + ": " + render.StatusWord(res.Status)
	if res.Reason != "" {
		text += ": " + res.Reason
	}
	p.prose(2, 4, yellow, text)
	told := 0
	for _, pr := range res.Problems {
		message := pr.Message
		if pr.Scope != "" {
			message = pr.Scope + ": " + message
		}
		if message == res.Reason {
			continue
		}
		if told++; told > maxProblems {
			p.prose(4, 6, dim, fmt.Sprintf("and %d more", len(res.Problems)-maxProblems))
			return
		}
		p.prose(4, 6, "", "- "+message)
	}
}

func (p *page) section(s render.Section) {
	p.heading(fmt.Sprintf("%s (%d)", s.Title, s.Count()), s.Note)
	entries := slices.DeleteFunc(slices.Clone(s.Entries), func(e render.Entry) bool { return e.Folded })
	for i, e := range entries {
		if i == p.opt.MaxItems {
			p.prose(2, 4, dim, fmt.Sprintf("and %d more, none of them worse", len(entries)-i))
			break
		}
		if i > 0 && !(e.Brief && entries[i-1].Brief) {
			p.line("")
		}
		if e.Brief {
			p.brief(s, e)
			continue
		}
		p.entry(e)
	}
	for _, f := range s.Folds {
		p.prose(2, 4, dim, fmt.Sprintf("and %d more by %s, rule %s: %s", len(f.Entries), f.Check, f.Rule, render.Subjects(f.Entries)))
	}
	if s.Alike > 0 {
		p.prose(2, 2, dim, fmt.Sprintf("%d that are like others above are told in short; the HTML and JSON reports have them in full.", s.Alike))
	}
	p.groups(s, len(entries) > 0 && !entries[len(entries)-1].Brief)
}

func (p *page) foot(rep *report.Report, d render.Digest) {
	if d.SignedOff > 0 {
		p.heading("Signed off", "")
		p.prose(2, 4, "", fmt.Sprintf("%d known, closed by a person, and still there.", d.SignedOff))
	}
	if d.Checks.All == 0 {
		return
	}
	p.heading("Checks", "")
	counts := []string{fmt.Sprintf("%d of %d fully looked at", d.Checks.Complete, d.Checks.All)}
	for _, c := range []struct {
		n    int
		what string
	}{{d.Checks.Partly, "in part"}, {d.Checks.Failed, "not"}, {d.Checks.NotDue, "not due"}, {d.Checks.Skipped, "not applicable"}} {
		if c.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	p.prose(2, 4, "", strings.Join(counts, ", ")+".")
}

func nonEmpty(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
