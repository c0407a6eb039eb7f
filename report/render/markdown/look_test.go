package markdown_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/htmlmail"
	"github.com/pugetsoundtech/upkeep/report/render/markdown"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

// What shows more is a line to copy in each form, beside the advice and outside it.
func TestACommandThatShowsMoreStandsOutsideTheAdvice(t *testing.T) {
	rep := &report.Report{Changes: []report.Change{{Kind: report.New, Check: "a.b", Finding: report.Finding{
		Rule: "a.b.c", Severity: report.Warning, Title: "A file changed", Fix: "Ask who did it.", Remedy: &report.Remedy{Look: [][]string{{"dpkg", "-S", "/a b"}}},
	}}}}
	var md, mail, page bytes.Buffer
	require.NoError(t, markdown.Write(&md, rep, markdown.Options{}))
	require.NoError(t, htmlmail.Write(&mail, rep, htmlmail.Options{}))
	require.NoError(t, text.Write(&page, rep, text.Options{}))
	assert.Contains(t, md.String(), "```sh\n  dpkg -S '/a b'\n")
	assert.Contains(t, mail.String(), "dpkg -S &#39;/a b&#39;<br/>")
	assert.Contains(t, page.String(), "look    dpkg -S '/a b'\n")
	for _, form := range []string{md.String(), mail.String(), page.String()} {
		assert.Contains(t, form, "Ask who did it")
	}
}
