package web

import (
	"context"
	_ "embed"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/review"
)

//go:embed page.html
var pageText string

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"word": render.Word, "facts": func(report.Finding) []render.Fact { return nil },
	"remedy": render.Remedy, "key": key, "name": nameOf, "begins": strings.HasPrefix, "id": func(f report.Finding) string { return render.ShortID(f.Fingerprint) },
	"day":  func(time.Time) string { return "" },
	"last": func(*review.Record) string { return "" },
}).Parse(pageText))

// inZone gives the pages with all times in a zone.
func inZone(zone *time.Location) *template.Template {
	return template.Must(pages.Clone()).Funcs(template.FuncMap{
		"facts": func(f report.Finding) []render.Fact { return render.Facts(f, zone) },
		"last":  func(act *review.Record) string { return act.LastDay(zone) },
		"day":   func(t time.Time) string { return t.In(zone).Format("2 Jan 2006, 15:04 MST") },
	})
}

// load gives what there is to review, with sentences in the zone of the pages.
func (s *Site) load(ctx context.Context) (View, error) {
	view, err := s.desk.Load(ctx)
	if err != nil {
		return view, err
	}
	view.Report = render.InZone(view.Report, s.desk.Zone)
	view.Standings = slices.Clone(view.Standings)
	for i := range view.Standings {
		view.Standings[i].Finding = render.FindingInZone(view.Standings[i].Finding, s.desk.Zone)
	}
	return view, nil
}

// listing is what the list shows.
type listing struct {
	View
	Form     string
	Said     string
	Failed   string
	Sections []section
	Open     string // how many of each severity
}

type section struct {
	Title   string
	Dealt   bool
	Entries []listed
	Groups  []group // of rules with many
}

// listed is a finding with what explains it.
type listed struct {
	review.Standing
	By []report.Explanation
}

// list shows everything on one page, worst first.
func (s *Site) list(w http.ResponseWriter, r *http.Request) {
	view, err := s.load(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		s.page(w, "failed", err.Error())
		return
	}
	l := listing{View: view, Form: s.form, Sections: sections(view)}
	l.Open = tally(l.Sections)
	for i := range l.Sections {
		l.Sections[i].fold()
	}
	if what, ok := r.Context().Value(saidKey{}).(said); ok {
		l.Said = what.text
		if what.err != nil {
			l.Failed = what.err.Error()
			w.WriteHeader(http.StatusConflict)
		}
	}
	s.page(w, "list", l)
}

// sections sorts the findings as people look at them.
func sections(view View) []section {
	var signed time.Time
	if view.Signed != nil {
		signed = view.Signed.At
	}
	out := []section{{Title: "New since the last sign-off"}, {Title: "Still open"}, {Title: "Dealt with", Dealt: true}}
	if view.Signed == nil {
		out[0].Title = "Open, and never signed"
	}
	why := map[string][]report.Explanation{}
	for _, e := range view.Report.Explanations {
		why[e.Finding] = append(why[e.Finding], e)
	}
	for _, s := range view.Standings {
		at := 2
		switch {
		case s.State == review.Resolved:
			continue
		case !s.Handled() && (s.Since.After(signed) || s.Again != ""):
			at = 0
		case !s.Handled():
			at = 1
		}
		out[at].Entries = append(out[at].Entries, listed{s, why[s.Finding.Fingerprint]})
	}
	for i := range out {
		slices.SortStableFunc(out[i].Entries, func(a, b listed) int {
			return int(render.Rank(b.Finding.Severity)) - int(render.Rank(a.Finding.Severity))
		})
	}
	return slices.DeleteFunc(out, func(p section) bool { return len(p.Entries) == 0 })
}

// tally counts what is open by its severity, worst first.
func tally(parts []section) string {
	count := map[report.Severity]int{}
	for _, part := range parts {
		for _, e := range part.Entries {
			if !part.Dealt {
				count[render.Rank(e.Finding.Severity)]++
			}
		}
	}
	var out []string
	for s := report.Critical; s >= report.Info; s-- {
		if count[s] > 0 {
			out = append(out, render.Tally(count[s], s))
		}
	}
	if len(out) == 0 {
		return "nothing open"
	}
	return strings.Join(out, ", ") + " open"
}

// one is what the page of one finding shows.
type one struct {
	review.Standing
	Form string
	Why  []report.Explanation
	Diff []string
}

// show tells all about one finding.
func (s *Site) show(w http.ResponseWriter, r *http.Request) {
	view, err := s.load(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		s.page(w, "failed", err.Error())
		return
	}
	at := slices.IndexFunc(view.Standings, func(st review.Standing) bool { return key(st) == r.PathValue("id") })
	if at < 0 {
		http.Error(w, "there is no such finding now", http.StatusNotFound)
		return
	}
	page := one{Standing: view.Standings[at], Form: s.form}
	for _, e := range view.Report.Explanations {
		if e.Finding == page.Finding.Fingerprint {
			page.Why = append(page.Why, e)
		}
	}
	if s.desk.Diff != nil && page.Finding.Subject.Key == report.Path {
		if lines, err := s.desk.Diff(r.Context(), page.Finding.Subject.Value); err == nil {
			page.Diff = lines
		}
	}
	s.page(w, "show", page)
}

// page writes a page, whose texts are data of others: what a reader would not see,
// or would see in another order, is spelled out. One that breaks off was closed by
// its reader.
func (s *Site) page(w http.ResponseWriter, name string, data any) {
	var b strings.Builder
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for line := range strings.SplitSeq(b.String(), "\n") {
		io.WriteString(w, term.Visible(line)+"\n") //nolint:errcheck // see above
	}
}
