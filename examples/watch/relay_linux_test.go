package main

import (
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

// lead puts a relay before all that a namespace looks at, and returns what ends that.
func (w world) lead(namespace string, link netprobetest.Link, servers ...string) (mend func()) {
	w.t.Helper()
	text, err := json.Marshal(link)
	if err != nil {
		w.t.Fatal(err)
	}
	ways, rules := string(text), []string{"add table ip lead", "add chain ip lead out { type nat hook output priority -100 ; }"}
	for i, server := range servers {
		at := fmt.Sprintf("10.77.0.9:%d", 2001+i)
		ways += " " + at + " " + server
		host, port, err := net.SplitHostPort(server)
		if err != nil {
			w.t.Fatal(err)
		}
		rules = append(rules, fmt.Sprintf("add rule ip lead out ip daddr %s tcp dport %s dnat to %s", host, port, at))
	}
	cmd := w.start("r", "UPKEEP_TEST_RELAY="+ways)
	for _, rule := range rules {
		w.sh(namespace + ": nft " + rule)
	}
	return func() {
		w.sh(namespace + ": nft delete table ip lead")
		cmd.Process.Kill() //nolint:errcheck // it is ours
	}
}

// A bad link of one host is one trouble of that host, whatever its kind, and no
// service is said to be down for it.
func TestABadLinkOfOneHostIsTroubleOfThatHost(t *testing.T) {
	need.Long(t)
	for name, link := range map[string]netprobetest.Link{
		"delay": {Delay: 4 * time.Second}, "loss": {Loss: 1}, "drip": {Drip: 2 * time.Second}, "stall": {Cut: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const target = "smtp://10.77.0.3:25"
			w := newWorld(t, "a", "b", "t")
			w.postfix("t")
			w.references()
			all, _ := w.watched(aAndB, target, "")
			mend := w.lead("b", link, "10.77.0.3:25", "10.77.0.9:1001", "10.77.0.9:1002", "10.77.0.9:1003", "10.77.0.1:9443")
			eventually(t, "one alarm about the host", func() bool { return count(told(t, all), "problem vantage:b") == 1 })
			eventually(t, "it knows that itself", func() bool { return all["b"].states(t)["vantage b"] == "sick" })
			mend()
			eventually(t, "it is well again", func() bool { return count(told(t, all), "recovery vantage:b") == 1 })
			eventually(t, "and nothing is on its way", func() bool { return outbox(t, all["a"]) == 0 && outbox(t, all["b"]) == 0 })
			assert.Equal(t, []string{"problem vantage:b", "recovery vantage:b"}, told(t, all))
		})
	}
}
