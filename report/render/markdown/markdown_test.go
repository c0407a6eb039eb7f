package markdown_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/markdown"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

func write(t *testing.T, rep *report.Report) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, markdown.Write(&buf, rep, markdown.Options{}))
	return buf.String()
}

func TestATicketSaysWhatTheTextSays(t *testing.T) {
	got := write(t, rendertest.Sample())
	assert.True(t, strings.HasPrefix(got, "# web1: 1 critical, 1 warning new"), got)
	for _, want := range []string{
		"\n## New\n\n- **CRITICAL** /srv is 99 % full: 412 MiB of 40.0 GiB free\n", "  ```diff\n  -PasswordAuthentication no\n  +PasswordAuthentication yes\n  ```\n",
		"\n## Changed and explained\n", "\n## Still open\n",
	} {
		assert.Contains(t, got, want)
	}
}

// fenced and escaped text is taken out first: what is left is the renderer's own.
var (
	fence   = regexp.MustCompile("(?ms)^  (```+)[a-z]*\n.*?^  ```+\n")
	escaped = regexp.MustCompile(`\\.|&(lt|gt|amp|#\d+);`)
)

func TestNoReportMakesAMentionALinkAHeadingOrATag(t *testing.T) {
	shape := ""
	for _, s := range append([]string{"x"}, rendertest.Corpus()...) {
		got := write(t, rendertest.Hostile(s))
		for _, line := range strings.Split(got, "\n") {
			assert.Equal(t, term.Visible(line), line)
		}
		bare := escaped.ReplaceAllString(fence.ReplaceAllString(got, ""), "")
		for _, bad := range []string{"@", "<", ">", "[", "]", "`", "|", "://", "www."} {
			assert.NotContains(t, bare, bad, "with %q", s)
		}
		var headings []string
		for _, line := range strings.Split(bare, "\n") {
			if strings.HasPrefix(line, "#") {
				title, _, _ := strings.Cut(line, " ")
				headings = append(headings, title)
			}
		}
		if shape == "" {
			shape = strings.Join(headings, ",")
		}
		assert.Equal(t, shape, strings.Join(headings, ","), "with %q", s)
		if t.Failed() {
			t.FailNow()
		}
	}
}
