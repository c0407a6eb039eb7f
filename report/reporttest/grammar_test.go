package reporttest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

func TestWordsThatUsersKeepHaveOneGrammar(t *testing.T) {
	for name, valid := range map[string]bool{
		"integrity.files": true, "traffic.web-log": true, "pkgupdate.updates.debian": true,
		"files": false, "integrity.": false, "Integrity.files": false, "integrity.-files": false, "": false, "a b.c": false,
	} {
		assert.Equal(t, valid, reporttest.ValidateCheckName(name) == nil, name)
	}
	rule := func(id, title string) report.Rule {
		return report.Since("0.1.0", report.Condition.Rule(id, report.Notice, title).Text("why", "what"))[0]
	}
	for want, r := range map[string]report.Rule{
		"":                          rule("d.q.odd-file", "A file is odd"),
		"not the name of its check": rule("d.odd", "A file is odd"),
		"neither with a capital":    rule("d.q.odd", "a file is odd"),
		"ends with a full stop":     rule("d.q.odd", "A file is odd."),
		"no Explain or no Since":    {ID: "d.q.odd", Kind: report.Event, Severity: report.Info, Title: "A", Remedy: "r"},
		"a dot and words of a-z":    rule("d.q.odd.file", "A file is odd"),
		"is not one line":           rule("d.q.odd", "A file\nis odd"),
	} {
		err := reporttest.ValidateRule("d.q", r)
		if want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
	assert.NoError(t, reporttest.ValidateRule("d.q", rule("d.q.ssh-root-login", "root logged in")), "a name that spells itself so")
}

func TestATitleBeginsWithACapitalOrWithWhatItIsAbout(t *testing.T) {
	for title, valid := range map[string]bool{
		"A file is odd": true, "nginx.service has failed": true, "/etc/passwd changed": true, "12 files changed": true, "\"nginx\" failed": true, "Élan": true,
		"the file is odd": false, "A file is odd.": false, "": false,
	} {
		f := report.Finding{Title: title, Subject: report.Service.Of("nginx.service")}
		assert.Equal(t, valid, reporttest.ValidateTitle(f) == nil, title)
	}
}

func TestMetricsFollowPrometheus(t *testing.T) {
	for _, c := range []struct {
		name, unit string
		valid      bool
	}{
		{"filesystem_used_bytes", "bytes", true},
		{"sent_bytes_total", "bytes", true},
		{"load_1", "", true},
		{"memory_used_ratio", "ratio", true},
		{"cpus", "", true},
		{"support_left_days", "days", false},
		{"bytes_used", "bytes", false},
		{"used_bytes", "", false},
		{"used", "bytes", false},
		{"Used", "", false},
		{"a-b", "", false},
		{"a__b", "", false},
		{"", "", false},
	} {
		assert.Equal(t, c.valid, reporttest.ValidateMetric(report.Metric{Name: c.name, Unit: c.unit}) == nil, c.name)
		assert.Equal(t, c.valid, reporttest.ValidateSeries(report.Series{Name: c.name, Unit: c.unit}) == nil, c.name)
	}
	assert.Error(t, reporttest.ValidateMetric(report.Metric{Name: "used", Attrs: []report.Attr{report.Sample.Of("x")}}))
}
