package traffictest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/ftplog"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/traffictest"
)

func ExampleTestAnalyzer() {
	fmt.Println(traffictest.TestAnalyzer(context.Background(), func() traffic.Analyzer { return &ftplog.Stats{} }, []string{
		"Wed Nov 25 10:00:00 2026 3 192.0.2.7 1048576 /pub/a.iso b _ o r anna ftp 0 * c",
	}))
	// Output: <nil>
}

func ExampleNewCard() {
	card := traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Reboot().Carry(time.Hour, 300, 3)
	var a netif.Archive
	for _, snap := range card.Snapshots() {
		a.Advance(snap)
	}
	fmt.Println(a.Interfaces["eth0"].Received == card.Received, card.Received)
	// Output: true 5300
}

func ExampleNewMailLog() {
	log := traffictest.NewMailLog(1, start).Messages(100)
	fmt.Println(log.Received+log.Rejected == 100, log.Delivered > 0)
	// Output: true true
}
