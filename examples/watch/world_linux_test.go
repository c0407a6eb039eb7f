package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
)

// A world is some network namespaces on one bridge, which stands in the first.
type world struct {
	t      *testing.T
	prefix string
}

// sh runs a command of the host, or inside a namespace with "NAME:" before it.
func (w world) sh(command string) {
	w.t.Helper()
	args := w.args(strings.Fields(command))
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	require.NoError(w.t, err, "%v: %s", args, out)
}

func (w world) args(words []string) []string {
	if name, ok := strings.CutSuffix(words[0], ":"); ok {
		return append([]string{"ip", "netns", "exec", w.prefix + name}, words[1:]...)
	}
	return words
}

// start starts this test's binary inside a namespace, as env says.
func (w world) start(name, env string, args ...string) *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", w.prefix + name, os.Args[0]}, args...)...)
	cmd.Env = append(os.Environ(), env)
	cmd.Stderr = os.Stderr
	require.NoError(w.t, cmd.Start())
	w.t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck
	})
	return cmd
}

var worlds atomic.Int32 // so far

// newWorld makes namespaces r, with the bridge, and one for each other name: the
// first has the address 10.77.0.1, and so on; r has 10.77.0.9.
func newWorld(t *testing.T, names ...string) world {
	t.Helper()
	need.Root(t)
	need.Program(t, "ip")
	need.Program(t, "nft")
	w := world{t, fmt.Sprintf("upw%d-%d", os.Getpid()%100000, worlds.Add(1))}
	for _, name := range append([]string{"r"}, names...) {
		out, err := exec.Command("ip", "netns", "add", w.prefix+name).CombinedOutput()
		need.That(t, "network namespaces", err == nil)
		require.NoError(t, err, string(out))
		t.Cleanup(func() { exec.Command("ip", "netns", "del", w.prefix+name).Run() }) //nolint:errcheck
		w.sh(name + ": ip link set lo up")
	}
	w.sh("r: ip link add br0 type bridge")
	w.sh("r: ip addr add 10.77.0.9/24 dev br0")
	w.sh("r: ip link set br0 up")
	for i, name := range names {
		w.sh(fmt.Sprintf("r: ip link add to%s type veth peer name eth0 netns %s", name, w.prefix+name))
		w.sh(fmt.Sprintf("r: ip link set to%s master br0 up", name))
		w.sh(fmt.Sprintf("%s: ip addr add 10.77.0.%d/24 dev eth0", name, i+1))
		w.sh(name + ": ip link set eth0 up")
	}
	return w
}

// postfix starts a mail server in a namespace, and gives the command by which it
// is started there, and what stops it.
func (w world) postfix(namespace string) (start string, stop func()) {
	s := &postfixtest.Server{Dir: w.t.TempDir(), Addr: "10.77.0.3:25", Main: []string{"inet_interfaces = all"}}
	start = strings.Join(s.Write(w.t), " ")
	stop = func() { s.Stop(w.t) }
	w.t.Cleanup(stop)
	w.sh(namespace + ": " + start)
	return start, stop
}

// references are three servers in r that greet who comes.
func (w world) references() {
	for port := range 3 {
		w.start("r", fmt.Sprintf("UPKEEP_TEST_LISTEN=10.77.0.9:%d", 1001+port))
	}
}

// watched lets hosts, at the addresses that they have, watch one target, until each
// sees it up and knows the others.
func (w world) watched(addrs map[string]string, target, more string) (all map[string]*vantage, running map[string]*exec.Cmd) {
	t := w.t
	t.Helper()
	all = hosts(t, t.TempDir(), addrs, slower+fmt.Sprintf("targets: [%q]\n", target)+
		`references: ["tcp://10.77.0.9:1001?expect=220", "tcp://10.77.0.9:1002?expect=220", "tcp://10.77.0.9:1003?expect=220"]`+"\n"+more)
	t.Cleanup(func() {
		for _, h := range all {
			if text, err := os.ReadFile(h.events()); err == nil && t.Failed() {
				t.Logf("%s told:\n%s", h.name, text)
			}
		}
	})
	running = map[string]*exec.Cmd{}
	for name, h := range all {
		running[name] = w.start(name, "UPKEEP_TEST_WATCH=1", "-config", h.config, "run")
	}
	for name := range all {
		eventually(t, name+" sees it up", func() bool { return all[name].states(t)[target] == "up" })
		for other := range all {
			if other != name {
				eventually(t, name+" knows "+other, func() bool { return knows(t, all[name], "vantage:"+other) })
			}
		}
	}
	return all, running
}

// aAndB are two hosts.
var aAndB = map[string]string{"a": "10.77.0.1:9443", "b": "10.77.0.2:9443"}

// cutOff lets a namespace neither hear nor be heard, until mend is called.
func (w world) cutOff(namespace string) (mend func()) {
	w.sh(namespace + ": nft add table inet cut")
	w.sh(namespace + ": nft add chain inet cut in { type filter hook input priority 0 ; policy drop ; }")
	return func() { w.sh(namespace + ": nft delete table inet cut") }
}

