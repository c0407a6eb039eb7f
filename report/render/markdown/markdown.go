// Package markdown writes a report for a ticket or a wiki.
//
//	err := markdown.Write(w, rep, markdown.Options{Zone: time.Local})
//
// # Design
//
// What comes from a report is data: every character that Markdown, or a dialect of
// it, gives a meaning is escaped, also those that make a mention, a reference or
// a link of an address. Commands and lines of files stand in fences that are
// longer than any run of backticks in them.
package markdown

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

// Options of a text. The zero Options work.
type Options struct {
	Zone     *time.Location // of all times; nil: UTC
	MaxItems int            // findings in each section, the rest is counted; zero: 50
}

type page struct {
	strings.Builder
	opt Options
}

// Write writes the report.
func Write(w io.Writer, rep *report.Report, opt Options) error {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if opt.MaxItems <= 0 {
		opt.MaxItems = 50
	}
	p := page{opt: opt}
	rep = render.InZone(rep, opt.Zone)
	d := render.NewDigest(rep)
	p.line("# " + escape(d.Verdict))
	if !rep.Started.IsZero() {
		p.line("")
		p.line(escape(fmt.Sprintf("%s, report %d, %s", rep.Started.In(opt.Zone).Format("Mon 2 Jan 2006, 15:04 MST"), rep.Seq, rep.Labels.System)))
	}
	if since := render.SignedSince(rep, opt.Zone); since != "" {
		p.line("")
		p.line(escape(since))
	}
	p.unseen(rep, d)
	for _, s := range d.Sections {
		p.section(s)
	}
	if d.Checks.All > 0 {
		p.heading("Well")
		p.line("- " + escape(strings.Join(append(render.Well(rep), d.Checks.String()), ", ")))
	}
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write markdown report: %w", err)
	}
	return nil
}

func (p *page) line(s string) { p.WriteString(s + "\n") }

func (p *page) heading(title string) {
	p.line("")
	p.line("## " + title)
	p.line("")
}

func (p *page) unseen(rep *report.Report, d render.Digest) {
	all := append(d.Unseen, d.Rights...)
	notices := slices.Concat(rep.Notices, render.Reminders(rep))
	if len(notices)+len(all) == 0 {
		return
	}
	p.heading("Note")
	for _, n := range notices {
		p.line("- " + escape(n))
	}
	for _, res := range all {
		p.line("- not fully looked at: **" + escape(res.Check) + "** " + escape(cmp.Or(res.Reason, render.StatusWord(res.Status))))
	}
}

func (p *page) section(s render.Section) {
	p.heading(s.Title)
	told := 0
	for _, e := range s.Entries {
		if e.Folded {
			continue
		}
		if told++; told > p.opt.MaxItems {
			p.line(fmt.Sprintf("- and %d more", len(s.Entries)-p.opt.MaxItems))
			break
		}
		p.entry(e)
	}
	for _, f := range s.Folds {
		text := escape(cmp.Or(f.Entries[0].Finding.Title, f.Entries[0].Finding.Rule))
		if n := len(f.Entries); n > 1 || f.InFull {
			text = fmt.Sprintf("%d like %s: %s", n, text, escape(render.FewSubjects(f.Entries)))
		}
		p.line("- " + render.Word(f.Worst()) + ": " + text)
	}
	for _, g := range s.Groups {
		text := g.Title()
		if explains := g.Explains(p.opt.Zone); explains != "" {
			text += " (" + explains + ")"
		}
		p.line("- " + escape(text))
		if len(g.Who) > 0 {
			p.fence("diff", render.Lines(*g.Cause))
		}
	}
}

func (p *page) entry(e render.Entry) {
	f := e.Finding
	p.line("- **" + strings.ToUpper(render.Word(f.Severity)) + "** " + escape(cmp.Or(f.Title, f.Rule)))
	if e.Brief {
		return
	}
	for _, line := range strings.Split(f.Detail, "\n") {
		if strings.TrimSpace(line) != "" {
			p.line("  " + escape(line) + "  ")
		}
	}
	p.fence("diff", render.Lines(e))
	for _, why := range e.Why {
		p.line("  by " + escape(why.Confidence+": "+why.Text) + "  ")
	}
	look, do := render.Typed(f.Remedy)
	p.fence("sh", look)
	if len(do) == 0 && f.Fix != "" {
		p.line("  *" + escape(f.Fix) + "*  ")
	}
	p.fence("sh", do)
}

// fence quotes lines; no run of backticks in them ends it.
func (p *page) fence(language string, lines []string) {
	if len(lines) == 0 {
		return
	}
	longest := 2
	var out []string
	for _, line := range lines {
		line = term.Visible(line)
		out = append(out, line)
		run := 0
		for _, c := range line {
			if run++; c != '`' {
				run = 0
			}
			longest = max(longest, run)
		}
	}
	mark := strings.Repeat("`", longest+1)
	p.line("  " + mark + language)
	for _, line := range out {
		p.line("  " + line)
	}
	p.line("  " + mark)
}

// special holds what some dialect gives a meaning.
const special = "\\`*_{}[]()<>#+-.!|~@:&^$=\"'/"

// escape makes one line of data plain text. A zero-width joint would be no
// escape: every character stays what it is.
func escape(s string) string {
	var b strings.Builder
	for _, r := range term.Visible(strings.ReplaceAll(s, "\n", " ")) {
		switch {
		case r == '@': // a backslash does not keep every dialect from a mention
			b.WriteString("&#64;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == ':' || r == '/' || r == '\'' || r == '"' || r == '-' || r == '.':
			b.WriteRune(r)
		case strings.ContainsRune(special, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	out := strings.ReplaceAll(b.String(), "://", ":&#47;&#47;") // no link of an address
	return strings.ReplaceAll(out, "www.", "www&#46;")
}
