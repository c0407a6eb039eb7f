package explain_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// morning is the minute of a day in the examples.
func morning(minute int) report.Attr {
	return report.AtTime(time.Date(2026, 11, 25, 6, minute, 0, 0, time.UTC))
}

// show runs a check that tells the findings, and prints what explains them.
func show(findings ...report.Finding) {
	check := report.CheckerFunc{
		ID: "demo",
		Catalogue: []report.Rule{
			report.Event.Rule("act", report.Info, "Something was done").Text("It may explain others.", "Nothing."),
			report.Condition.Rule("changed", report.Notice, "A file changed").Text("Who did it?", "Look."),
			report.Condition.Rule("failed", report.Warning, "A service has failed").Text("It is down.", "Start it."),
		},
		Func: func(_ context.Context, rec *report.Recorder) error {
			for _, f := range findings {
				f.Scope = "demo"
				rec.Finding(f)
			}
			return nil
		},
	}
	rep, err := suite.Run(context.Background(), []report.Checker{check})
	if err != nil {
		fmt.Println(err)
		return
	}
	titles := map[string]string{}
	for _, f := range rep.Results[0].Findings {
		titles[f.Fingerprint] = f.Title
	}
	for _, e := range explain.Joins(rep) {
		fmt.Printf("%s ← %s: %s\n", titles[e.Finding], e.Confidence, e.Text)
	}
}

func ExampleJoins() {
	openssl := report.Package.Of("deb:openssl")
	show(
		report.Finding{Rule: "act", Title: "openssl was upgraded", Subject: openssl, Evidence: []report.Attr{morning(31)}},
		report.Finding{Rule: "changed", Title: "/usr/bin/openssl changed", Subject: report.Path.Of("/usr/bin/openssl"), Evidence: []report.Attr{openssl, morning(31)}},
	)
	// Output: /usr/bin/openssl changed ← likely: openssl was upgraded
}

// A service that failed names the packages of its program and libraries, and when it failed.
func ExampleJoins_service() {
	ssl := report.Package.Of("deb:libssl3")
	show(
		report.Finding{Rule: "act", Title: "libssl3 was upgraded", Subject: ssl, Evidence: []report.Attr{morning(31)}},
		report.Finding{
			Rule: "failed", Title: "web.service has failed", Subject: report.Service.Of("web.service"),
			Evidence: []report.Attr{report.Unit.Of("web.service"), morning(36), report.Program.Of("/usr/sbin/web"), report.Path.Of("/usr/lib/libssl.so.3"), ssl},
		},
		report.Finding{
			Rule: "failed", Title: "other.service has failed", Subject: report.Service.Of("other.service"),
			Evidence: []report.Attr{morning(36), report.Program.Of("/usr/sbin/other"), report.Package.Of("deb:other")},
		},
	)
	// Output: web.service has failed ← possible: libssl3 was upgraded
}

// A run of a rotation is a transaction that names its logs.
func ExampleJoins_rotation() {
	log := report.Path.Of("/var/log/mail.log")
	show(
		report.Finding{Rule: "act", Title: "logrotate rotated 1 log", Subject: report.System.Of("logs"), Identity: []report.Attr{report.Transaction.Of("logrotate:20261125")}, Evidence: []report.Attr{morning(25), log}},
		report.Finding{Rule: "changed", Title: "/var/log/mail.log became smaller", Subject: log, Evidence: []report.Attr{morning(25)}},
	)
	// Output: /var/log/mail.log became smaller ← likely: logrotate rotated 1 log
}

// A session has its id, its begin and its end, and each command its text, moment and files.
func ExampleJoins_session() {
	hosts := report.Path.Of("/etc/hosts")
	show(
		report.Finding{
			Rule: "act", Title: "ann was logged in by ssh from 192.0.2.14", Subject: report.User.Of("ann"),
			Evidence: []report.Attr{
				report.Session.Of("ssh:4711"), morning(30), morning(50),
				report.Sample.Of("/usr/bin/vi hosts"), morning(40), report.Program.Of("/usr/bin/vi"), hosts,
			},
		},
		report.Finding{Rule: "changed", Title: "/etc/hosts changed", Subject: hosts, Evidence: []report.Attr{morning(42)}},
	)
	// Output: /etc/hosts changed ← likely: ann was logged in by ssh from 192.0.2.14
}
