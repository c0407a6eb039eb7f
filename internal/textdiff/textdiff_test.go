package textdiff_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

func show(lines []textdiff.Line) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%c%s\n", l.Op, l.Text)
	}
	return b.String()
}

func numbers(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintln(&b, i)
	}
	return b.String()
}

func TestLinesShowWhatChangedWithItsSurroundings(t *testing.T) {
	for _, c := range []struct {
		name, before, after, want string
		context                   int
	}{
		{"equal", "a\nb\n", "a\nb\n", "", 0},
		{"one line more", "a\n", "a\nb\n", " a\n+b\n", 0},
		{"from nothing", "", "a\n", "+a\n", 0},
		{"to nothing", "a\n", "", "-a\n", 0},
		{"no newline at the end", "a", "b", "-a\n+b\n", 0},
		{"in the middle", numbers(1, 20), strings.Replace(numbers(1, 20), "10\n", "ten\n", 1), "@line 9\n 9\n-10\n+ten\n 11\n", 1},
		{"without context", numbers(1, 9), strings.Replace(numbers(1, 9), "5\n", "", 1), "@line 5\n-5\n", -1},
	} {
		lines, ok := textdiff.Lines([]byte(c.before), []byte(c.after), textdiff.Options{Context: c.context})
		require.True(t, ok, c.name)
		assert.Equal(t, c.want, show(lines), c.name)
	}
}

func TestLinesCarryTheirNumbers(t *testing.T) {
	lines, ok := textdiff.Lines([]byte("a\nb\nc\n"), []byte("a\nc\nd\n"), textdiff.Options{})
	require.True(t, ok)
	assert.Equal(t, []textdiff.Line{
		{Op: textdiff.Same, Text: "a", Old: 1, New: 1},
		{Op: textdiff.Removed, Text: "b", Old: 2},
		{Op: textdiff.Same, Text: "c", Old: 3, New: 2},
		{Op: textdiff.Added, Text: "d", New: 3},
	}, lines)
	added, removed := textdiff.Count(lines)
	assert.Equal(t, [2]int{1, 1}, [2]int{added, removed})
}

func TestWhatCannotBeComparedIsNeverEqual(t *testing.T) {
	for name, text := range map[string][]byte{"binary": []byte("a\x00b"), "large": bytes.Repeat([]byte("x"), 1<<20+1)} {
		_, ok := textdiff.Lines(text, text, textdiff.Options{})
		assert.False(t, ok, name)
	}
}

// Two long texts without a common line are the worst case of the algorithm.
func TestUnlikeTextsAreComparedInBoundedTime(t *testing.T) {
	before, after := numbers(1, 60_000), numbers(100_000, 150_000)
	start := time.Now()
	lines, ok := textdiff.Lines([]byte(before), []byte(after), textdiff.Options{})
	require.True(t, ok)
	assert.NotEmpty(t, lines)
	assert.Less(t, time.Since(start), 20*time.Second)
}

// The kept and the added lines make up the new text, the kept and removed ones the old.
func FuzzLines(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nd")
	f.Add("\r\n\xff\n", "\n\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		lines, ok := textdiff.Lines([]byte(before), []byte(after), textdiff.Options{Context: 1 << 20})
		if !ok || before == after {
			return
		}
		var old, now []string
		for _, l := range lines {
			if l.Op != textdiff.Added {
				old = append(old, l.Text)
			}
			if l.Op != textdiff.Removed {
				now = append(now, l.Text)
			}
		}
		assert.Equal(t, strings.TrimSuffix(before, "\n"), strings.Join(old, "\n"))
		assert.Equal(t, strings.TrimSuffix(after, "\n"), strings.Join(now, "\n"))
	})
}
