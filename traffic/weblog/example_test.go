package weblog_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

func ExampleNew() {
	log := `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 512 "-" "curl/8"
192.0.2.7 - - [25/Nov/2026:10:00:01 +0000] "GET /y HTTP/1.1" 404 10 "-" "curl/8"
`
	stats := weblog.New(weblog.Options{})
	if _, err := traffic.ReadFrom(context.Background(), strings.NewReader(log), syslog.Parser{}, stats); err != nil {
		fmt.Println(err)
	}
	r := stats.Report(10)
	fmt.Println(r.Totals.ValidRequests, r.Totals.UniqueVisitors, r.Totals.Bandwidth, r.NotFound[0].URL, r.Bots[0].Key)
	// Output: 2 1 522 /y curl
}

func ExampleParseLayout() {
	layout, err := weblog.ParseLayout(`%>s %h %t \"%r\"`)
	p := weblog.Parser{Layout: layout}
	var e weblog.Entry
	fmt.Println(p.Parse([]byte(`404 192.0.2.7 [25/Nov/2026:10:00:00 +0000] "GET /y HTTP/1.1"`), &e), e.Status, string(e.URL), err)
	// Output: true 404 /y <nil>
}
