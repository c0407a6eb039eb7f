// Package html writes a report as one self-contained page: a file that can be
// opened from a disk, mailed as an attachment, printed, or kept.
//
//	err := html.Write(file, rep, html.Options{Zone: time.Local})
//
// The page loads nothing and runs nothing. It is no HTML mail, whose readers
// know neither inline SVG nor a style element.
//
// # Design
//
// The page is html/template over a view whose texts are all of the type shown,
// which only clean makes: control, invisible and turning characters are spelled
// out before HTML's own escaping. Its content security policy forbids what the
// escaping should already have prevented. Charts come from internal/chart,
// which escapes for SVG, and are the only markup that is not the template's.
package html

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Options of a page. The zero Options work.
type Options struct {
	Zone     *time.Location // of all times; nil: UTC
	Version  string         // of the program that made the report, for the footer; may be empty
	MaxItems int            // findings shown in each section, the rest is counted; zero: 1000
}

//go:embed page.html
var pageSource string

//go:embed style.css
var style string

var page = template.Must(template.New("page").Parse(pageSource))

// Write writes the report as a page.
func Write(w io.Writer, rep *report.Report, opt Options) error {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if opt.MaxItems <= 0 {
		opt.MaxItems = 1000
	}
	if err := page.Execute(w, newView(render.InZone(rep, opt.Zone), opt)); err != nil {
		return fmt.Errorf("write html report: %w", err)
	}
	return nil
}

// shown is a text that holds nothing invisible and no line of its own.
type shown string

func clean(s string) shown { return shown(term.Visible(s)) }

func cleanAll(list []string) []shown {
	out := make([]shown, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}

// view is all that the page shows.
type view struct {
	Style       template.CSS
	Verdict     shown
	Lead        shown
	Rest        shown
	Worst       shown // title of the worst news, and its anchor
	WorstAnchor string
	Level       string // class: critical … info, unseen, good
	Facts       []shown
	Notices     []shown
	Unseen      []unseen
	Rights      []unseen
	Sections    []section
	WellTitle   string
	Well        []shown
	Gauges      []gauge
	Trends      []trend
	Readings    []reading
	MoreFigures int
	Materials   []material
	MoreFiles   int
	Checks      []check
	Counts      render.Checks
	Signed      int
	Seq         uint64
	ID          shown
	Times       shown
	Version     shown
}

func newView(rep *report.Report, opt Options) view {
	d := render.NewDigest(rep)
	b := builder{opt: opt, anchors: map[string]bool{}, worst: d.Worst}
	v := view{
		Style: template.CSS(style), Verdict: clean(d.Verdict), Lead: clean(d.Lead), Rest: clean(strings.TrimPrefix(d.Rest, "; ")), Level: pageLevel(d), Notices: notices(rep),
		Counts: d.Checks, Signed: d.SignedOff, Seq: rep.Seq, ID: clean(rep.ID), Version: clean(opt.Version),
		Times: clean(b.times(rep)), Facts: facts(rep, opt.Zone),
	}
	for _, res := range d.Unseen {
		v.Unseen = append(v.Unseen, newUnseen(res))
	}
	for _, res := range d.Rights {
		v.Rights = append(v.Rights, newUnseen(res))
	}
	for _, s := range d.Sections {
		v.Sections = append(v.Sections, b.section(s))
	}
	if b.worstAnchor != "" {
		v.Worst, v.WorstAnchor = clean(cmp.Or(d.Worst.Finding.Title, d.Worst.Finding.Rule)), b.worstAnchor
	}
	v.Materials, v.MoreFiles = materials(rep)
	for _, res := range rep.Results {
		v.Checks = append(v.Checks, newCheck(res))
	}
	v.WellTitle = "Well"
	if d.Baseline {
		v.WellTitle = "Known from now on"
	}
	for i, text := range render.Well(rep) {
		if i > 0 {
			text = "· " + text
		}
		v.Well = append(v.Well, clean(text))
	}
	v.figures(render.NewFigures(rep), opt)
	return v
}

// pageLevel is the class of the verdict: never good while something is unseen.
func pageLevel(d render.Digest) string {
	switch {
	case d.Level > report.RuleSeverity:
		return render.Word(d.Level)
	case len(d.Unseen)+len(d.Rights) > 0 || d.Checks.All == 0:
		return "unseen"
	}
	return "good"
}

func facts(rep *report.Report, zone *time.Location) []shown {
	var out []shown
	for _, s := range []string{rep.Labels.System, rep.Labels.Tenant} {
		if s != "" {
			out = append(out, clean(s))
		}
	}
	if rep.Labels.Observer != "" {
		out = append(out, clean("seen from "+rep.Labels.Observer))
	}
	if !rep.Started.IsZero() {
		out = append(out, clean(rep.Started.In(zone).Format("Monday, 2 January 2006, 15:04 MST")))
	}
	if since := render.SignedSince(rep, zone); since != "" {
		out = append(out, clean(since))
	}
	return out
}

// notices are what a person should know of the run, and what is due.
func notices(rep *report.Report) []shown {
	return cleanAll(slices.Concat(rep.Notices, render.Reminders(rep)))
}

func (b *builder) times(rep *report.Report) string {
	if rep.Started.IsZero() {
		return ""
	}
	const layout = "2006-01-02 15:04:05"
	return rep.Started.In(b.opt.Zone).Format(layout) + " to " + rep.Finished.In(b.opt.Zone).Format(layout+" MST")
}
