package html

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

type section struct {
	ID, Title, Note string // the renderer's own words
	Count, More     int
	Entries         []entry
	Folds           []fold
	Groups          []group
	MoreGroups      int
}

// fold is what is alike: a line, and all of it behind that.
type fold struct {
	Level, Word string
	Title, Age  shown
	Names       shown
	Entries     []entry
}

// group has a Cause, with what it explains in a line each, or else a Text.
type group struct {
	Text, Confidence   shown
	Cause              *entry
	Explains, Perhaps  shown
	Who                shown // who made the change that is the cause
	Count, More        int
	Entries, Uncertain []entry
}

// maxExplained bounds the findings shown below one explanation: the update of
// a whole system explains ten thousand files.
const maxExplained = 100

// maxGroups bounds the causes of a section.
const maxGroups = 200

// entry is a finding. Lines of Detail and Fix are kept apart.
type entry struct {
	Anchor  string
	Level   string // class
	Word    string // severity
	Brief   bool
	Title   shown
	Check   shown
	Detail  []shown
	Explain shown
	Facts   []fact
	Why     []why
	Lines   []diffLine // that came and went
	Fix     []shown
	Look    []shown    // commands that show more
	Do      []shown    // what to type
	Remedy  []commands // to verify and to undo it
	Reason  shown
	Age     shown // empty for what is new
	Meta    []shown
	Links   []link
	Files   []file
	Traces  []entry
}

type fact struct {
	Label   string
	Value   shown
	Changed bool
	Field   shown
	Was     shown
	Now     shown
}

type diffLine struct {
	Class string
	Text  shown
}

type why struct{ Confidence, Text shown }

// link has an address only where its scheme is allowed.
type link struct {
	Text shown
	URL  string
}

// builder keeps what must be unique on a page.
type builder struct {
	opt     Options
	anchors map[string]bool
	worst   *render.Entry // and its anchor, once it is shown

	worstAnchor string
}

func (b *builder) section(s render.Section) section {
	out := section{ID: s.ID, Title: s.Title, Note: s.Note, Count: s.Things()}
	room := b.opt.MaxItems
	for i := range s.Entries {
		e := &s.Entries[i]
		switch {
		case e.Folded:
		case room == 0:
			out.More++
		default:
			room--
			out.Entries = append(out.Entries, b.entry(s, *e))
			if e == b.worst {
				b.worstAnchor = out.Entries[len(out.Entries)-1].Anchor
			}
		}
	}
	for _, f := range s.Folds {
		shown := f.Entries[:min(len(f.Entries), room)]
		out.More += len(f.Entries) - len(shown)
		if room -= len(shown); len(shown) > 0 {
			out.Folds = append(out.Folds, b.fold(s, f, shown))
		}
	}
	for _, g := range s.Groups[:min(len(s.Groups), maxGroups)] {
		out.Groups = append(out.Groups, b.group(s, g))
	}
	out.MoreGroups = len(s.Groups) - len(out.Groups)
	return out
}

func (b *builder) fold(s render.Section, f render.Fold, entries []render.Entry) fold {
	first := f.Entries[0].Finding
	out := fold{Level: render.Rank(f.Worst()).String(), Word: render.Word(f.Worst()), Title: clean(cmp.Or(first.Title, first.Rule))}
	switch n := len(f.Entries); {
	case f.InFull:
		out.Title, out.Names = shown(fmt.Sprintf("%d more like it", n)), clean(render.Subjects(f.Entries))
	case n > 1:
		out.Names = clean(fmt.Sprintf("and %d more like it: %s", n-1, render.Subjects(f.Entries[1:])))
	}
	if n := f.Days(); n > 0 {
		out.Age = shown(render.Age(n))
	}
	for _, e := range entries {
		e.Brief = true
		out.Entries = append(out.Entries, b.entry(s, e))
		if b.worst != nil && e.Finding.Fingerprint == b.worst.Finding.Fingerprint && e.Check == b.worst.Check {
			b.worstAnchor = out.Entries[len(out.Entries)-1].Anchor
		}
	}
	return out
}

func (b *builder) group(s render.Section, g render.Group) group {
	out := group{Text: clean(g.Text), Confidence: clean(g.Confidence), Count: len(g.Entries), More: max(len(g.Entries)-maxExplained, 0)}
	if g.Cause != nil {
		cause := b.entry(s, *g.Cause)
		out.Cause, out.Explains, out.Perhaps = &cause, clean(render.Subjects(g.Entries)), clean(render.Titles(g.Perhaps))
		if len(g.Who) > 0 {
			out.Who = clean(g.Explains(b.opt.Zone))
		}
	}
	below := slices.Concat(g.Who, g.Entries)
	for _, e := range below[:min(len(below), maxExplained)] {
		e.Brief, e.Why = true, nil // the group says why
		out.Entries = append(out.Entries, b.entry(s, e))
	}
	for _, e := range g.Perhaps[:min(len(g.Perhaps), maxExplained)] {
		out.Uncertain = append(out.Uncertain, b.entry(s, e))
	}
	return out
}

