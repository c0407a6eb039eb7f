package logwatchtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logwatchtest"
	"github.com/pugetsoundtech/upkeep/report"
)

func ExampleTestRules() {
	set, _ := logwatch.Compile([]logwatch.Rule{
		{ID: "door.open", Level: logwatch.Warning, Patterns: []string{"door open"}},
		{ID: "door.jammed", Level: logwatch.Critical, Patterns: []string{"door jammed"}},
	})
	fmt.Println(logwatchtest.TestRules(set, []logwatchtest.Case{
		{Message: "door open", Rule: "door.open"},
		{Message: "door jammed", Rule: ""},
	}))
	// Output: : "door jammed": rule "door.jammed" decides, not ""
}

func ExampleTestChecker() {
	err := logwatchtest.TestChecker(context.Background(), func(h host.Host) report.Checker { return logwatch.Logs{Host: h} })
	fmt.Println(err)
	// Output: <nil>
}

func ExampleExport() {
	fmt.Printf("%s", logwatchtest.Export(logwatchtest.Entry{Time: time.Unix(1795521600, 0), Tag: "sshd", PID: 7, Message: "hello", Priority: 6}))
	// Output:
	// __CURSOR=s=fake;i=1;t=6610473279000
	// __REALTIME_TIMESTAMP=1795521600000000
	// SYSLOG_IDENTIFIER=sshd
	// _PID=7
	// PRIORITY=6
	// MESSAGE=hello
}
