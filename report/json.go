package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/internal/anytext"
)

// A VersionError says that a report or a state has a form which this version
// cannot read, most likely that of a later one.
type VersionError struct {
	Schema string // the form
	Reads  string // what this version reads
}

// Error names the forms.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the form is %q, and this version reads %s alone: use the version that wrote it, or a later one", clip(e.Schema, 40), e.Reads)
}

// Encode gives the report's JSON form, report/v1. Texts are bytes: what is not
// UTF-8 is written as \xNN and a backslash is doubled, so that Decode gives the
// same bytes back. Nil slices are []. The zero report can be encoded.
func Encode(rep *Report) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(anytext.Escape(*rep)); err != nil {
		return nil, fmt.Errorf("encode report: %w", err)
	}
	return buf.Bytes(), nil
}

// Decode reads what Encode wrote. Fields that this version does not know are
// ignored; an unknown form is a *VersionError. A text that is longer than any
// that a recorder takes is clipped, and what else no run writes is left out: a report
// may have come from anywhere.
func Decode(data []byte) (*Report, error) {
	if len(data) > maxReport {
		return nil, fmt.Errorf("decode report: it has %d bytes, more than %d", len(data), maxReport)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("decode report: %w", err)
	}
	if head.Schema != Schema && head.Schema != "" {
		return nil, &VersionError{head.Schema, Schema}
	}
	var rep Report
	if err := json.Unmarshal(data, &rep); err != nil {
		return nil, fmt.Errorf("decode report: %w", err)
	}
	rep = anytext.Map(rep, func(s string) string { return clip(anytext.UnescapeText(s), maxText) })
	rep.bound()
	return &rep, nil
}

// What is read back of a report at most, where a run has its own bounds besides.
const (
	maxExplained = 16     // explanations of one finding
	maxNotices   = 1_000  // and reminders
	maxResults   = 10_000 // and findings that people dealt with
)

// bound leaves out of a report that was read what no run writes.
func (rep *Report) bound() {
	explained := map[string]int{}
	rep.Explanations = slices.DeleteFunc(rep.Explanations, func(e Explanation) bool {
		explained[e.Finding]++
		return explained[e.Finding] > maxExplained
	})
	rep.Notices, rep.Results = first(maxNotices, rep.Notices), first(maxResults, rep.Results)
	for i := range rep.Results {
		for j := range rep.Results[i].Findings {
			rep.Results[i].Findings[j].bound()
		}
	}
	for i := range rep.Changes {
		rep.Changes[i].Finding.bound()
	}
	if rep.Review != nil {
		rep.Review.Reminders, rep.Review.Handled = first(maxNotices, rep.Review.Reminders), first(maxResults, rep.Review.Handled)
		for i := range rep.Review.Handled {
			rep.Review.Handled[i].Change.Finding.bound()
		}
	}
}

func (f *Finding) bound() {
	f.Identity, f.Evidence = first(maxEvidence, f.Identity), first(maxEvidence, f.Evidence)
	f.Links, f.Artifacts = first(maxLinks, f.Links), first(maxLinks, f.Artifacts)
	if f.Remedy != nil && !f.Remedy.fits() {
		f.Remedy = nil
	}
}

func first[T any](n int, all []T) []T { return all[:min(n, len(all))] }

// EncodeLine gives the JSON form of a part of a report on a single line.
func EncodeLine[T Report | Result | Labels | Change](v T) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(anytext.Escape(v)); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return buf.Bytes(), nil
}

// maxReport is what an encoded report may have, in bytes.
const maxReport = 256<<20 - 1<<10
