package files

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

// showable reports whether the text of a change may be shown to a person: a
// small configuration file that is not made to hold secrets. The recorder
// replaces those that it knows in all that is told.
func showable(c integrity.Change) bool {
	st := c.Now.Stat
	switch {
	case c.Kind != integrity.Added && (c.Kind != integrity.Changed || c.Fields&tree.FieldContent == 0):
		return false
	case !st.IsRegular() || st.Size > maxText || st.Size == 0 && c.Kind == integrity.Added:
		return false
	case slices.Contains(secretNames, path.Base(c.Path)):
		return false
	}
	return isConfig(c.Path) || sensitive(c.Path)
}

// lines gives the lines that a change added and took away, without blanks and
// comments where there is anything else. It is nil where nobody has the texts.
func (c *closer) lines(ch integrity.Change) []textdiff.Line {
	again, there := c.seen[ch.Path]
	same, known := host.SameContent(&ch.Now, &again.Entry)
	if !showable(ch) || !there || !known || !same || again.Text == nil && ch.Now.Stat.Size > 0 {
		return nil
	}
	var old []byte
	if ch.Kind == integrity.Changed {
		text, ok := integrity.Old(c.ctx, c.OldText, ch.Was)
		if !ok {
			return nil
		}
		old = text
	}
	if bytes.Contains(again.Text, []byte("PRIVATE KEY")) || !utf8.Valid(again.Text) || !utf8.Valid(old) {
		return nil
	}
	all, ok := textdiff.Lines(old, again.Text, textdiff.Options{Context: -1})
	if !ok {
		return nil
	}
	all = slices.DeleteFunc(all, func(l textdiff.Line) bool { return l.Op != textdiff.Added && l.Op != textdiff.Removed })
	telling := slices.DeleteFunc(slices.Clone(all), func(l textdiff.Line) bool { return !tells(l) })
	if len(telling) > 0 {
		return telling
	}
	return all
}

// tells reports whether a line says something: what is taken out of a comment
// does, by the line that comes in its place.
func tells(l textdiff.Line) bool {
	text := strings.TrimSpace(l.Text)
	return text != "" && !strings.HasPrefix(text, "#")
}

const (
	longestLine = 300 // bytes of one line that is shown
	mostLines   = 8   // in the evidence
)

func lineText(l textdiff.Line) string {
	return string(rune(l.Op)) + prose.Clip(strings.TrimRight(l.Text, "\r"), longestLine)
}

// headline is the one line that says what a change is, for its title.
func headline(lines []textdiff.Line) string {
	added := slices.DeleteFunc(slices.Clone(lines), func(l textdiff.Line) bool { return l.Op != textdiff.Added })
	how := "with the line: "
	if len(added) == 0 {
		how, added = "without the line: ", lines
	}
	text := how + prose.Clip(strings.TrimSpace(added[0].Text), 100)
	if more := len(added) - 1; more > 0 {
		text += ", and " + prose.Count(more, "more line")
	}
	return text
}
