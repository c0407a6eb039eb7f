package suite_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// What the settings leave out stands in each report, and what they did not leave out the
// last time is a note of its own: a check that is gone has nothing to tell.
func TestWhatIsLeftOutSinceTheLastReportIsNoted(t *testing.T) {
	var store reporttest.Store
	for _, c := range []struct {
		leftOut []string
		note    string
	}{
		{[]string{"a"}, ""}, // nobody was told of anything else
		{[]string{"a"}, ""},
		{[]string{"a", "/etc/b", "c"}, "the settings leave out what they did not at the last report: /etc/b and c"},
		{[]string{"a", "/etc/b", "c"}, ""},
		{nil, ""},
		{[]string{"a"}, "the settings leave out what they did not at the last report: a"},
	} {
		set := suite.Suite{Checks: []report.Checker{weekCheck("x", func(context.Context, *report.Recorder) error { return nil })}, Store: &store, LeftOut: c.leftOut}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		assert.Equal(t, c.leftOut, rep.LeftOut)
		if c.note == "" {
			assert.Empty(t, rep.Notices)
		} else {
			assert.Equal(t, []string{c.note}, rep.Notices)
		}
	}
}
