package suite_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// motd asks one question: does the message of the day still say what it should?
type motd struct{ text string }

func (motd) Name() string { return "example.motd" }

func (motd) Rules() []report.Rule {
	return []report.Rule{{
		ID: "motd.empty", Kind: report.Condition, Severity: report.Notice, Title: "the message of the day is empty",
		Explain: "Whoever logs in does not see the rules of use.", Remedy: "Write it anew.", Since: "0.1.0",
	}}
}

func (m motd) Check(_ context.Context, rec *report.Recorder) error {
	if m.text == "" {
		rec.Finding(report.Finding{
			Rule: "motd.empty", Subject: report.Attr{Key: report.Path, Value: "/etc/motd"}, Scope: "motd",
		})
	}
	rec.Covered("motd")
	return nil
}

func ExampleSuite() {
	dir, err := os.MkdirTemp("", "upkeep")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, text := range []string{"", "", "Be kind.\n"} { // three days
		set := &suite.Suite{Checks: []report.Checker{motd{text}}, Store: memory.FileStore{Dir: dir}}
		rep, err := set.Run(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, change := range rep.Changes {
			fmt.Println(rep.Seq, change.Kind, change.Finding.Title)
		}
	}
	// Output:
	// 1 new the message of the day is empty
	// 2 still the message of the day is empty
	// 3 fixed the message of the day is empty
}

func ExampleCollect() {
	res, err := suite.Collect(context.Background(), motd{})
	fmt.Println(res.Status, len(res.Findings), err)
	// Output: ok 1 <nil>
}
