package rendertest_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/render/html"
	"github.com/pugetsoundtech/upkeep/report/render/htmlmail"
	"github.com/pugetsoundtech/upkeep/report/render/markdown"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

// What the last report knew of people's acts is no fact where their log cannot be read.
func TestNoPageTellsOfASignatureThatNobodyKnows(t *testing.T) {
	rep := rendertest.Sample()
	rep.Review = &report.Review{Signed: &report.Signature{By: "ann", At: rep.Started.Add(-20 * time.Hour)}, Handled: []report.Handled{}, Reminders: []string{"an old one"}}
	for _, known := range []bool{true, false} {
		if !known {
			rep.Review.Unknown = "the log is damaged"
		}
		for name, write := range pages(time.UTC) {
			var page bytes.Buffer
			require.NoError(t, write(&page, rep))
			assert.Equal(t, known, strings.Contains(page.String(), "ann signed"), name)
			assert.Equal(t, known, strings.Contains(page.String(), "an old one"), name)
		}
	}
}

func pages(zone *time.Location) map[string]func(w io.Writer, rep *report.Report) error {
	return map[string]func(w io.Writer, rep *report.Report) error{
		"html": func(w io.Writer, rep *report.Report) error { return html.Write(w, rep, html.Options{Zone: zone}) },
		"text": func(w io.Writer, rep *report.Report) error { return text.Write(w, rep, text.Options{Zone: zone}) },
		"mail": func(w io.Writer, rep *report.Report) error {
			return htmlmail.Write(w, rep, htmlmail.Options{Zone: zone})
		},
		"markdown": func(w io.Writer, rep *report.Report) error {
			return markdown.Write(w, rep, markdown.Options{Zone: zone})
		},
	}
}

// An act in another's name is found out by whose name it is.
func TestEveryPageTellsWhatWasDealtWithSinceTheLastSignature(t *testing.T) {
	rep := rendertest.Sample()
	change := rep.Changes[0]
	change.Finding.Title = "/etc/sudoers.d/zz is new"
	handled := func(at time.Duration) report.Handled {
		return report.Handled{Change: change, State: "accepted", By: "ann", At: rep.Started.Add(at)}
	}
	rep.Review = &report.Review{Signed: &report.Signature{By: "ann", At: rep.Started.Add(-20 * time.Hour)}, Since: rep.Started.Add(-20 * time.Hour), Reminders: []string{}}
	for since, at := range map[bool]time.Duration{true: -time.Hour, false: -30 * time.Hour} {
		rep.Review.Handled = []report.Handled{handled(at)}
		for name, write := range pages(time.UTC) {
			var page bytes.Buffer
			require.NoError(t, write(&page, rep))
			assert.Equal(t, since, strings.Contains(strings.Join(strings.Fields(page.String()), " "), "since then ann accepted 1 finding: /etc/sudoers"), name)
		}
	}
}

// Who accepts and signs in another's name is found out by the page after it, whatever
// else was accepted.
func TestEveryPageTellsWhatWasDealtWithUnderTheLastSignature(t *testing.T) {
	rep := rendertest.Sample()
	signed := rep.Started.Add(-time.Hour)
	rep.Review = &report.Review{Signed: &report.Signature{By: "ann", At: signed}, Since: signed, Reminders: []string{}}
	for i := range 9 {
		change := rep.Changes[0]
		change.Finding.Title, change.Finding.Severity = "a notice", report.Notice
		if i == 8 {
			change.Finding.Title, change.Finding.Severity = "/etc/sudoers.d/zz is new", report.Warning
		}
		rep.Review.Handled = append(rep.Review.Handled, report.Handled{Change: change, State: "resolved", By: "eve", At: signed.Add(-time.Minute), New: true})
	}
	for _, isNew := range []bool{true, false} {
		for i := range rep.Review.Handled {
			rep.Review.Handled[i].New = isNew
		}
		for name, write := range pages(time.UTC) {
			var page bytes.Buffer
			require.NoError(t, write(&page, rep))
			assert.Equal(t, isNew, strings.Contains(strings.Join(strings.Fields(page.String()), " "), "before ann signed, eve accepted 9 findings: /etc/sudoers"), name)
		}
	}
}

