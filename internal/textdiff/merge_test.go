package textdiff_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
)

func TestMergeTakesBothSidesChanges(t *testing.T) {
	for _, c := range []struct {
		name, base, ours, theirs, want string
		conflicts                      int
		ok                             bool
	}{
		{"apart", "a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n", 0, true},
		{"only theirs", "a\nb\n", "a\nb\n", "a\nB\n", "a\nB\n", 0, true},
		{"only ours", "a\nb\n", "x\na\nb\n", "a\nb\n", "x\na\nb\n", 0, true},
		{"alike", "a\nb\n", "a\nB\n", "a\nB\n", "a\nB\n", 0, true},
		{"the same line", "a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n", "", 1, true},
		{"side by side", "a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nC\nd\n", "", 1, true},
		{"two at the end", "a\n", "a\nx\n", "a\ny\n", "", 1, true},
		{"one removed what the other changed", "a\nb\nc\n", "a\nc\n", "a\nB\nc\n", "", 1, true},
		{"both removed", "a\nb\nc\n", "a\nc\n", "a\nc\n", "a\nc\n", 0, true},
		{"from nothing", "", "a\n", "", "a\n", 0, true},
		{"no end of the last line", "a\n", "a\nb", "a\n", "", 0, false},
		{"binary", "a\n", "a\x00\n", "a\n", "", 0, false},
	} {
		got, conflicts, ok := textdiff.Merge([]byte(c.base), []byte(c.ours), []byte(c.theirs))
		assert.Equal(t, c.want, string(got), c.name)
		assert.Equal(t, c.conflicts, conflicts, c.name)
		assert.Equal(t, c.ok, ok, c.name)
	}
}

// What is merged without a conflict is the same from either side, and each side's
// own text when the other changed nothing.
func FuzzMerge(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nB\nc\n", "a\nb\nc\nd\n")
	f.Add("", "x\n", "y\n")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) {
		one, n, ok := textdiff.Merge([]byte(base), []byte(ours), []byte(theirs))
		other, m, also := textdiff.Merge([]byte(base), []byte(theirs), []byte(ours))
		assert.Equal(t, ok, also)
		assert.Equal(t, n > 0, m > 0)
		assert.Equal(t, string(one), string(other))
		if same, k, ok := textdiff.Merge([]byte(base), []byte(ours), []byte(base)); ok {
			assert.Zero(t, k)
			assert.Equal(t, ours, string(same))
		}
	})
}

// diff3 is the field's own: what it merges, Merge merges alike or calls a conflict.
func TestMergeAgreesWithDiff3(t *testing.T) {
	diff3 := need.Program(t, "diff3")
	base := "1\n2\n3\n4\n5\n6\n7\n8\n"
	texts := []string{base, "1\n2\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n", "0\n" + base, base + "9\n", "1\n2\n3\n4\n5\n6\nseven\n8\nnine\n", strings.Replace(base, "3\n4\n", "4\n3\n", 1)}
	for _, ours := range texts {
		for _, theirs := range texts {
			want, clean := runDiff3(t, diff3, ours, base, theirs)
			got, conflicts, ok := textdiff.Merge([]byte(base), []byte(ours), []byte(theirs))
			assert.True(t, ok)
			assert.Equal(t, clean, conflicts == 0, "%q %q", ours, theirs)
			if clean {
				assert.Equal(t, want, string(got))
			}
		}
	}
}
