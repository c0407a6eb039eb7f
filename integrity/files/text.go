package files

import (
	"bytes"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/internal/words"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
	"github.com/pugetsoundtech/upkeep/report"
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

// lines gives the lines that a change added and took away since the baseline,
// without blanks and comments where there is anything else. It is nil where nobody
// has the texts.
func (c *closer) lines(ch integrity.Change) []textdiff.Line {
	if ch.Kind == integrity.Changed {
		return c.linesSince(&ch.Was, ch)
	}
	return c.linesSince(nil, ch)
}

// linesSince does so since the file was found as was; nil: since it was not there.
func (c *closer) linesSince(was *host.Entry, ch integrity.Change) []textdiff.Line {
	again, there := c.seen[ch.Path]
	same, known := host.SameContent(&ch.Now, &again.Entry)
	if !showable(ch) || !there || !known || !same || again.Text == nil && ch.Now.Stat.Size > 0 {
		return nil
	}
	var old []byte
	if was != nil {
		text, ok := integrity.Old(c.ctx, c.OldText, *was)
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
	telling := slices.DeleteFunc(slices.Clone(all), func(l textdiff.Line) bool { return !words.Tells(l) })
	if len(telling) > 0 {
		return telling
	}
	return all
}

// sinceLast says what changed since the last stored report and since the one that was
// signed last, where they told of the file as it was then. Else it was as the baseline
// has it, and the difference to that is the one.
func (c *closer) sinceLast(out *report.Finding, ch integrity.Change) {
	now, known := ch.Now.Digest("sha256")
	if !known || !showable(ch) {
		return
	}
	if len(c.texts) < mostTexts {
		c.texts[ch.Path] = now.Hex()
	}
	last, signed := c.were[ch.Path], c.signed.Texts[ch.Path]
	if last == signed {
		c.since(out, ch, "report and sign-off", last)
		return
	}
	c.since(out, ch, "report", last)
	c.since(out, ch, "sign-off", signed)
}

// since says what changed since the file had a content.
func (c *closer) since(out *report.Finding, ch integrity.Change, when, content string) {
	now, _ := ch.Now.Digest("sha256")
	sum, err := hex.DecodeString(content)
	then := host.NewDigest("sha256", sum)
	if err != nil || len(sum) == 0 || then == now {
		return
	}
	lines := c.linesSince(&host.Entry{Path: ch.Path, Digests: []host.Digest{then}}, ch)
	if len(lines) == 0 {
		out.Detail = strings.TrimSpace(out.Detail + " It changed again since the last " + when + ".")
		return
	}
	var told []string
	for _, l := range lines {
		told = append(told, words.Line(l))
	}
	out.Detail = strings.TrimSpace(out.Detail + " Since the last " + when + ": " + prose.List(told, words.MostLines) + ".")
}