func TestOfAWholeListThatWasAcceptedTheWorstIsTold(t *testing.T) {
	rep := rendertest.Sample()
	signed := rep.Started.Add(-time.Hour)
	rep.Review = &report.Review{Signed: &report.Signature{By: "ann", At: signed}, Since: signed, Reminders: []string{}}
	for i := range 30 {
		change := rep.Changes[0]
		change.Finding.Title, change.Finding.Severity = fmt.Sprintf("change %d", i), report.Notice
		if i > 27 {
			change.Finding.Severity = report.Critical
		}
		rep.Review.Handled = append(rep.Review.Handled, report.Handled{Change: change, State: "resolved", By: "ann", At: signed.Add(-time.Minute), New: true})
	}
	assert.Equal(t, []string{"before ann signed, ann accepted 30 findings: change 28, change 29 and 28 more"}, render.Reminders(rep))
}

// What is left out is said each day: nobody remembers what was accepted long ago.
func TestEveryPageTellsWhatTheSettingsLeaveOut(t *testing.T) {
	rep := rendertest.Quiet()
	rep.LeftOut = []string{"integrity.accounts", "/etc/sudoers.d"}
	for name, write := range pages(time.UTC) {
		var page bytes.Buffer
		require.NoError(t, write(&page, rep))
		assert.Contains(t, strings.Join(strings.Fields(page.String()), " "), "left out by the settings: integrity.accounts and /etc/sudoers.d", name)
	}
}

// The very first page blames nobody for what could not be signed yet.
func TestAPageSaysThatNobodySignedOnlyWhereSomebodyCould(t *testing.T) {
	rep := rendertest.Sample()
	for before, said := range map[time.Duration]bool{0: false, 24 * time.Hour: true} {
		rep.Review = &report.Review{Since: rep.Started.Add(-before), Handled: []report.Handled{}, Reminders: []string{}}
		for name, write := range pages(time.UTC) {
			var page bytes.Buffer
			require.NoError(t, write(&page, rep))
			assert.Equal(t, said, strings.Contains(page.String(), "nobody has signed since"), name)
		}
	}
}

// Ten thousand findings are a page that opens at once, with the worst on it.
func TestAFloodIsAPageOfBoundedSize(t *testing.T) {
	rep := rendertest.Flood(10_000)
	rep.Changes[7777].Finding.Severity, rep.Changes[7777].Finding.Title = report.Critical, "the one that counts"
	for name, most := range map[string]int{"html": 2 << 20, "text": 4 << 10, "mail": 16 << 10, "markdown": 16 << 10} {
		var page bytes.Buffer
		began := time.Now()
		require.NoError(t, pages(time.UTC)[name](&page, rep))
		t.Logf("%s: 10,000 findings are %d bytes, written in %s", name, page.Len(), time.Since(began).Round(time.Millisecond))
		assert.Less(t, page.Len(), most, name)
		assert.Contains(t, page.String(), "the one that counts", name)
	}
}

// Every time on a page is one of the page's zone: a reader who finds two clocks on
// it believes neither.
func TestAPageHasOneZone(t *testing.T) {
	zone := time.FixedZone("NZDT", 13*3600)
	sample := rendertest.Sample()
	at := prose.Time(sample.Started, nil) // as checks write it
	sample.Changes[0].Finding.Title += ", since " + at
	sample.Changes[1].Finding.Detail += " It began on " + at + "."
	sample.Changes[1].Finding.Detail += " The backup tells: time 2026-11-24 03:10:07 UTC to 2026-11-25 03:10:07 UTC."
	sample.Changes[1].Finding.Evidence = append(sample.Changes[1].Finding.Evidence,
		report.Was.Of("mtime=2026-11-24T03:10:08Z"), report.Now.Of("mtime="+sample.Started.Add(9*time.Second).Format(time.RFC3339Nano)))
	sample.Notices = append(sample.Notices, "the log ends on "+at)
	signed := *sample
	signed.Review = &report.Review{
		Signed: &report.Signature{By: "ann", At: sample.Started.Add(-20 * time.Hour)}, Since: sample.Started.Add(-20 * time.Hour),
		Handled: []report.Handled{}, Reminders: []string{},
	}
	for name, write := range pages(zone) {
		for _, rep := range []*report.Report{sample, &signed, rendertest.Caused()} {
			var page bytes.Buffer
			require.NoError(t, write(&page, rep))
			assert.NotContains(t, page.String(), "UTC", name)
			assert.NotContains(t, page.String(), rep.Started.Format("15:04"), name)
			assert.NotContains(t, page.String(), rep.Started.Format("T15:04"), name)
			assert.Contains(t, page.String(), rep.Started.In(zone).Format("15:04"), name)
		}
	}
}

