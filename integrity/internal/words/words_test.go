package words

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

func TestAHeadlineIsTheFirstLineThatIsNew(t *testing.T) {
	gone, one, two := textdiff.Line{Op: textdiff.Removed, Text: "a"}, textdiff.Line{Op: textdiff.Added, Text: " b"}, textdiff.Line{Op: textdiff.Added, Text: "c"}
	assert.Equal(t, "with the line: b, and 1 more line", Headline([]textdiff.Line{gone, one, two}))
	assert.Equal(t, "without the line: a", Headline([]textdiff.Line{gone}))
	assert.Equal(t, "+ b", Line(one))
	assert.False(t, Tells(textdiff.Line{Text: " # a"}))
}

func TestWhatIsNotKnownOfAFileHasNoWords(t *testing.T) {
	assert.Empty(t, Time(host.Stat{Mtime: 1}, "mtime"))
	assert.Equal(t, "1970-01-01T00:00:00.000000001Z", Time(host.Stat{Known: host.KnownMtime, Mtime: 1}, "mtime"))
	assert.Equal(t, "append+immutable", Flags(host.Stat{Flags: host.FlagAppend | host.FlagImmutable}))
	assert.Equal(t, "file of an unknown type", Type(host.Stat{}))
}
