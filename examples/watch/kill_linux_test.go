package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// TestAKillAtAnyStepLosesAndDoublesNothing ends the process at one of the calls by
// which it stores something: as it begins, as it looks, decides, spools and delivers.
func TestAKillAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	need.Long(t)
	strace := need.Program(t, "strace")
	for _, call := range []string{"fsync", "renameat"} {
		for _, n := range []int{1, 2, 3, 4, 6, 9, 13} {
			t.Run(fmt.Sprintf("%s-%d", call, n), func(t *testing.T) {
				t.Parallel()
				killAt(t, strace, call, n, "a", map[string]string{"a": ""})
			})
		}
	}
}

// With a peer nothing is lost either, and what each of them tells is of one
// incident, whichever of them is killed. Of two messages with one id who gets them
// takes one.
func TestAKillOfEitherOfTwoHostsLosesAndDoublesNothing(t *testing.T) {
	need.Long(t)
	strace := need.Program(t, "strace")
	for _, call := range []string{"fsync", "renameat"} {
		for _, n := range []int{1, 2, 3, 4, 6, 9, 13, 18, 24} {
			for _, victim := range []string{"a", "b"} {
				t.Run(fmt.Sprintf("%s-%s-%d", victim, call, n), func(t *testing.T) {
					t.Parallel()
					killAt(t, strace, call, n, victim, map[string]string{"a": need.Addr(t), "b": need.Addr(t)})
				})
			}
		}
	}
}

// killAt lets a host be killed at the nth of a call, while a target is down, and
// begins it anew.
func killAt(t *testing.T, strace, call string, n int, victim string, addrs map[string]string) {
	target := closedPort(t)
	all := hosts(t, t.TempDir(), addrs, quick+fmt.Sprintf("targets: [%q]", target))
	t.Cleanup(func() { explain(t, all) })
	for name, h := range all {
		if name != victim {
			h.start(t)
		}
	}
	killed := all[victim]
	cmd := killed.start(t, strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n))
	awaitKill(t, cmd, func() bool { return count(told(t, all), "problem "+target) > 0 && outbox(t, killed) == 0 })
	eventually(t, "it is gone", func() bool {
		lock, err := statedir.Lock(filepath.Join(killed.folder, "lock"))
		return err == nil && lock.Close() == nil
	})
	killed.start(t)
	eventually(t, "the problem is told", func() bool { return count(told(t, all), "problem "+target) > 0 })
	var service net.Listener
	eventually(t, "nothing else has the port at the moment", func() bool {
		var err error
		service, err = net.Listen("tcp", strings.TrimPrefix(target, "tcp://"))
		return err == nil
	})
	defer service.Close()
	go accept(service)
	eventually(t, "and its end", func() bool {
		for _, h := range all {
			if outbox(t, h) > 0 {
				return false
			}
		}
		return count(told(t, all), "recovery "+target) >= 1
	})
	got := slices.DeleteFunc(told(t, all), func(line string) bool {
		// One host may see it up before the other, and who was killed was silent for a while.
		return line == "changed "+target || strings.Contains(line, " vantage:")
	})
	assert.Equal(t, []string{"problem " + target, "recovery " + target}, got)
	for _, h := range all {
		ids := map[string]bool{}
		for _, rep := range handedOver(t, h.events()) {
			assert.False(t, ids[rep.ID], "%s handed %s over twice", h.name, rep.ID)
			ids[rep.ID] = true
		}
	}
}

// explain shows what hosts remember, where a test has failed.
func explain(t *testing.T, all map[string]*vantage) {
	if !t.Failed() {
		return
	}
	t.Log(told(t, all))
	for _, h := range all {
		m, note, err := readMemory(h.folder)
		text, _ := json.MarshalIndent(m, "", " ") //nolint:errcheck // it was read from such
		t.Logf("%s: %v %v %s\nit says: %v", h.name, note, err, text, h.states(t))
	}
}

// awaitKill waits until a process is killed, or has done all that it was to do.
func awaitKill(t *testing.T, cmd *exec.Cmd, done func() bool) {
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }() //nolint:errcheck // it is killed
	eventually(t, "it was killed, or did all", func() bool {
		select {
		case <-ended:
			return true
		default:
			return done()
		}
	})
	kill(cmd)
	<-ended
}
