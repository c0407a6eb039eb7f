package report_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A check of two file systems, run once without a suite and without a memory.
func ExampleRecording() {
	check := report.CheckerFunc{
		ID: "example.space",
		Catalogue: report.Since("0.1.0", report.Condition.Rule("example.space.full", report.Warning, "A file system is nearly full").
			Text("Programs that cannot write lose data.", "Find what grew.")),
		Func: func(_ context.Context, rec *report.Recorder) error {
			rec.Finding(report.Finding{Rule: "example.space.full", Subject: report.Mount.Of("/var"), Scope: "space/var"})
			rec.Covered("space/var")
			rec.Problem(context.DeadlineExceeded, "space/srv")
			return nil
		},
	}
	rules, err := report.Rules(check)
	if err != nil {
		fmt.Println(err)
		return
	}
	run := report.NewRecording(check.Name(), rules, report.Before{})
	res := run.Run(context.Background(), check, time.Minute, time.Second, nil)
	fmt.Println(res.Status, res.Findings[0].Severity, res.Findings[0].Title, res.Covers("space/var"), res.Covers("space/srv"))
	// Output: partial warning A file system is nearly full true false
}
