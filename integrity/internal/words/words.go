// Package words says in words what a file is and what changed in it.
package words

import (
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

// Time gives one of the times of a file by its name in tree.Fields; "" where it is not known.
func Time(st host.Stat, field string) string {
	at := map[string]struct {
		known host.Known
		ns    int64
	}{"mtime": {host.KnownMtime, st.Mtime}, "ctime": {host.KnownCtime, st.Ctime}, "btime": {host.KnownBtime, st.Btime}}[field]
	if !st.Known.Has(at.known) {
		return ""
	}
	return time.Unix(0, at.ns).UTC().Format(time.RFC3339Nano)
}

// Flags gives the flags of a file.
func Flags(st host.Stat) string {
	var words []string
	if st.Flags&host.FlagAppend != 0 {
		words = append(words, "append")
	}
	if st.Flags&host.FlagImmutable != 0 {
		words = append(words, "immutable")
	}
	if st.Flags&host.FlagVerity != 0 {
		words = append(words, "verity")
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, "+")
}

var typeNames = map[uint32]string{
	host.ModeRegular: "regular file", host.ModeDir: "directory", host.ModeSymlink: "symbolic link",
	host.ModeSocket: "socket", host.ModeFIFO: "FIFO", host.ModeBlock: "block device", host.ModeChar: "character device",
}

// Type names the type of a file.
func Type(st host.Stat) string {
	if name, ok := typeNames[st.Type()]; ok {
		return name
	}
	return "file of an unknown type"
}

// Tells reports whether a line says something: what is taken out of a comment
// does, by the line that comes in its place.
func Tells(l textdiff.Line) bool {
	text := strings.TrimSpace(l.Text)
	return text != "" && !strings.HasPrefix(text, "#")
}

const (
	longestLine = 300 // bytes of one line that is shown
	MostLines   = 8   // of a difference that are evidence
)

// Line is a line with its sign, as far as it is shown.
func Line(l textdiff.Line) string {
	return string(rune(l.Op)) + prose.Clip(strings.TrimRight(l.Text, "\r"), longestLine)
}

// Headline is the one line that says what a change is, for its title.
func Headline(lines []textdiff.Line) string {
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
