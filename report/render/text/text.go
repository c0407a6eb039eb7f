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

	"github.com/pugetsoundtech/upkeep/internal/prose"
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
	rep = render.InZone(rep, p.opt.Zone)
	d := render.NewDigest(rep)
	p.head(rep, d)
	p.worst(rep, d)
	p.notices(rep)
	unseen := false
	for _, s := range d.Sections {
		if !unseen && !before[s.ID] { // what nobody looked at may hold anything
			unseen = true
			p.unseen(d)
		}
		p.section(s)
	}
	if !unseen {
		p.unseen(d)
	}
	p.well(rep, d)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write text report: %w", err)
	}
	return nil
}

// before holds the sections that stand before what was not looked at.
var before = map[string]bool{"new": true, "baseline": true, "worse": true, "regressed": true}

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
	number := "not stored"
	if rep.Seq > 0 {
		number = fmt.Sprintf("report %d", rep.Seq)
	}
	facts := []string{when + " " + started.Format("MST"), number, rep.Labels.System, rep.Labels.Tenant}
	if rep.Labels.Observer != "" {
		facts = append(facts, "seen from "+rep.Labels.Observer)
	}
	p.prose(0, 2, dim, strings.Join(nonEmpty(facts), ", "))
	p.reviewed(rep)
}

// reviewed says what people did: everything on the page is since then.
func (p *page) reviewed(rep *report.Report) {
	if since := render.SignedSince(rep, p.opt.Zone); since != "" {
		p.prose(0, 2, dim, since)
	}
	for _, reminder := range render.Reminders(rep) {
		p.prose(2, 4, yellow, reminder)
	}
}

// worst names the worst that is open, unless the page goes on with it.
func (p *page) worst(rep *report.Report, d render.Digest) {
	if d.Worst == nil || len(rep.Notices) == 0 && len(d.Sections) > 0 && len(d.Sections[0].Entries) > 0 && d.Worst == &d.Sections[0].Entries[0] {
		return
	}
	text := "Worst: " + cmp.Or(d.Worst.Finding.Title, d.Worst.Finding.Rule)
	if d.Worst.Days > 0 {
		text += ", open for " + render.Age(d.Worst.Days)
	}
	p.prose(2, 4, severityColor(d.Worst.Finding.Severity), text)
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
	told := map[string]bool{}
	for i, res := range d.Unseen {
		if told[res.Check] {
			continue
		}
		for _, other := range d.Unseen[i+1:] {
			if !told[other.Check] && sameReason(d.Unseen[i], other) {
				told[other.Check] = true
				res.Check += ", " + other.Check
			}
		}
		p.result(res)
	}
	if len(d.Rights) == 0 {
		return
	}
	var what []string
	for _, res := range d.Rights {
		what = append(what, res.Check+scopes(res.Problems))
	}
	p.prose(2, 4, "", "Not looked at for want of rights: "+strings.Join(what, ", ")+".")
}

// sameReason reports whether two checks saw as little, for one and the same reason.
func sameReason(a, b report.Result) bool {
	return a.Status == b.Status && a.Reason == b.Reason && len(a.Problems) > 0 && slices.Equal(a.Problems, b.Problems)
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
	text, told := res.Check+": "+render.StatusWord(res.Status), res.Problems
	switch {
	case len(told) == 1 && told[0].Message == res.Reason:
		text, told = text+scopes(told)+": "+res.Reason, nil
	case res.Reason != "" && (len(told) == 0 || !strings.HasPrefix(res.Reason, told[0].Message)):
		text += ": " + res.Reason
	}
	p.prose(2, 4, yellow, text)
	causes := causesOf(told)
	for i, c := range causes {
		if i == maxProblems {
			p.prose(4, 6, dim, fmt.Sprintf("and %d more", len(causes)-i))
			return
		}
		p.prose(4, 6, "", "- "+c.String())
	}
}

// A cause is what keeps a check from looking at parts of its work.
type cause struct {
	message string
	scopes  []string // all with this message
	more    int      // other problems of the first scope
}

// causesOf gathers problems: one with many files must not hide those of other parts.
func causesOf(problems []report.Problem) (out []cause) {
	for _, pr := range problems {
		i := slices.IndexFunc(out, func(c cause) bool { return pr.Scope != "" && c.scopes[0] == pr.Scope || c.message == pr.Message })
		switch {
		case i < 0:
			out = append(out, cause{pr.Message, []string{pr.Scope}, 0})
		case out[i].message == pr.Message && !slices.Contains(out[i].scopes, pr.Scope):
			out[i].scopes = append(out[i].scopes, pr.Scope)
		default:
			out[i].more++
		}
	}
	return out
}

// String is "pam: read /etc/pam.d: input/output error, and 4 more".
func (c cause) String() string {
	text := c.message
	if c.scopes[0] != "" {
		text = prose.List(c.scopes, 3) + ": " + text
	}
	if c.more > 0 {
		text += fmt.Sprintf(", and %d more", c.more)
	}
	return text
}

func (p *page) section(s render.Section) {
	p.heading(s.Title, s.Note)
	p.had = map[string]bool{}
	entries := slices.DeleteFunc(slices.Clone(s.Entries), func(e render.Entry) bool { return e.Folded })
	last := map[int]int{} // of each fold, behind which entry it stands
	for i, e := range entries[:min(len(entries), p.opt.MaxItems)] {
		if at := slices.IndexFunc(s.Folds, func(f render.Fold) bool { return f.InFull && f.Follows(e) }); at >= 0 {
			last[at] = i
		}
	}
	for i, e := range entries {
		if i == p.opt.MaxItems {
			p.prose(2, 4, dim, fmt.Sprintf("and %d more, none of them worse", len(entries)-i))
			break
		}
		p.item(s, e, i > 0 && len(entries) <= maxApart)
		for at, f := range s.Folds {
			if place, ok := last[at]; ok && place == i {
				p.fold(s, f)
			}
		}
	}
	var folds []render.Fold
	for at, f := range s.Folds {
		if _, ok := last[at]; !ok {
			f.InFull = false // what it is like stands nowhere
			folds = append(folds, f)
		}
	}
	p.folds(s, folds)
	if s.ID == "still" {
		p.signing(s)
		return
	}
	p.groups(s)
}

// item tells a finding; one that is told in full may stand apart.
func (p *page) item(s render.Section, e render.Entry, apart bool) {
	if e.Brief {
		p.brief(s, e)
		return
	}
	if apart {
		p.line("")
	}
	p.entry(e)
}

func (p *page) folds(s render.Section, folds []render.Fold) {
	for i, f := range folds {
		if i == maxFolds {
			p.prose(2, 4, dim, fmt.Sprintf("and %s more of other kinds, none of them worse", inAll(folds[i:])))
			return
		}
		p.fold(s, f)
	}
}

const (
	maxApart = 12 // entries that have a blank line between them
	maxFolds = 20 // lines of what is alike, in a section
)

func inAll(folds []render.Fold) string {
	n := 0
	for _, f := range folds {
		n += len(f.Entries)
	}
	return render.Quantity(report.Count(uint64(n)), "")
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
