package logwatchtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logs"
	"github.com/pugetsoundtech/upkeep/logwatch/logwatchtest"
	"github.com/pugetsoundtech/upkeep/report"
)

func ExampleTestRules() {
	rules, _ := logwatch.ParseRules("door.rules", []byte(`logwatch rules 1
program doord
rule door-open ignore
	match door {w} open
	test  doord: door east open
	test  doord: door jammed
`))
	set, _ := logwatch.Compile(rules)
	fmt.Println(logwatchtest.TestRules(set))
	// Output: door.rules:3: rule door-open: doord: "door jammed" is decided by ""
}

func ExampleTestChecker() {
	err := logwatchtest.TestChecker(context.Background(), func(h host.Host) report.Checker { return logs.System{Host: h} })
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
