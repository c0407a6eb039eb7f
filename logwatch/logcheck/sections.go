package logcheck

import (
	"bytes"
	"cmp"
	"slices"
)

// Findings collects the lines that a person should see. The zero Findings is empty.
type Findings struct {
	lines    []*found
	alerting bool
}

type found struct {
	line    []byte
	key     []byte // by which it is sorted,
	place   int    // and then by its place
	verdict Verdict
}

// Add takes a line, in the order of the log.
func (f *Findings) Add(line []byte, v Verdict) {
	f.alerting = f.alerting || len(v.Alerts) > 0
	if v.Shown() {
		line = bytes.Clone(trimRight(line))
		f.lines = append(f.lines, &found{line, sortKey(line), len(f.lines), v})
	}
}

// A Section is a part of logcheck's mail.
type Section struct {
	Title string
	Lines [][]byte
}

// Sections gives the parts that have lines, in logcheck's order: security
// alerts, security events, system events. Lines are sorted by their first three
// words, bytes by bytes, and stay in order otherwise.
func (f *Findings) Sections() []Section {
	sorted := slices.Clone(f.lines)
	slices.SortFunc(sorted, func(a, b *found) int { return cmp.Or(bytes.Compare(a.key, b.key), a.place-b.place) })
	var alerts, events []Section
	system := Section{Title: "System Events"}
	for _, one := range sorted {
		alerts = place(alerts, "Security Alerts", one.verdict.Alerts, one.line)
		if !f.alerting || !one.verdict.Attack {
			events = place(events, "Security Events", one.verdict.Events, one.line)
		}
		if one.verdict.Unknown {
			system.Lines = append(system.Lines, one.line)
		}
	}
	byTitle := func(a, b Section) int { return bytes.Compare([]byte(a.file()), []byte(b.file())) }
	slices.SortFunc(alerts, byTitle)
	slices.SortFunc(events, byTitle)
	out := append(alerts, events...)
	if len(system.Lines) > 0 {
		out = append(out, system)
	}
	return out
}

// file is by what sections of one kind are in order: the name of their rules.
func (s *Section) file() string {
	if _, name, ok := bytes.Cut([]byte(s.Title), []byte(" for ")); ok {
		return string(name)
	}
	return "logcheck"
}

func place(to []Section, title string, files []string, line []byte) []Section {
	for _, name := range files {
		full := title
		if name != "logcheck" {
			full += " for " + name
		}
		i := slices.IndexFunc(to, func(s Section) bool { return s.Title == full })
		if i < 0 {
			i = len(to)
			to = append(to, Section{Title: full})
		}
		to[i].Lines = append(to[i].Lines, line)
	}
	return to
}

// sortKey is the first three words of a line, with the blanks before them.
func sortKey(line []byte) []byte {
	at := 0
	for range 3 {
		for at < len(line) && isBlank(line[at]) {
			at++
		}
		for at < len(line) && !isBlank(line[at]) {
			at++
		}
	}
	return line[:at]
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// Text is a section as logcheck's mail has it: its title, a line below it, and
// its lines.
func (s *Section) Text() []byte {
	out := append([]byte(s.Title), '\n')
	for i := range len(s.Title) {
		out = append(out, "=-"[i%2])
	}
	out = append(out, '\n')
	for _, line := range s.Lines {
		out = append(append(out, line...), '\n')
	}
	return append(out, '\n')
}
