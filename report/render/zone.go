package render

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// moment is a time as prose.Time writes it for whom it does not know, or with its
// seconds: the sentences of findings are made where nobody knows who will read them.
// Behind a quote stands the argument of a command, which is no sentence.
var moment = regexp.MustCompile(`'?\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})? UTC\b`)

// toTheSecond is how a page writes a time whose second counts.
const toTheSecond = "2006-01-02 15:04:05 MST"

// Sentence gives a sentence of a finding with its times in a zone, since a page
// with two clocks is believed by neither. Lines of logs are no sentences.
func Sentence(s string, zone *time.Location) string {
	if zone == nil || zone == time.UTC || !strings.Contains(s, " UTC") {
		return s
	}
	return moment.ReplaceAllStringFunc(s, func(m string) string {
		if t, err := time.Parse("2006-01-02 15:04 UTC", m); err == nil {
			return prose.Time(t, zone)
		}
		if t, err := time.Parse("2006-01-02 15:04:05 UTC", m); err == nil {
			return t.In(zone).Format(toTheSecond)
		}
		return m
	})
}

// InZone gives a report whose sentences tell times in a zone. It shares with rep
// what it does not change.
func InZone(rep *report.Report, zone *time.Location) *report.Report {
	if zone == nil || zone == time.UTC {
		return rep
	}
	out := *rep
	out.Notices = slices.Clone(rep.Notices)
	for i := range out.Notices {
		out.Notices[i] = Sentence(out.Notices[i], zone)
	}
	out.Changes = slices.Clone(rep.Changes)
	for i := range out.Changes {
		out.Changes[i].Finding = FindingInZone(out.Changes[i].Finding, zone)
		out.Changes[i].Reason = Sentence(out.Changes[i].Reason, zone)
	}
	out.Explanations = slices.Clone(rep.Explanations)
	for i := range out.Explanations {
		out.Explanations[i].Text = Sentence(out.Explanations[i].Text, zone)
	}
	out.Results = slices.Clone(rep.Results)
	for i := range out.Results {
		out.Results[i].Reason = Sentence(out.Results[i].Reason, zone)
		out.Results[i].Findings = slices.Clone(out.Results[i].Findings)
		for j := range out.Results[i].Findings {
			out.Results[i].Findings[j] = FindingInZone(out.Results[i].Findings[j], zone)
		}
		out.Results[i].Problems = slices.Clone(out.Results[i].Problems)
		for j := range out.Results[i].Problems {
			p := &out.Results[i].Problems[j]
			p.Message = Sentence(p.Message, zone)
		}
	}
	return &out
}

// FindingInZone gives a finding whose sentences tell times in a zone.
func FindingInZone(f report.Finding, zone *time.Location) report.Finding {
	f.Title, f.Detail, f.Fix = Sentence(f.Title, zone), Sentence(f.Detail, zone), Sentence(f.Fix, zone)
	return f
}
