package review

import (
	"errors"

	"github.com/pugetsoundtech/upkeep/internal/redact"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

// ErrNoLines says that two contents cannot be compared by lines.
var ErrNoLines = errors.New("they cannot be compared by lines")

// Diff gives the lines by which two contents of a file differ, as a person may
// see them: each begins with '+', '-' or a blank, and has no secrets; key is
// that of the marks that stand for these. Who prints a line escapes it.
func Diff(before, after, key []byte) ([]string, error) {
	lines, ok := textdiff.Lines(before, after, textdiff.Options{})
	if !ok {
		return nil, ErrNoLines
	}
	hide := redact.New(key)
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = string(l.Op) + hide.Text(l.Text)
	}
	return out, nil
}