// A stored report may have come from anywhere: whatever of it there is much of, no page
// of it is large.
func TestAHostileStoredReportIsAPageOfBoundedSize(t *testing.T) {
	const many = 10_000
	attrs, texts := make([]report.Attr, many), make([]string, many)
	for i := range many {
		attrs[i], texts[i] = report.Sample.Of(fmt.Sprint("line ", i)), fmt.Sprint("text ", i)
	}
	one := func(edit func(*report.Finding)) func(*report.Report) {
		return func(rep *report.Report) { edit(&rep.Changes[0].Finding) }
	}
	for what, edit := range map[string]func(*report.Report){
		"evidence":   one(func(f *report.Finding) { f.Evidence = attrs }),
		"identity":   one(func(f *report.Finding) { f.Identity = attrs }),
		"links":      one(func(f *report.Finding) { f.Links = texts }),
		"references": one(func(f *report.Finding) { f.Artifacts = texts }),
		"commands": one(func(f *report.Finding) {
			f.Remedy = &report.Remedy{Do: [][]string{texts}}
		}),
		"lines": one(func(f *report.Finding) {
			f.Remedy = &report.Remedy{Look: slices.Collect(slices.Chunk(texts, 1)), Do: slices.Collect(slices.Chunk(texts, 1))}
		}),
		"notices": func(rep *report.Report) { rep.Notices = texts },
		"reminders": func(rep *report.Report) {
			rep.Review = &report.Review{Reminders: texts}
		},
		"dealt with": func(rep *report.Report) {
			rep.Review = &report.Review{}
			for _, s := range texts {
				c := rep.Changes[0]
				c.Finding.Title, c.Finding.Fingerprint = s, s
				rep.Review.Handled = append(rep.Review.Handled, report.Handled{Change: c, State: "accepted", By: s, At: rep.Started, New: true})
			}
		},
		"problems": func(rep *report.Report) {
			rep.Results[0].Status = report.Partial
			for _, s := range texts {
				rep.Results[0].Problems = append(rep.Results[0].Problems, report.Problem{Scope: s, Code: report.CodeError, Message: s})
			}
		},
		"checks": func(rep *report.Report) {
			for _, s := range texts {
				rep.Results = append(rep.Results, report.Result{Check: s, Status: report.Failed, Reason: s})
			}
		},
		"numbers": func(rep *report.Report) {
			for _, s := range texts {
				rep.Results[0].Metrics = append(rep.Results[0].Metrics, report.Metric{Name: "m" + s, Value: report.Count(7), Noun: report.Noun{One: s, Many: s}})
			}
		},
		"gauges": func(rep *report.Report) {
			for _, s := range texts {
				at := []report.Attr{report.Mount.Of("/" + s)}
				rep.Results[0].Metrics = append(rep.Results[0].Metrics, report.Metric{Name: "filesystem_size_bytes", Unit: "bytes", Value: report.Count(9), Attrs: at}, report.Metric{Name: "filesystem_used_bytes", Unit: "bytes", Value: report.Count(8), Attrs: at})
			}
		},
		"series": func(rep *report.Report) {
			for _, s := range texts {
				rep.Results[0].Series = append(rep.Results[0].Series, report.Series{Name: "bytes", Unit: "bytes", Attrs: []report.Attr{report.Interface.Of(s)}, Start: rep.Started, Step: time.Hour, Values: []report.Number{report.Count(1), report.Count(2)}})
			}
		},
		"points": func(rep *report.Report) {
			values := make([]report.Number, many)
			for i := range values {
				values[i] = report.Count(uint64(i))
			}
			rep.Results[0].Series = []report.Series{{Name: "bytes", Unit: "bytes", Start: rep.Started, Step: time.Hour, Values: values}}
		},
		"explanations": func(rep *report.Report) {
			for _, s := range texts {
				rep.Explanations = append(rep.Explanations, report.Explanation{Finding: rep.Changes[0].Finding.Fingerprint, By: []string{s}, Text: s, Confidence: "possible"})
			}
		},
		"causes": func(rep *report.Report) {
			rep.Explanations = []report.Explanation{{Finding: rep.Changes[0].Finding.Fingerprint, By: texts, Text: "t", Confidence: "possible", Joined: attrs}}
		},
	} {
		rep := rendertest.Sample()
		edit(rep)
		data, err := report.Encode(rep)
		require.NoError(t, err)
		back, err := report.Decode(data)
		require.NoError(t, err)
		for name, write := range pages(time.UTC) {
			var page bytes.Buffer
			require.NoError(t, write(&page, back))
			most := 256 << 10
			if slices.Contains([]string{"dealt with", "checks", "numbers"}, what) { // each of them has a line
				most = 4 << 20
			}
			assert.Less(t, page.Len(), most, "%s: much of %s", name, what)
		}
	}
}
