package text

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Parameters of ANSI's "select graphic rendition".
const (
	bold   = "1;"
	dim    = "2;"
	red    = "31;"
	green  = "32;"
	yellow = "33;"
	cyan   = "36;"
)

// page collects lines. What it is given is data until it went through clean.
type page struct {
	strings.Builder
	opt Options
	had map[string]bool // words that stand in this section
}

// line ends a line that is clean already.
func (p *page) line(s string) { p.WriteString(strings.TrimRight(s, " ") + "\n") }

// clean makes one line of data harmless in this text's alphabet.
func (p *page) clean(s string) string {
	if p.opt.ASCII {
		return term.ASCII(s)
	}
	return term.Visible(s)
}

// paint colours a clean text.
func (p *page) paint(codes, s string) string {
	if !p.opt.Color || codes == "" || s == "" {
		return s
	}
	return "\x1b[" + strings.TrimSuffix(codes, ";") + "m" + s + "\x1b[0m"
}

// glyph is one of the renderer's own characters, or what stands for it in ASCII.
func (p *page) glyph(s, ascii string) string {
	if p.opt.ASCII {
		return ascii
	}
	return s
}

func (p *page) heading(title, note string) {
	p.line("")
	p.line(p.paint(bold, strings.ToUpper(title)))
	if note != "" {
		p.prose(2, 2, dim, note)
	}
}

// prose wraps one line of data; the first line is indented by first columns,
// the others by rest.
func (p *page) prose(first, rest int, codes, s string) {
	for i, line := range p.wrap(s, first, rest) {
		indent := rest
		if i == 0 {
			indent = first
		}
		p.line(strings.Repeat(" ", indent) + p.paint(codes, line))
	}
}

// Bounds of one text of data; the HTML and JSON reports have the rest.
const (
	maxWrapped = 12
	maxBroken  = 24
)

// wrap breaks the cleaned s for a first indent and another for what follows.
func (p *page) wrap(s string, first, rest int) []string {
	s = p.clean(s)
	wrapped := term.Wrap(s, p.opt.Width-first)
	if len(wrapped) > 1 && first != rest {
		tail := strings.TrimLeft(s[len(wrapped[0]):], " ")
		wrapped = append(wrapped[:1:1], term.Wrap(tail, p.opt.Width-rest)...)
	}
	if len(wrapped) > maxWrapped {
		wrapped = append(wrapped[:maxWrapped-1], fmt.Sprintf("(%d more lines)", len(wrapped)-maxWrapped+1))
	}
	return wrapped
}

func bounded(lines []string) []string {
	if len(lines) <= maxBroken {
		return lines
	}
	return append(lines[:maxBroken-1:maxBroken-1], fmt.Sprintf("(%d more lines)", len(lines)-maxBroken+1))
}

// lines splits data at its newlines, without empty lines at the end.
func lines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Split(strings.TrimRight(s, "\n"), "\n")
}

func colorOf(d render.Digest) string {
	switch {
	case d.Level > report.RuleSeverity:
		return severityColor(d.Level)
	case len(d.Unseen)+len(d.Rights) > 0 || d.Checks.All == 0:
		return yellow
	}
	return green
}

func severityColor(s report.Severity) string {
	switch render.Rank(s) {
	case report.Critical:
		return red
	case report.Warning:
		return yellow
	}
	return cyan
}
