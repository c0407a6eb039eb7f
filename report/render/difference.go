package render

import (
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/report"
)

// Lines gives the lines of a file that came and went, each with its sign: from
// the differences among an entry's artifacts, and, of a finding about a file,
// from its samples.
func Lines(e Entry) []string {
	var out []string
	for _, a := range e.Artifacts {
		if !IsDiff(a) {
			continue
		}
		for line := range strings.SplitSeq(string(a.Data), "\n") {
			if signed(line) && !strings.HasPrefix(line, "+++ ") && !strings.HasPrefix(line, "--- ") {
				out = append(out, strings.TrimSuffix(line, "\r"))
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, a := range e.Finding.Evidence {
		if a.Key == report.Sample && IsChangedLine(e.Finding, a.Value) {
			out = append(out, a.Value)
		}
	}
	return out
}

// IsDiff reports whether an artifact is a difference that can be shown by lines.
func IsDiff(a report.Artifact) bool {
	return (a.MediaType == "text/x-diff" || a.MediaType == "text/x-patch") && utf8.Valid(a.Data)
}

// IsChangedLine reports whether a sample of a finding about a file is a line of
// its difference.
func IsChangedLine(f report.Finding, sample string) bool {
	return f.Subject.Key == report.Path && signed(sample)
}

func signed(line string) bool { return strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-") }
