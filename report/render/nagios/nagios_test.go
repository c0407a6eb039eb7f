package nagios_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/nagios"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

func TestTheStateIsTheWorstThatIsOpenOrUnseen(t *testing.T) {
	of := func(kind report.ChangeKind, severity report.Severity, status report.Status) *report.Report {
		return &report.Report{
			Seq: 2, Labels: report.Labels{Host: "web1"}, Results: []report.Result{{Check: "a.b", Status: status}},
			Changes: []report.Change{{Kind: kind, Finding: report.Finding{Severity: severity, Title: "t"}}},
		}
	}
	for name, c := range map[string]struct {
		rep  *report.Report
		code int
	}{
		"a notice":                      {of(report.New, report.Notice, report.OK), nagios.OK},
		"a warning still open":          {of(report.Still, report.Warning, report.OK), nagios.Warning},
		"a critical":                    {of(report.New, report.Critical, report.OK), nagios.Critical},
		"a fixed critical":              {of(report.Fixed, report.Critical, report.OK), nagios.OK},
		"a failed check":                {of(report.Fixed, report.Critical, report.Failed), nagios.Unknown},
		"a failed check and a warning":  {of(report.New, report.Warning, report.Failed), nagios.Unknown},
		"a failed check and a critical": {of(report.New, report.Critical, report.TimedOut), nagios.Critical},
		"a skipped check":               {of(report.Fixed, report.Info, report.Skipped), nagios.OK},
		"nobody has looked":             {&report.Report{}, nagios.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			line, code := nagios.Line(c.rep, nagios.Options{})
			assert.Equal(t, c.code, code, line)
		})
	}
	line, _ := nagios.Line(of(report.New, report.Critical, report.OK), nagios.Options{})
	assert.Equal(t, "UPKEEP CRITICAL - web1: 1 critical new | critical=1;;0;0 warning=0;0;;0 notice=0;;;0 unseen=0;;;0", line)
}

func TestNoReportAddsALineOrPerformanceData(t *testing.T) {
	grammar := regexp.MustCompile(`^UPKEEP (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]* \| critical=\d+;;0;0 warning=\d+;0;;0 notice=\d+;;;0 unseen=\d+;;;0$`)
	for _, s := range rendertest.Corpus() {
		line, _ := nagios.Line(rendertest.Hostile(s), nagios.Options{})
		assert.Regexp(t, grammar, line)
		assert.Less(t, len(line), 4096)
	}
}
