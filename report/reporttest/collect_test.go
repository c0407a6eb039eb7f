package reporttest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// ended is a test that Collect ends.
type ended struct{ why []string }

func (*ended) Helper()                  {}
func (*ended) Context() context.Context { return context.Background() }
func (e *ended) Fatalf(format string, args ...any) {
	e.why = append(e.why, fmt.Sprintf(format, args...))
}

func TestCollectGivesWhatWasFoundAndEndsWhenTheContractIsBroken(t *testing.T) {
	assert.Equal(t, []string{"notice: A file is odd"}, reporttest.Titles(reporttest.Collect(t, good())))

	broken, end := good(), &ended{}
	broken.Catalogue = nil
	reporttest.Collect(end, broken)
	assert.Contains(t, strings.Join(end.why, "\n"), "sample.files breaks its contract")

	end = &ended{}
	broken.ID = "no name"
	reporttest.Collect(end, report.Checker(broken))
	assert.NotEmpty(t, end.why)
}
