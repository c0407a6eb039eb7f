package text

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Columns of a finding: the severity stands at severityAt, text at textAt,
// what belongs to a label at valueAt.
const (
	severityAt = 2
	textAt     = 12
	valueAt    = 23
)

// entry tells a finding in full.
func (p *page) entry(e render.Entry) {
	f := e.Finding
	p.title(e, f.Title)
	detail := f.Detail
	if detail == "" {
		detail = f.Explain
	}
	if detail != "" {
		p.paragraph(textAt, "", detail)
	}
	p.evidence(f)
	if e.Kind == report.Worse {
		p.labelled("was", "", render.Word(e.From))
	}
	for _, why := range e.Why {
		p.labelled("why", "", why.Sure+": "+why.Text)
	}
	if e.Reason != "" {
		p.labelled("note", "", e.Reason)
	}
	p.labelled("fix", green, f.Fix)
	p.seen(e)
	for _, link := range f.Links {
		p.labelled("see", "", link)
	}
	for _, a := range e.Artifacts {
		p.artifact(a)
	}
}

func (p *page) title(e render.Entry, title string) {
	severity := e.Finding.Severity
	word := strings.ToUpper(render.Word(severity))
	if title == "" {
		title = e.Finding.Rule
	}
	for i, line := range p.wrap(title, textAt, textAt) {
		gutter := strings.Repeat(" ", textAt)
		if i == 0 {
			gutter = p.gutter(bold+severityColor(severity), word)
		}
		p.line(gutter + p.paint(bold, line))
	}
}

// gutter holds the severity, a word of the renderer's own.
func (p *page) gutter(codes, word string) string {
	return strings.Repeat(" ", severityAt) + p.paint(codes, word) + strings.Repeat(" ", textAt-severityAt-len(word))
}

// labelled writes "label   value"; lines that the value has are kept, and
// stand where no label does.
func (p *page) labelled(label, codes, value string) {
	if value == "" {
		return
	}
	head := strings.Repeat(" ", textAt) + p.paint(dim, label) + strings.Repeat(" ", max(1, valueAt-textAt-len(label)))
	for _, line := range bounded(lines(value)) {
		for _, part := range p.wrap(line, valueAt, valueAt) {
			p.line(head + p.paint(codes, part))
			head = strings.Repeat(" ", valueAt)
		}
	}
}

// maxEvidence bounds the lines of evidence in a text.
const maxEvidence = 8

// evidence shows what proves a finding; "was" and "now" of a field share a line.
func (p *page) evidence(f report.Finding) {
	facts := render.Facts(f, p.opt.Zone)
	for i, fact := range facts {
		if i == maxEvidence {
			p.labelled("", dim, fmt.Sprintf("and %d more", len(facts)-i))
			return
		}
		value := fact.Value
		if fact.Changed {
			value = fact.Field + ": " + fact.Was + p.glyph(" → ", " -> ") + fact.Now
		}
		p.labelled(fact.Label, "", oneLine(p, value))
	}
}

// oneLine keeps a newline in a value visible: evidence is quoted, not laid out.
func oneLine(p *page, s string) string {
	if p.opt.ASCII {
		return strings.NewReplacer("\n", `\x0a`, "…", "...").Replace(s)
	}
	return strings.ReplaceAll(s, "\n", "␊")
}

// seen says since when, how often, and how to name the finding.
func (p *page) seen(e render.Entry) {
	f := e.Finding
	var parts []string
	if f.Count > 1 {
		parts = append(parts, fmt.Sprintf("%d times", f.Count))
	}
	const at = "2006-01-02 15:04 MST"
	if !f.First.IsZero() {
		parts = append(parts, "first "+f.First.In(p.opt.Zone).Format(at))
	}
	if !f.Last.IsZero() && !f.Last.Equal(f.First) {
		parts = append(parts, "last "+f.Last.In(p.opt.Zone).Format(at))
	}
	if e.Kind != report.New && !e.Since.IsZero() {
		parts = append(parts, "open since "+e.Since.In(p.opt.Zone).Format("2006-01-02")+", "+render.Age(e.Days))
	}
	p.labelled("seen", "", strings.Join(parts, ", "))
	p.labelled("id", dim, render.ShortID(f.Fingerprint)+" by "+e.Check)
}

// brief tells a finding in one sentence.
func (p *page) brief(s render.Section, e render.Entry) {
	f := e.Finding
	text := f.Title
	if text == "" {
		text = f.Rule
	}
	if s.ID != "new" && s.ID != "baseline" && !e.Since.IsZero() {
		text += " (" + render.Age(e.Days) + ")"
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if f.Severity == report.Info && s.ID != "still" { // of others it is told in full, on the first day
		for _, why := range e.Why {
			text += "; " + why.Sure + ": " + why.Text
		}
	}
	word := render.Word(f.Severity)
	lines := p.wrap(text, textAt, textAt)
	p.line(p.gutter(severityColor(f.Severity), word) + lines[0])
	for _, line := range lines[1:] {
		p.line(strings.Repeat(" ", textAt) + line)
	}
}

// artifact shows the first lines of a text, cut at the right edge.
func (p *page) artifact(a report.Artifact) {
	what := a.Name + ", " + render.Quantity(report.Count(uint64(len(a.Data))), "bytes")
	if a.Truncated {
		what += ", cut"
	}
	p.labelled("more", dim, oneLine(p, what))
	if !isText(a) || p.opt.MaxLines < 0 {
		return
	}
	all := lines(string(a.Data))
	for _, line := range all[:min(len(all), p.opt.MaxLines)] {
		shown := term.Truncate(p.clean(strings.ReplaceAll(line, "\t", "    ")), p.opt.Width-textAt-2, p.glyph("…", "..."))
		p.line(strings.Repeat(" ", textAt) + p.paint(dim, "|") + " " + shown)
	}
	if more := len(all) - p.opt.MaxLines; more > 0 {
		p.prose(textAt, textAt, dim, fmt.Sprintf("%d more lines", more))
	}
}
