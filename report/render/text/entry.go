package text

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Columns of a finding: the severity stands at severityAt, text at textAt,
// what belongs to a label at valueAt.
const (
	severityAt = 2
	textAt     = 12
	valueAt    = 20
)

// entry tells a finding in full: what is so, what changed, by whom, and what to
// do. What proves it in detail is for the page and the JSON.
func (p *page) entry(e render.Entry) {
	f := e.Finding
	title := cmp.Or(f.Title, f.Rule)
	switch {
	case e.Kind == report.Worse:
		title += " (was " + render.Word(e.From) + ")"
	case e.Kind != report.New && e.Days > 0 && !e.Since.IsZero():
		title += " (" + render.Age(e.Days) + ")"
	}
	p.title(e, title)
	p.detail(f)
	changed := render.Lines(e)
	p.lines(changed)
	p.evidence(f, len(changed) > 0)
	for _, why := range e.Why {
		p.labelled("by", "", why.Confidence+": "+why.Text)
	}
	p.traces(f.Subject, e.Traces)
	p.labelled("note", "", e.Reason)
	p.seen(f)
	p.fix(f)
	for _, link := range f.Links {
		p.labelled("see", "", link)
	}
	for _, a := range e.Artifacts {
		if !render.IsDiff(a) {
			p.artifact(a)
		}
	}
}

// traces names what tells of the same: files together, and of log lines some, unless
// they are of the thing itself, whose log the finding shows how to read.
func (p *page) traces(of report.Attr, traces []render.Entry) {
	var files, others []render.Entry
	for _, e := range traces {
		if e.Finding.Subject.Key == report.Path {
			files = append(files, e)
			continue
		}
		others = append(others, e)
	}
	if len(files) > 0 {
		p.labelled("with", "", render.Subjects(files))
	}
	for i, e := range others {
		if i == maxEvidence {
			p.labelled("", dim, fmt.Sprintf("and %d more", len(others)-i))
			return
		}
		p.labelled("with", "", cmp.Or(e.Finding.Title, e.Finding.Rule))
		if e.Finding.Subject != of {
			p.samples(e.Finding, "", 3)
		}
	}
}

// samples quotes lines of a log.
func (p *page) samples(f report.Finding, label string, most int) {
	said := 0
	for _, a := range f.Evidence {
		if a.Key == report.Sample || a.Key == report.Reason {
			if said++; said <= most {
				p.labelled(label, dim, oneLine(p, a.Value))
			}
		}
	}
}

// Lines of a detail: of what is grave, and of the rest.
const (
	maxDetail = 4
	maxMild   = 1
)

// detail says what is so in sentences; why it matters, where nothing else is said.
func (p *page) detail(f report.Finding) {
	text, most := f.Detail, maxMild
	if text == "" && p.once(f.Explain) {
		text = f.Explain
	}
	if render.Rank(f.Severity) >= report.Warning {
		most = maxDetail
	}
	if text == "" {
		return
	}
	var out []string
	for _, line := range lines(text) {
		out = append(out, p.wrap(line, textAt, textAt)...)
	}
	if len(out) > most {
		last := term.Truncate(out[most-1], p.opt.Width-textAt-4, "")
		out = append(out[:most-1:most-1], last+p.glyph(" …", " ..."))
	}
	for _, line := range out {
		p.line(strings.Repeat(" ", textAt) + line)
	}
}

// fix is what to type, where that is known, else what to do, and what to type to
// see more.
func (p *page) fix(f report.Finding) {
	m := f.Remedy
	if m == nil {
		m = &report.Remedy{}
	}
	p.commands("look", m.Look)
	if fix := f.Fix; len(m.Do) == 0 {
		if len(fix) > p.opt.Width-valueAt && !p.once(fix) {
			fix = "As above."
		}
		p.labelled("do", green, fix)
	}
	p.commands("do", m.Do)
}

// once reports whether a section has not had these words yet.
func (p *page) once(words string) bool {
	had := p.had[words]
	p.had[words] = true
	return !had
}

// commands gives each command lines of its own.
func (p *page) commands(label string, commands [][]string) {
	head := strings.Repeat(" ", textAt) + p.paint(dim, label) + strings.Repeat(" ", valueAt-textAt-len(label))
	for _, command := range commands {
		for _, line := range p.command(command) {
			p.line(head + p.paint(green, line))
			head = strings.Repeat(" ", valueAt)
		}
	}
}