// commands are what a person may type for one purpose.
type commands struct {
	Label string
	Lines []shown
}

func remedy(m *report.Remedy) []commands {
	var out []commands
	for _, part := range render.Remedy(m) {
		c := commands{Label: part.Label}
		for _, line := range part.Lines {
			c.Lines = append(c.Lines, clean(line))
		}
		out = append(out, c)
	}
	return out
}

func (b *builder) entry(s render.Section, e render.Entry) entry {
	f := e.Finding
	out := entry{
		Anchor: b.anchor(e), Level: render.Rank(f.Severity).String(), Word: render.Word(f.Severity), Brief: e.Brief,
		Title: clean(f.Title), Check: clean(e.Check), Detail: lines(f.Detail), Explain: clean(f.Explain), Fix: lines(f.Fix),
		Reason: clean(e.Reason), Meta: b.meta(e), Files: files(e.Artifacts),
	}
	if f.Detail == "" {
		out.Detail, out.Explain = lines(f.Explain), ""
	}
	if s.ID == "fixed" {
		out.Level, out.Word = "good", "fixed"
	}
	if e.Days > 0 && !e.Since.IsZero() {
		out.Age = shown(render.Age(e.Days))
	}
	if out.Title == "" {
		out.Title = clean(f.Rule)
	}
	for _, x := range render.Facts(f, b.opt.Zone) {
		out.Facts = append(out.Facts, fact{Label: x.Label, Value: clean(x.Value), Changed: x.Changed, Field: clean(x.Field), Was: clean(x.Was), Now: clean(x.Now)})
	}
	for _, part := range remedy(f.Remedy) {
		switch part.Label {
		case "look":
			out.Look = part.Lines
		case "run":
			out.Do = part.Lines
		default:
			out.Remedy = append(out.Remedy, part)
		}
	}
	for _, line := range render.Lines(e) {
		out.Lines = append(out.Lines, diffLine{map[byte]string{'+': "add", '-': "del"}[line[0]], clean(line)})
	}
	for _, x := range e.Why {
		out.Why = append(out.Why, why{clean(x.Confidence), clean(x.Text)})
	}
	for _, trace := range e.Traces[:min(len(e.Traces), maxExplained)] {
		trace.Brief, trace.Traces = true, nil
		out.Traces = append(out.Traces, b.entry(s, trace))
	}
	for _, l := range f.Links {
		out.Links = append(out.Links, newLink(l))
	}
	return out
}

// anchor is stable from day to day, so that a link into a page can be mailed.
func (b *builder) anchor(e render.Entry) string {
	sum := sha256.Sum256([]byte(e.Check + "\x00" + e.Finding.Fingerprint))
	anchor := "f-" + hex.EncodeToString(sum[:6])
	if id := strings.TrimPrefix(e.Finding.Fingerprint, "v1:"); len(id) == 32 && strings.Trim(id, "0123456789abcdef") == "" {
		anchor = "f-" + render.ShortID(e.Finding.Fingerprint)
	}
	for n, base := 2, anchor; b.anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", base, n)
	}
	b.anchors[anchor] = true
	return anchor
}

// meta says since when, how often, and how to name the finding.
func (b *builder) meta(e render.Entry) []shown {
	f := e.Finding
	const at = "2 Jan 2006, 15:04 MST"
	var out []string
	if e.Kind == report.Worse {
		out = append(out, "was "+render.Word(e.From))
	}
	if f.Count > 1 {
		out = append(out, fmt.Sprintf("seen %d times", f.Count))
	}
	if !f.First.IsZero() {
		out = append(out, "first "+f.First.In(b.opt.Zone).Format(at))
	}
	if !f.Last.IsZero() && !f.Last.Equal(f.First) {
		out = append(out, "last "+f.Last.In(b.opt.Zone).Format(at))
	}
	if e.Days > 0 && !e.Since.IsZero() {
		out = append(out, "since "+e.Since.In(b.opt.Zone).Format("2 Jan 2006")+", "+render.Age(e.Days))
	}
	return cleanAll(append(out, "by "+e.Check, "id "+render.ShortID(f.Fingerprint)))
}

func newLink(raw string) link {
	l := link{Text: clean(raw)}
	u, err := url.Parse(raw)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" || err == nil && u.Scheme == "mailto" && u.Opaque != "" {
		l.URL = u.String()
	}
	return l
}

// lines splits data at its newlines. No data is no line.
func lines(s string) []shown {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if s == "" {
		return nil
	}
	return cleanAll(strings.Split(s, "\n"))
}