const slower = "interval: 1s\nretry: 500ms\ntimeout: 3s\ntick: 200ms\nattempts: 3\n"

// TestTwoHostsAndARealMailServer is the whole story: the server stops and an
// approved command starts it; one host is cut off; one is killed.
func TestTwoHostsAndARealMailServer(t *testing.T) {
	need.Long(t)
	t.Parallel()
	const target = "smtp://10.77.0.3:25"
	w := newWorld(t, "a", "b", "t")
	start, stop := w.postfix("t")
	w.references()
	mend := "approve " + target + " " + need.Program(t, "ip") + " netns exec " + w.prefix + "t " + start
	all, running := w.watched(aAndB, target, fmt.Sprintf("mend: [%q]\n", mend))
	bothSay := func(subject, state string) func() bool {
		return func() bool { return all["a"].states(t)[subject] == state && all["b"].states(t)[subject] == state }
	}

	stop()
	eventually(t, "one incident, and how to mend it", func() bool { return count(told(t, all), "problem "+target) == 1 && outbox(t, all["a"]) == 0 })
	eventually(t, "a person lets it be mended", func() bool {
		status, _, _ := clitest.Run(t, run, "-config", all["a"].config, "approve", target, "-by", "ann")
		return status == 0
	})
	eventually(t, "both record the recovery", bothSay(target, "up"))
	eventually(t, "and one tells it", func() bool { return count(told(t, all), "recovery "+target) == 1 })

	mended := w.cutOff("b")
	eventually(t, "one alarm about the host that is cut off", func() bool { return count(told(t, all), "problem vantage:b") == 1 })
	eventually(t, "it knows as much itself", func() bool {
		b := all["b"].states(t)
		return b["vantage b"] == "sick" && b["vantage a"] == "silent"
	})
	assert.Zero(t, count(told(t, all), "problem vantage:a"), "who is cut off accuses nobody")
	running["a"].Process.Kill() //nolint:errcheck
	running["a"].Wait()         //nolint:errcheck
	running["a"] = w.start("a", "UPKEEP_TEST_WATCH=1", "-config", all["a"].config, "run")
	mended()
	eventually(t, "it is back", func() bool { return count(told(t, all), "recovery vantage:b") == 1 })
	eventually(t, "and all is well", bothSay(target, "up"))

	for _, cmd := range running {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	}
	got := told(t, all)
	for _, kind := range []string{"problem", "recovery"} {
		for _, subject := range []string{target, "vantage:b"} {
			assert.Equal(t, 1, count(got, kind+" "+subject), "%s %s", kind, subject)
		}
	}
	assert.Empty(t, slices.DeleteFunc(got, func(line string) bool {
		return strings.HasPrefix(line, "suggestion "+target) || strings.HasSuffix(line, " vantage:b") || strings.HasSuffix(line, " "+target)
	}), "nothing else is told of anybody")
}

// knows reports whether a host has a record of a subject.
func knows(t *testing.T, h *vantage, subject string) bool {
	m, _, err := readMemory(h.folder)
	require.NoError(t, err)
	return m.Book.Subjects[subject] != nil
}

// TestThreeHostsTellOfAServerWhileOneIsCutOff: of three, two are enough.
func TestThreeHostsTellOfAServerWhileOneIsCutOff(t *testing.T) {
	need.Long(t)
	t.Parallel()
	const target = "smtp://10.77.0.3:25"
	w := newWorld(t, "a", "b", "t", "c")
	start, stop := w.postfix("t")
	w.references()
	all, running := w.watched(map[string]string{"a": "10.77.0.1:9443", "b": "10.77.0.2:9443", "c": "10.77.0.4:9443"}, target, "")
	state := func(name, subject string) string { return all[name].states(t)[subject] }

	mended := w.cutOff("c")
	eventually(t, "one alarm about the host that is cut off", func() bool { return count(told(t, all), "problem vantage:c") == 1 })
	assert.Equal(t, []string{"problem vantage:c"}, told(t, all), "and none about the service")
	stop()
	eventually(t, "the others agree that the service is down", func() bool { return count(told(t, all), "problem "+target) == 1 })
	running["a"].Process.Kill() //nolint:errcheck // whichever of them has sent it
	running["a"].Wait()         //nolint:errcheck
	running["a"] = w.start("a", "UPKEEP_TEST_WATCH=1", "-config", all["a"].config, "run")
	w.sh("t: " + start)
	eventually(t, "one tells that it is up again", func() bool { return count(told(t, all), "recovery "+target) == 1 })
	mended()
	eventually(t, "and that the host is back", func() bool { return count(told(t, all), "recovery vantage:c") == 1 })
	eventually(t, "which sees what the others see", func() bool {
		return state("a", target) == "up" && state("b", target) == "up" && state("c", target) == "up"
	})
	eventually(t, "nothing is on its way", func() bool { return outbox(t, all["a"])+outbox(t, all["b"])+outbox(t, all["c"]) == 0 })
	got := slices.DeleteFunc(told(t, all), func(line string) bool { return line == "changed "+target }) // one saw it up first
	assert.Equal(t, []string{"problem " + target, "problem vantage:c", "recovery " + target, "recovery vantage:c"}, got)
}
