package htmlmail_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/htmlmail"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

func write(t *testing.T, rep *report.Report) string {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, htmlmail.Write(&buf, rep, htmlmail.Options{}))
	return buf.String()
}

// elements lists those that stand in a page, and fails where data made one.
func elements(t *testing.T, page string) map[string]int {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	out := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok {
			out[e.Name.Local]++
			for _, a := range e.Attr {
				assert.NotRegexp(t, `^on|^src$|^href$`, a.Name.Local)
			}
		}
	}
}

func TestADetailOfTwoLinesIsTwoParagraphs(t *testing.T) {
	assert.Contains(t, write(t, rendertest.Sample()), ">The owner and the mode are as before.</p>")
}

func TestAMailHoldsOnlyElementsThatMailProgramsKnow(t *testing.T) {
	known := regexp.MustCompile(`^(html|head|meta|title|body|table|tr|td|p|b|br|span)$`)
	for _, s := range rendertest.Corpus() {
		page := write(t, rendertest.Hostile(s))
		for name := range elements(t, page) {
			assert.Regexp(t, known, name, "with %q", s)
		}
		assert.NotContains(t, page, "ZgotmplZ")
		if t.Failed() {
			t.FailNow()
		}
	}
}

func TestAMailSaysWhatTheTextSays(t *testing.T) {
	page := write(t, rendertest.Sample())
	for _, want := range []string{"web1: 1 critical", "/srv is 99 % full", "PasswordAuthentication yes", "Changed and explained", "Still open", "#b3261e", "Not fully looked at: netprobe.local"} {
		assert.Contains(t, page, want)
	}
	assert.Less(t, strings.Index(page, "/srv is 99 % full"), strings.Index(page, "Changed and explained"))
}

func TestAMailOfAFloodIsBounded(t *testing.T) {
	assert.Less(t, len(write(t, rendertest.Flood(20_000))), 100_000)
}