// command breaks a command between its arguments, so that it can be copied as
// it stands. One that has an argument that no line holds is left to the page.
func (p *page) command(args []string) []string {
	room := p.opt.Width - valueAt - len(` \`)
	var out []string
	line := ""
	for i, arg := range args {
		word := p.clean(prose.Quote(arg))
		if i > 0 {
			word = p.clean(strings.TrimPrefix(prose.Quote("x", arg), "x ")) // no command's name
		}
		switch {
		case term.Width(word) > room:
			return p.wrap("(a long command: the HTML and JSON reports have it)", valueAt, valueAt)
		case line == "":
			line = word
		case term.Width(line)+1+term.Width(word) > room:
			out = append(out, line+` \`)
			line = "  " + word
		default:
			line += " " + word
		}
	}
	return append(out, line)
}

func (p *page) title(e render.Entry, title string) {
	severity := e.Finding.Severity
	word := strings.ToUpper(render.Word(severity))
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
const maxEvidence = 4

// evidence shows what changed, and what was said, in a line each; all that can
// be named in another. Digests, sizes and what the finding says already are left
// to the page.
func (p *page) evidence(f report.Finding, diff bool) {
	var changed, about []string
	said, messages := 0, map[string]bool{}
	words := f.Title + "\n" + f.Detail
	for _, fact := range render.Facts(f, p.opt.Zone) {
		switch {
		case fact.Changed && !diff && !raw(fact) && !(told(f, fact.Was) && told(f, fact.Now)):
			changed = append(changed, fact.Field+" "+fact.Was+p.glyph(" → ", " -> ")+fact.Now)
		case fact.Changed || fact.Label == "digest" || fact.Label == "when" || fact.Label == "source":
		case fact.Label == "was" || fact.Label == "now":
			if field, _, _ := strings.Cut(fact.Value, ":"); !ofInode[field] {
				about = append(about, fact.Label+" "+fact.Value)
			}
		case fact.Label == "said" && (strings.HasSuffix(f.Title, fact.Value) || strings.Contains(f.Detail, ": "+fact.Value+".")): // stands above
		case fact.Label == "line" && (render.IsChangedLine(f, fact.Value) || messages[message(f, fact.Value)]):
		case fact.Label == "line" && f.Count > 1 && says(words, fact.Value):
			messages[message(f, fact.Value)] = true
		case fact.Label == "line" || fact.Label == "said":
			messages[message(f, fact.Value)] = true
			if said++; said <= maxEvidence {
				p.labelled(fact.Label, "", oneLine(p, fact.Value))
			}
		case told(f, fact.Value):
		default:
			about = append(about, fact.Label+" "+unschemed(fact))
		}
	}
	if said > maxEvidence {
		p.labelled("", dim, fmt.Sprintf("and %d more", said-maxEvidence))
	}
	p.labelled("change", "", oneLine(p, p.listed(changed)))
	p.labelled("about", "", term.Truncate(p.clean(oneLine(p, p.listed(about))), p.opt.Width-valueAt, p.glyph("…", "...")))
}

var (
	// stamp is when a line of a log was written, and by which process.
	stamp  = regexp.MustCompile(`^(?:[A-Z][a-z]{2} +\d+ |\d{4}-\d\d-\d\d )?\S*\d\d:\d\d:\d\d\S* |\[\d+\]`)
	tag    = regexp.MustCompile(`^\S+ [^\s:]+: `) // the machine and the program
	digits = regexp.MustCompile(`\d+`)
)

// message is what a line says, and who: what was said once more needs no second line.
// Of many lines those that differ by their numbers alone say the same.
func message(f report.Finding, line string) string {
	line = stamp.ReplaceAllString(line, "")
	if f.Count > maxEvidence {
		line = digits.ReplaceAllString(line, "0")
	}
	return line
}

// says reports whether words have what a line says.
func says(words, line string) bool {
	return strings.Contains(words, tag.ReplaceAllString(stamp.ReplaceAllString(line, ""), ""))
}

// told reports whether the finding's own words have a value, without its scheme.
func told(f report.Finding, value string) bool {
	for _, v := range strings.Split(value, ", ") {
		if _, rest, ok := strings.Cut(v, ":"); ok && !strings.Contains(f.Title+"\n"+f.Detail, v) {
			v = rest
		}
		if !strings.Contains(f.Title+"\n"+f.Detail, v) {
			return false
		}
	}
	return true
}

// unschemed is a value as people write it: openssl for deb:openssl.
func unschemed(f render.Fact) string {
	if f.Label != string(report.Package) && f.Label != string(report.Version) {
		return f.Value
	}
	values := strings.Split(f.Value, ", ")
	for i, v := range values {
		if _, name, ok := strings.Cut(v, ":"); ok {
			values[i] = name
		}
	}
	return strings.Join(values, ", ")
}

func (p *page) listed(parts []string) string { return prose.List(parts, maxEvidence) }

// raw reports whether a change tells a person nothing.
func raw(f render.Fact) bool { return ofInode[f.Field] && f.Field != "mode" && f.Field != "owner" }

// ofInode holds the fields of a file that its finding's title says where they matter.
var ofInode = map[string]bool{
	"content": true, "size": true, "mtime": true, "ctime": true, "inode": true, "device": true, "links": true, "blocks": true,
	"mode": true, "owner": true, "flags": true, "type": true, "link": true,
}

// oneLine keeps a newline in a value visible: evidence is quoted, not laid out.
func oneLine(p *page, s string) string {
	if p.opt.ASCII {
		return strings.NewReplacer("\n", `\x0a`, "…", "...").Replace(s)
	}
	return strings.ReplaceAll(s, "\n", "␊")
}

// seen says how often and when.
func (p *page) seen(f report.Finding) {
	if f.Count < 2 {
		return
	}
	parts := []string{fmt.Sprintf("%d times", f.Count)}
	const at = "2 Jan 15:04"
	if !f.First.IsZero() {
		parts = append(parts, "first "+f.First.In(p.opt.Zone).Format(at))
	}
	if !f.Last.IsZero() && !f.Last.Equal(f.First) {
		parts = append(parts, "last "+f.Last.In(p.opt.Zone).Format(at))
	}
	p.labelled("seen", "", strings.Join(parts, ", "))
}

// brief tells a finding in one sentence.
func (p *page) brief(s render.Section, e render.Entry) {
	f := e.Finding
	text := p.shortTitle(s, f)
	if !e.Since.IsZero() && e.Days > 0 {
		text += " (" + render.Age(e.Days) + ")"
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	word := render.Word(f.Severity)
	if s.ID == "fixed" {
		word = "fixed"
	}
	p.worded(f.Severity, word, text)
}

// shortTitle is the title of what takes a line; what is still open was told in full before.
func (p *page) shortTitle(s render.Section, f report.Finding) string {
	title := cmp.Or(f.Title, f.Rule)
	if s.ID == "still" && render.Rank(f.Severity) < report.Critical {
		return p.clipped(title, 2)
	}
	return title
}

// clipped leaves of a text what some lines hold; the other pages have the rest.
func (p *page) clipped(text string, lines int) string {
	return term.Truncate(p.clean(text), lines*(p.opt.Width-textAt-6), p.glyph("…", "..."))
}

// worded writes a line with a word of the renderer's own before it.
func (p *page) worded(severity report.Severity, word, text string) {
	lines := p.wrap(text, textAt, textAt)
	p.line(p.gutter(severityColor(severity), word) + lines[0])
	for _, line := range lines[1:] {
		p.line(strings.Repeat(" ", textAt) + line)
	}
}

// fold tells in a line what is alike.
func (p *page) fold(s render.Section, f render.Fold) {
	if f.InFull {
		p.prose(textAt, textAt, dim, fmt.Sprintf("and %d more like it: %s", len(f.Entries), render.Subjects(f.Entries)))
		return
	}
	first := f.Entries[0]
	text := p.shortTitle(s, first.Finding)
	if n := len(f.Entries) - 1; n > 0 {
		text = p.clipped(text, 1) + fmt.Sprintf(", and %d more like it: %s", n, render.FewSubjects(f.Entries[1:]))
	}
	if s.ID == "still" {
		if n := f.Days(); n > 0 && len(f.Entries) > 1 {
			text += " (oldest " + render.Age(n) + ")"
		} else if n > 0 {
			text += " (" + render.Age(n) + ")"
		}
		if first.Reason != "" {
			text += ": " + first.Reason
		}
	}
	p.worded(f.Worst(), render.Word(f.Worst()), text)
}

// lines shows those of a difference that came or went, cut at the right edge.
func (p *page) lines(out []string) {
	if p.opt.MaxLines < 0 {
		return
	}
	for _, line := range out[:min(len(out), p.opt.MaxLines)] {
		color := green
		if line[0] == '-' {
			color = red
		}
		line = oneLine(p, line[:1]+" "+strings.ReplaceAll(line[1:], "\t", "    "))
		p.line(strings.Repeat(" ", textAt) + p.paint(color, term.Truncate(p.clean(line), p.opt.Width-textAt, p.glyph("…", "..."))))
	}
	if more := len(out) - p.opt.MaxLines; more > 0 {
		p.prose(textAt, textAt, dim, fmt.Sprintf("and %d more lines changed", more))
	}
}

// artifact names what the HTML report holds.
func (p *page) artifact(a report.Artifact) {
	what := a.Name + ", " + render.Quantity(report.Count(uint64(len(a.Data))), "bytes")
	if a.Truncated {
		what += ", cut"
	}
	p.labelled("more", dim, oneLine(p, what+", in the HTML report"))
}
