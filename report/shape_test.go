package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestShapeIsEqualWhereOnlyTimesAndWhatAHostOwnsDiffer(t *testing.T) {
	file := func(evidence ...report.Attr) report.Finding {
		return report.Finding{Subject: report.Path.Of("/etc/hosts"), Evidence: append(evidence, report.Now.Of("content=sha256:0a"))}
	}
	base := file().Shape()
	for name, c := range map[string]struct {
		f    report.Finding
		same bool
	}{
		"another time":           {file(report.At.Of("2026-11-25T12:00:00Z"), report.Now.Of("mtime=2026-11-25T12:00:00Z")), true},
		"another inode":          {file(report.Now.Of("inode=12")), true},
		"another session":        {file(report.Session.Of("ssh:1"), report.Addr.Of("192.0.2.1")), true},
		"a log line":             {file(report.Sample.Of("ann logged in")), true},
		"another line in a file": {file(report.Sample.Of("+192.0.2.7 printer")), false},
		"another mode":           {file(report.Now.Of("mode=4755")), false},
		"another owner package":  {file(report.Package.Of("deb:x")), false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.same, c.f.Shape() == base) })
	}
}
