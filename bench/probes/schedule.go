package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
	"github.com/pugetsoundtech/upkeep/netprobe/schedule"
)

// scheduled is how many targets the schedule has; half of them never answer.
const scheduled = 10_000

// A tally is what the schedule showed.
type tally struct {
	sync.Mutex
	lags   []time.Duration // of the healthy half
	looks  map[bool]int    // by whether it is healthy
	peak   int             // goroutines
	failed string          // of a healthy one
}

// plan runs the schedule over real connections for a time: every target is due once
// in interval, on loopback addresses of its own.
func plan(ctx context.Context, addr string, interval, length time.Duration) error {
	tarpit, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	defer tarpit.Close() // its queue fills, and then it is a black hole
	_, hole, err := net.SplitHostPort(tarpit.Addr().String())
	if err != nil {
		return err
	}
	jobs, addrs := targets(addr, hole, interval)
	idle := runtime.NumGoroutine()
	t := &tally{looks: map[bool]int{}}
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	schedule.Schedule{
		Do: func(ctx context.Context, key string) bool {
			res := protocol.SMTP{Addr: addrs[key], Timeout: 10 * time.Second}.Probe(ctx)
			t.looked(addrs[key] == addr, res.Cause == "" || ctx.Err() != nil, res.Detail)
			return res.Cause != ""
		},
		Lag: func(key string, late time.Duration) { t.late(addrs[key] == addr, late) },
	}.Run(ctx, jobs)
	if t.failed != "" {
		return fmt.Errorf("a healthy target failed: %s", t.failed)
	}
	slices.Sort(t.lags)
	if len(t.lags) == 0 {
		return fmt.Errorf("nothing was looked at within %s", length)
	}
	fmt.Printf("%d targets in %s, half of which never answer: %d looks at the healthy half, %d at the other; lag of the healthy p99 %v, worst %v; %s at most; %d goroutines before, %d at most\n",
		scheduled, interval, t.looks[true], t.looks[false], t.lags[len(t.lags)*99/100].Round(time.Millisecond), t.lags[len(t.lags)-1].Round(time.Millisecond), resident(), idle, t.peak)
	return nil
}

// targets makes the jobs: healthy ones that are all the one server, and others each
// of which has an address of its own.
func targets(addr, hole string, interval time.Duration) (jobs []schedule.Job, addrs map[string]string) {
	addrs = map[string]string{}
	for i := range scheduled {
		key := fmt.Sprintf("smtp://target-%d", i)
		addrs[key] = addr
		if i%2 == 1 {
			addrs[key] = fmt.Sprintf("127.%d.%d.%d:%s", 1+i/250/250, i/250%250, 1+i%250, hole)
		}
		jobs = append(jobs, schedule.Job{Key: key, Interval: interval, Retry: interval})
	}
	return jobs, addrs
}

func (t *tally) looked(healthy, fine bool, detail string) {
	t.Lock()
	defer t.Unlock()
	t.looks[healthy]++
	if healthy && !fine {
		t.failed = detail
	}
}

func (t *tally) late(healthy bool, late time.Duration) {
	t.Lock()
	defer t.Unlock()
	t.peak = max(t.peak, runtime.NumGoroutine())
	if healthy {
		t.lags = append(t.lags, late)
	}
}

// resident is the most memory that this process had.
func resident() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "memory unknown"
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "memory unknown"
}
