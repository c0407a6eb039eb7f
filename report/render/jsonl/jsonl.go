// Package jsonl writes a report as JSON Lines, and as JSON.
//
//	err := jsonl.Write(os.Stdout, rep, jsonl.Options{})
//
// The first line is the report without its results; each further line is one
// result, so that a file that was cut off stays useful up to its last whole
// line. All lines are in the form of report/v1, in which texts that are not
// UTF-8 are escaped reversibly. Package report has the decoder.
package jsonl

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/pugetsoundtech/upkeep/internal/anytext"
	"github.com/pugetsoundtech/upkeep/report"
)

// Options of the form. The zero Options give JSON Lines.
type Options struct {
	Whole bool // one indented JSON document instead of lines

	// Late are reports of earlier runs that nobody was told of, the oldest first:
	// with Whole, the list "late" of the one document.
	Late []report.Report
}

// Write writes the report.
func Write(w io.Writer, rep *report.Report, opt Options) error {
	switch {
	case opt.Whole && len(opt.Late) > 0:
		return late(w, rep, opt.Late)
	case opt.Whole:
		return write(w)(report.Encode(rep))
	}
	head := *rep
	head.Results = nil
	if err := write(w)(report.EncodeLine(head)); err != nil {
		return err
	}
	for _, res := range rep.Results {
		if err := write(w)(report.EncodeLine(res)); err != nil {
			return err
		}
	}
	return nil
}

// late writes the document of a report with others in it.
func late(w io.Writer, rep *report.Report, earlier []report.Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(anytext.Escape(struct {
		report.Report
		Late []report.Report `json:"late"`
	}{*rep, earlier})); err != nil {
		return fmt.Errorf("write json report: %w", err)
	}
	return nil
}

func write(w io.Writer) func(data []byte, err error) error {
	return func(data []byte, err error) error {
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return fmt.Errorf("write json report: %w", err)
		}
		return nil
	}
}
