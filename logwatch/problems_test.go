package logwatch_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/logwatch"
)

// TestProblemLinesGetTheVerdictThatAnAdministratorWants reads the corpus. A line
// that no rule explains is a notice, or a warning where it says it is an error.
func TestProblemLinesGetTheVerdictThatAnAdministratorWants(t *testing.T) {
	data, err := os.ReadFile("testdata/problems.txt")
	require.NoError(t, err)
	lines, right := 0, 0
	for line := range bytes.Lines(data) {
		if line[0] == '#' {
			continue
		}
		lines++
		want, rest, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		program, message, _ := strings.Cut(rest, ": ")
		v := logwatch.Builtin().Classify(logwatch.Line{Tag: []byte(program), Message: []byte(message)})
		level := v.Level
		if level == logwatch.Unexplained {
			level = logwatch.Notice
			if s := logwatch.Severity([]byte(message)); s >= 0 && s <= 3 {
				level = logwatch.Warning
			}
		}
		assert.True(t, level.Raises(), "%s: hidden by %s", rest, v.Rule)
		if level.String() == want {
			right++
		} else {
			t.Logf("%s: %s by %q, not %s", rest, level, v.Rule, want)
		}
	}
	require.GreaterOrEqual(t, lines, 300)
	t.Logf("%d of %d lines right", right, lines)
	assert.GreaterOrEqual(t, right*100, lines*95)
}
